import { BASELINES, type EvaluationResults } from '../../results.js';
import { figure, pValue, signed } from '../figures.js';
import { METHOD_INFO, mainMetric, metricInfo, metricsOfMethod, shown } from '../names.js';

/**
 * One plain sentence a compiled retriever: whether it beats the best baseline on the main metric, and how sure that is. Where strong
 * baselines have no such figure, one more says so: beating the others is then not the whole answer.
 */
export function verdicts(results: EvaluationResults): { finding: string; figures: string }[] {
  const metric = mainMetric(results.task);
  const compared = (['folm', 'diffusion'] as const).flatMap((method) => {
    const comparison = results.methods[method]?.againstBestBaseline;
    const own = metricsOfMethod(results, method)[metric];
    if (comparison === undefined || own === undefined) return [];
    const { mean, low, high, baseline } = comparison;
    const relation = low > 0 ? 'is above' : high < 0 ? 'is below' : 'is not clearly different from';
    return [
      {
        finding: `${METHOD_INFO[method].name} ${relation} ${METHOD_INFO[baseline].name}, the best baseline.`,
        figures:
          `${metricInfo(metric).name} ${figure(own.mean)}, difference ${signed(mean)} ` +
          `(95% interval ${signed(low)} to ${signed(high)}, p\u00a0${pText(comparison.pValue)}).`,
      },
    ];
  });
  const names = BASELINES.filter(
    (baseline) => results.methods[baseline] && !shown(baseline, metricsOfMethod(results, baseline), metric),
  ).map((baseline) => METHOD_INFO[baseline].name);
  if (compared.length === 0 || names.length === 0) return compared;
  const finding = `Not in this comparison: ${names.join(', ')}.`;
  return [
    ...compared,
    { finding, figures: `They have no ${metricInfo(metric).name}; see alignment against diversity.` },
  ];
}

function pText(value: number): string {
  const text = pValue(value);
  return text.startsWith('<') ? text.replace(' ', '\u00a0') : `=\u00a0${text}`;
}
