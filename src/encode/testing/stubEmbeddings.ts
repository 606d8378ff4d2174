import { type StubChat, type StubReply, stubChat } from '../../llm/testing/stubChat.js';
import { row } from '../../matrix.js';
import { letterEncoder } from '../../policy/testing/world.js';

export interface StubEmbeddings extends StubChat {
  /** Texts of all requests that were answered. */
  readonly texts: string[];
}

/**
 * An embeddings endpoint on the loopback interface: the letters of a text, three times as long as unit vectors are, and in an order of
 * its own. `before` may answer in its place.
 */
export async function stubEmbeddings(
  before: (index: number) => StubReply | undefined | Promise<StubReply | undefined> = () => undefined,
): Promise<StubEmbeddings> {
  const texts: string[] = [];
  const stub = await stubChat(async ({ body }, index) => {
    const reply = await before(index);
    if (reply !== undefined) return reply;
    const input = body.input as string[];
    texts.push(...input);
    const vectors = await letterEncoder.encode(input);
    const { dimensions = vectors.cols } = body as { dimensions?: number };
    const data = input.map((_, i) => ({
      index: i,
      embedding: Array.from(row(vectors, i).subarray(0, dimensions), (x) => 3 * x),
    }));
    return { status: 200, body: JSON.stringify({ data: data.reverse() }) };
  });
  return { ...stub, texts };
}
