/** What a model wrote, out of the text of prompt and completion that trainers send, and the sub-queries in it. */
import { subQueriesOf, writtenLines } from '../../policy/pretrained/fanOutText.js';
import { parseFanOut } from '../../policy/written/prompt.js';
import { completionOf } from '../../policy/written/writingPolicy.js';

/**
 * What follows the prompt. Trainers decode the tokens of both, so that a template's first token may stand before the prompt.
 *
 * @returns undefined where the text does not have the prompt
 */
export function afterPrompt(text: string, prompt: string): string | undefined {
  const start = text.indexOf(prompt);
  return start < 0 ? undefined : text.slice(start + prompt.length);
}

/** Tokens by which models end a turn; trainers may leave them in the text. */
const END = /<\|(?:im_end|eot_id|eom_id|end|endoftext|end_of_text|return)\|>|<\/s>|<eos>|<end_of_turn>/;
/** How an answer in JSON begins; some models fence it. */
const JSON_START = /^\s*(?:```(?:json)?\s*)?\{\s*"/;

/** Sub-queries as they are searched for. */
export interface WrittenFanOut {
  /** [k] */
  readonly subQueries: readonly string[];
  /** Whether the model wrote any; else the query stands for all of them. */
  readonly usable: boolean;
}

/**
 * The k sub-queries of an answer as the policies read them: one a line, where the query stands for lines that are missing; or a JSON object
 * `{"subQueries": [...]}`, whose list goes round where it is too short. Thoughts before it are passed over.
 */
export function subQueriesIn(completion: string, k: number, query: string): WrittenFanOut {
  const said = completion.split('</think>').at(-1)!;
  const end = said.search(END);
  // Thoughts that were cut short are no answer.
  const answer = said.includes('<think>') ? '' : end < 0 ? said : said.slice(0, end);
  if (!JSON_START.test(answer))
    return { subQueries: subQueriesOf(answer, k, query), usable: writtenLines(answer).length > 0 };
  const list = listIn(answer, k);
  return { subQueries: completionOf(list ?? [query], k).subQueries, usable: list !== undefined };
}

function listIn(answer: string, k: number): string[] | undefined {
  try {
    return parseFanOut(answer, k);
  } catch {
    return undefined;
  }
}
