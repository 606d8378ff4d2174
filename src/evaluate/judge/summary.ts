import { bootstrapMean, type Estimate } from '../bootstrap.js';
import { METHODS, type MethodName } from '../results.js';
import { type Agreement, agreement } from './agreement.js';
import { QUESTIONS, type Question } from './questions.js';

/** What one judge said to one question about one set. */
export interface Verdict {
  /** Place of the query in the list judged, from 0; a query may be in it twice. */
  readonly row: number;
  readonly query: string;
  readonly method: MethodName;
  readonly question: Question;
  /** 1 to 5; for groundedness the mean over the set's items. */
  readonly score: number;
  /** Groundedness of each item, in the order shown. */
  readonly items?: readonly { readonly id: string; readonly score: number }[];
}

/** A mean over queries on the scale of the question, 1 to 5, and on the paper's, 20 times that. */
export interface JudgeEstimate {
  readonly likert: Estimate;
  readonly scaled: Estimate;
  /** Sets judged. */
  readonly sets: number;
}

/** `average` is the mean of the three questions, over sets which have a score for each. */
export type MethodVerdict = Partial<Record<Question | 'average', JudgeEstimate>>;

/** Means of each method with bootstrap 95% intervals over queries. */
export function summarize(verdicts: readonly Verdict[]): Partial<Record<MethodName, MethodVerdict>> {
  const methods: Partial<Record<MethodName, MethodVerdict>> = {};
  for (const method of METHODS) {
    const own = verdicts.filter((verdict) => verdict.method === method);
    if (own.length === 0) continue;
    const scores = QUESTIONS.map((question) => own.filter((v) => v.question === question));
    const means: Partial<Record<Question | 'average', JudgeEstimate>> = {};
    scores.forEach((list, q) => {
      if (list.length > 0) means[QUESTIONS[q]] = estimate(list.map(({ score }) => score));
    });
    const whole = completeSets(own);
    if (whole.length > 0) means.average = estimate(whole);
    methods[method] = means;
  }
  return methods;
}

/** The mean of the three questions for each set that has them all. */
function completeSets(verdicts: readonly Verdict[]): number[] {
  const byRow = new Map<number, number[]>();
  for (const { row, score } of verdicts) byRow.set(row, [...(byRow.get(row) ?? []), score]);
  return [...byRow.values()]
    .filter((scores) => scores.length === QUESTIONS.length)
    .map((scores) => scores.reduce((sum, x) => sum + x, 0) / scores.length);
}

function estimate(scores: readonly number[]): JudgeEstimate {
  const likert = bootstrapMean(scores);
  const { mean, low, high } = likert;
  return {
    likert,
    scaled: { mean: 20 * mean, low: 20 * low, high: 20 * high },
    sets: scores.length,
  };
}

/** Agreement of two judges on each question, over the sets (groundedness: the items) that both have rated. */
export function compareJudges(
  a: readonly Verdict[],
  b: readonly Verdict[],
): Partial<Record<Question, Agreement>> {
  const agreements: Partial<Record<Question, Agreement>> = {};
  for (const question of QUESTIONS) {
    const [ratingsA, ratingsB] = [a, b].map((verdicts) => ratings(verdicts, question));
    const both = [...ratingsA].filter(([name]) => ratingsB.has(name));
    if (both.length === 0) continue;
    agreements[question] = agreement(
      both.map(([, score]) => score),
      both.map(([name]) => ratingsB.get(name) as number),
    );
  }
  return agreements;
}

/** Whole-number scores by what they are about. */
function ratings(verdicts: readonly Verdict[], question: Question): Map<string, number> {
  return new Map(
    verdicts
      .filter((verdict) => verdict.question === question)
      .flatMap(({ row, method, score, items }) =>
        (items ?? [{ id: '', score }]).map((item): [string, number] => [
          JSON.stringify([row, method, item.id]),
          item.score,
        ]),
      ),
  );
}
