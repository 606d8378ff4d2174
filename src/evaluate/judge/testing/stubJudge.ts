import { type StubChat, type StubReply, type StubRequest, stubChat } from '../../../llm/testing/stubChat.js';
import type { ReportedQuery } from '../../results.js';

/** Two queries; `plain` has no words for its directions but the query, `diffusion` none at all. */
export const REPORT: readonly ReportedQuery[] = ['camping gear', 'rainy "day"'].map((query, q) => {
  const set = (titles: readonly string[], subQueries?: readonly string[]) => ({
    items: titles.map((title, i) => ({
      id: `${q}/${title}`,
      title: q === 0 ? title : `old ${title}`,
      direction: subQueries ? i : 0,
    })),
    ...(subQueries && { subQueries }),
    metrics: {},
  });
  return {
    query,
    sets: {
      plain: set(['red tent 4', 'blue tent 4', 'green tent 5']),
      folm: set(['tent 5', 'stove 3', 'lantern 2'], ['shelter', 'cooking', 'light at night']),
      diffusion: set(['tent 5', 'rope 1']),
    },
  };
});

/** A judge that scores an item by the digit at the end of its title, and a collection by the highest of its items. */
export function scoresByTitle({ body }: StubRequest): string {
  const [{ content: instructions }, { content: material }] = body.messages;
  const digits = Array.from(material.matchAll(/(\d)"$/gm), ([, digit]) => Number(digit));
  if (!instructions.includes('"scores"')) return JSON.stringify({ score: Math.max(...digits) });
  return JSON.stringify({ scores: Object.fromEntries(digits.map((digit, i) => [`${i + 1}`, digit])) });
}

/** A stub judge which answers well unless `reply` says otherwise. */
export function stubJudge(
  reply: (request: StubRequest, index: number) => StubReply | undefined = () => undefined,
): Promise<StubChat> {
  return stubChat((request, index) => reply(request, index) ?? scoresByTitle(request));
}
