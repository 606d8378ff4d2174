/** OpenRLHF's contract of a remote reward (its `--reward.remote_url`), and what is added to it. */
import * as z from 'zod';

/** Completions a request. */
const MOST = 4096;
/** Characters of prompt and completion together. */
const LONGEST = 100_000;

const texts = z.array(z.string().max(LONGEST)).min(1).max(MOST);

/** More fields may come: trainers add some from version to version. */
export const rewardRequestSchema = z
  .object({
    /** Texts of prompt and completion; of the completion alone, where there are no `prompts`. */
    query: texts,
    prompts: texts.nullish(),
    /** What each is to be searched for; absent: the prompt. */
    labels: z.array(z.string().nullable()).max(MOST).nullish(),
    /** Also say what each sub-query gained. */
    gains: z.boolean().optional(),
  })
  .superRefine(({ query, prompts, labels }, context) => {
    for (const [name, list] of Object.entries({ prompts, labels })) {
      if (list && list.length !== query.length)
        context.addIssue({
          code: 'custom',
          path: [name],
          message: `has ${list.length} entries, "query" has ${query.length}; send one for each`,
        });
    }
  });

export type RewardRequest = z.output<typeof rewardRequestSchema>;

export interface RewardResponse {
  readonly rewards: readonly number[];
  /** The same; OpenRLHF filters groups by them. */
  readonly scores: readonly number[];
  /** Every component of the reward that all completions have, [n] each, and `usable`: 1 where a sub-query was found in the text. */
  readonly extra_logs: Readonly<Record<string, readonly number[]>>;
  /** [n][k]; null where the reward does not tell. */
  readonly gains?: readonly (readonly number[] | null)[];
}
