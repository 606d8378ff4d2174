/** What methods are compared by on validation queries; `reward` where none of these has a reference set. */
export const QUALITY_METRICS = ['alphaNdcgAtK', 'reward'] as const;
export type QualityMetric = (typeof QUALITY_METRICS)[number];

/** As people read it, e.g. `alpha-nDCG@10`. */
export const qualityName = (metric: QualityMetric, k: number): string =>
  metric === 'reward' ? 'reward' : `alpha-nDCG@${k}`;
