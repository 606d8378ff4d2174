/** The answer that people open a report for: should you use r4t here, which method, by how much. */
import { bestBaselineOf } from '../../../choose/choice.js';
import { qualityName } from '../../../choose/qualityMetric.js';
import { METHOD_NAMES } from '../../../retrieve/methodNames.js';
import { relation } from '../../bootstrap.js';
import type { EvaluationResults, MethodName } from '../../results.js';
import { count, figure, pValue, signed } from '../figures.js';
import {
  bestBaseline,
  bestMethod,
  isBaseline,
  JUDGED_METRIC,
  MAIN_METRIC,
  METHOD_INFO,
  methodsOf,
  metricName,
} from '../names.js';

type Comparison = NonNullable<EvaluationResults['methods'][MethodName]>['againstPlain'] & {};

/**
 * Plain sentences: what `auto` is, the answer, then what each compiled method reaches that the answer leaves out.
 *
 * Two methods can be recommended: the one that was best on the validation queries, and the best baseline of these. Each must be clearly
 * above plain search on the test queries, else plain search is enough; a compiled one must be clearly above the baseline
 * too, where that one can be recommended.
 */
export function verdict(results: EvaluationResults): readonly [first: string, ...others: string[]] {
  const told = tested(results);
  const auto = autoSentence(results);
  return auto === undefined ? told : [auto, ...told];
}

/** What searches that name no method are answered by, as validation queries chose it. */
function autoSentence({ methods, chosen, validated, k }: EvaluationResults): string | undefined {
  const validationOf = (name: MethodName) => methods[name]?.validation;
  const value = chosen && validationOf(chosen);
  if (chosen === undefined || validated === undefined || value === undefined) return undefined;
  const queries = `${count(validated.queries)} validation ${validated.queries === 1 ? 'query' : 'queries'}`;
  const reached = `${qualityName(validated.metric, k)} ${figure(value)} on ${queries}`;
  if (chosen === 'plain') return `auto is plain search: ${reached}, and no method reaches more.`;
  const above = (rival: MethodName) => `${figure(value - (validationOf(rival) ?? 0))} above ${called(rival)}`;
  const baseline = bestBaselineOf(Object.fromEntries(METHOD_NAMES.map((name) => [name, validationOf(name)])));
  const isBest = baseline === chosen ? ', a baseline' : '';
  const rival =
    baseline === chosen || baseline === 'plain' ? '' : `${above(baseline)}, the best baseline, and `;
  return `auto is ${called(chosen)}${isBest}: ${reached}, ${rival}${above('plain')}.`;
}

/** What the test queries say. */
function tested(results: EvaluationResults): [answer: string, ...compiled: string[]] {
  if (results.labelled === 0) return unlabelled(results);
  const { chosen } = results;
  if (chosen === undefined || meanOf(results, chosen) === undefined)
    return [nothingChosen(results), ...compiledOnes(results, 'plain')];
  const use = recommended(results, chosen);
  const rival = use === 'plain' ? use : (bestBaseline(results) ?? 'plain');
  const [answer, told] = answerOf(results, chosen, use);
  return [answer, ...staying(results, use), ...compiledOnes(results, rival, told)];
}

/** What to do where the answer is another method than searches are answered by. */
function staying({ chosen, validated }: EvaluationResults, use: MethodName): string[] {
  if (chosen === undefined || chosen === use || validated === undefined) return [];
  return [
    `auto stays ${called(chosen)}, since test queries choose nothing; to search by ${called(use)}, name it: method "${use}".`,
  ];
}

/** Without labels nobody is advised: the judge is who the run was trained to please. */
function unlabelled(results: EvaluationResults): [string, ...string[]] {
  // Nobody can search by the others; Best-of-N even asks the judge about the test queries.
  const methods = Object.fromEntries(METHOD_NAMES.map((name) => [name, results.methods[name]]));
  const best = bestMethod({ methods }, JUDGED_METRIC);
  if (best === undefined)
    return [
      'No test query has a reference set, so nothing here says which method is better; the figures below are diagnostics.',
    ];
  const reached = (name: MethodName) => figure(results.methods[name]?.metrics[JUDGED_METRIC]?.mean);
  const plain = best === 'plain' || !results.methods.plain ? '' : `, and plain search ${reached('plain')}`;
  const who = results.judge === undefined ? '' : ` (${results.judge})`;
  return [
    'No test query has a reference set, so no person says here which method is better.',
    `The run's judge${who} gives ${called(best)} the highest ${metricName(JUDGED_METRIC, results)}, ${reached(best)}${plain}; the figures after it are diagnostics.`,
  ];
}

function recommended(results: EvaluationResults, chosen: MethodName): MethodName {
  const baseline = bestBaseline(results) ?? 'plain';
  const better = [chosen, baseline].filter((name) => relation(against(results, name, 'plain')) === 'above');
  if (better.length === 0) return 'plain';
  if (!better.includes(chosen)) return baseline;
  const needed = better.includes(baseline) && chosen !== baseline;
  return needed && relation(against(results, chosen, baseline)) !== 'above' ? baseline : chosen;
}

/** The answer, and the method whose figures it has. */
function answerOf(results: EvaluationResults, chosen: MethodName, use: MethodName): [string, MethodName] {
  const best = 'best on the validation queries';
  const reached = `${nameOf(results)} ${figure(meanOf(results, use))} on ${testQueries(results)}`;
  if (use === 'plain') {
    if (chosen === use) return [`Plain search is enough here: it was ${best}; ${reached}.`, use];
    const comparison = compared(results, chosen, 'plain');
    return [
      `Plain search is enough here: ${reached}. ${called(chosen)} was ${best}, but ${comparison} on the test queries.`,
      chosen,
    ];
  }
  if (isBaseline(use)) {
    const evaluated = compiledOf(results).length > 0;
    const advice = evaluated ? 'Do not use a compiled retriever here' : `Use ${called(use)} here`;
    const subject = evaluated ? `${called(use)}, a baseline that needs no compiling,` : 'it';
    const was = chosen === use ? best : 'the best baseline on the validation queries';
    return [`${advice}: ${subject} was ${was}; ${reached}, ${timesPlain(results, use)}.`, use];
  }
  const advice = `Use r4t's ${called(use)} here: ${reached}`;
  const baseline = bestBaseline(results);
  if (baseline === undefined || baseline === 'plain')
    return [`${advice}, ${timesPlain(results, use, ', the best baseline')}.`, use];
  const comparison = compared(results, use, baseline, ', the best baseline');
  const tested = relation(against(results, use, baseline)) !== 'above';
  return [`${advice}, ${comparison}, and ${timesPlain(results, use, '', tested)}.`, use];
}

function nothingChosen(results: EvaluationResults): string {
  const best = methodsOf(results)
    .filter((name) => isBaseline(name) || compiledOf(results).includes(name))
    .reduce<MethodName | undefined>(
      (a, b) => (b && (meanOf(results, b) ?? 0) > ((a && meanOf(results, a)) ?? 0) ? b : a),
      undefined,
    );
  const highest =
    best === undefined
      ? ''
      : ` ${sentenceStart(called(best))} has the highest ${nameOf(results)} on ${testQueries(results)}, ${figure(meanOf(results, best))}; ` +
        'being the best of many on the queries it is measured by, it would reach less on others.';
  return `No validation query has a reference set, so no method was chosen before the test queries were seen.${highest}`;
}

/** A sentence for each compiled method that is not told of yet. */
function compiledOnes(results: EvaluationResults, rival: MethodName, told?: MethodName): string[] {
  return compiledOf(results)
    .filter((name) => name !== told)
    .map((name) => {
      const chosen = name === results.chosen ? ', best on the validation queries,' : '';
      const comparison = against(results, name, rival) && `, ${compared(results, name, rival)}`;
      return `${called(name)}${chosen} reaches ${figure(meanOf(results, name))}${comparison ?? ''}.`;
    });
}

function compiledOf(results: EvaluationResults): MethodName[] {
  return (['folm', 'diffusion'] as const).filter((name) => meanOf(results, name) !== undefined);
}

/** `0.053 above Hybrid (95% interval 0.031 to 0.075, p < 0.001)`: sign and interval of the difference as it is told. */
function compared(results: EvaluationResults, name: MethodName, rival: MethodName, apposition = ''): string {
  const comparison = against(results, name, rival);
  if (comparison === undefined) return `measured without a comparison with ${called(rival)}`;
  const { mean, low, high } = comparison;
  const other = called(rival) + apposition;
  switch (relation(comparison)) {
    case 'above':
      return `${figure(mean)} above ${other} (95% interval ${figure(low)} to ${figure(high)}, ${pText(comparison)})`;
    case 'below':
      return `${figure(-mean)} below ${other} (95% interval ${figure(-high)} to ${figure(-low)}, ${pText(comparison)})`;
    default:
      return `not clearly different from ${other} (${difference(comparison)})`;
  }
}

/** `2.1 times plain search (0.196; difference ...)`; a ratio near 1, or to 0, says less than the difference. */
function timesPlain(results: EvaluationResults, name: MethodName, apposition = '', tested = true): string {
  const [own = 0, plain = 0] = [meanOf(results, name), meanOf(results, 'plain')];
  const comparison = against(results, name, 'plain');
  const ratio = own / plain;
  const times =
    Number.isFinite(ratio) && ratio >= 1.1 ? `${ratio.toFixed(1)} times` : `${figure(own - plain)} above`;
  const test = tested && comparison ? `; ${difference(comparison)}` : '';
  return `${times} plain search${apposition} (${figure(plain)}${test})`;
}

function difference(comparison: Comparison): string {
  const { mean, low, high } = comparison;
  return `difference ${signed(mean)}, 95% interval ${signed(low)} to ${signed(high)}, ${pText(comparison)}`;
}

function pText({ pValue: p }: Comparison): string {
  const text = pValue(p);
  return text.startsWith('<') ? `p ${text}` : `p = ${text}`;
}

/** The paired comparison of two methods, where there is one. */
function against(
  { methods }: EvaluationResults,
  name: MethodName,
  rival: MethodName,
): Comparison | undefined {
  const { againstPlain, againstBestBaseline } = methods[name] ?? {};
  if (rival === 'plain' && againstPlain) return againstPlain;
  return againstBestBaseline?.baseline === rival ? againstBestBaseline : undefined;
}

function meanOf({ methods }: EvaluationResults, name: MethodName): number | undefined {
  return methods[name]?.metrics[MAIN_METRIC]?.mean;
}

function testQueries({ labelled, queries }: EvaluationResults): string {
  const of = labelled < queries.test ? ` of ${count(queries.test)}` : '';
  const noun = queries.test === 1 ? 'query' : 'queries';
  return `${count(labelled)}${of} test ${noun}`;
}

const nameOf = (results: EvaluationResults) => metricName(MAIN_METRIC, results);

/** As the method is called within a sentence. */
const called = (name: MethodName) => (name === 'plain' ? 'plain search' : METHOD_INFO[name].name);

const sentenceStart = (text: string) => text.charAt(0).toUpperCase() + text.slice(1);
