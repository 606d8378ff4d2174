/** Sizes of the set denoiser. */
import type { Standard } from '../candidates/candidates.js';

/** What a preset fixes: everything that does not depend on the data. */
export interface NetworkConfig {
  /** Width of the residual stream. */
  readonly width: number;
  /** Width inside a block's MLP. */
  readonly hidden: number;
  /** Attention heads; must divide `width`. */
  readonly heads: number;
  readonly layers: number;
  /** How many tokens the query is projected to, and how wide they are. */
  readonly conditionTokens: number;
  readonly conditionWidth: number;
  /** Fourier features of the noise level, an even number. */
  readonly noiseFeatures: number;
  /** Share of a sub-layer's output, and of the self-attention's weights, that training zeroes. */
  readonly dropout: number;
  readonly attentionDropout: number;
  /** What a row is: one of its query's candidates (`anchorHead.ts`), or anything (`edmHead.ts`). */
  readonly head: 'anchors' | 'edm';
}

/** A network and the data it is for. Plain JSON: with the parameters, it is the whole model. */
export interface DenoiserConfig extends NetworkConfig {
  /** Length d of a row. */
  readonly dimension: number;
  /** Length of a condition, the query's embedding z_q. */
  readonly conditionDimension: number;
  /** Standard deviation of the data: 1 / sqrt(d) for rows of unit length. */
  readonly sigmaData: number;
  /** What the sources' scores of a candidate are taken by, where rows are candidates. */
  readonly standard?: Standard;
}

/** Numbers that the sources say of a candidate. */
export const sourcesOf = ({ standard }: Pick<DenoiserConfig, 'standard'>): number =>
  standard?.means.length ?? 0;

export type PresetName = 'small' | 'paper';

export const presets: Readonly<Record<PresetName, NetworkConfig>> = {
  /** For two CPU cores. Candidates are judged by their sources: a wider network only learns training queries by heart. */
  small: {
    width: 64,
    hidden: 256,
    heads: 4,
    layers: 1,
    conditionTokens: 4,
    conditionWidth: 128,
    noiseFeatures: 32,
    dropout: 0,
    attentionDropout: 0,
    head: 'anchors',
  },
  /**
   * The paper's sizes (docs/paper.md, Set diffusion), 53.9M parameters for d = 128. A block has 8 square matrices of 1024 (self-attention
   * 4, cross-attention's query and output 2, MLP 2) and the keys and values of the 128-wide condition tokens: 6 blocks
   * are 52.0M. The noise level's MLP (512 -> 1024 -> 1024) adds 1.6M, input, output and condition tokens 0.3M.
   */
  paper: {
    width: 1024,
    hidden: 1024,
    heads: 16,
    layers: 6,
    conditionTokens: 4,
    conditionWidth: 128,
    noiseFeatures: 512,
    dropout: 0.1,
    attentionDropout: 0.1,
    head: 'edm',
  },
};

/** How a preset is trained, where the caller does not say. */
export interface TrainingDefaults {
  readonly steps: number;
  /** Sets a step. */
  readonly batchSize: number;
  /** Peak of the learning rate, reached after `warmupSteps`. */
  readonly learningRate: number;
  readonly warmupSteps: number;
  /** Decay of the moving average of the parameters. */
  readonly emaDecay: number;
}

export const trainingDefaults: Readonly<Record<PresetName, TrainingDefaults>> = {
  small: { steps: 400, batchSize: 64, learningRate: 7e-4, warmupSteps: 40, emaDecay: 0.99 },
  paper: {
    steps: 10_000_000,
    batchSize: 512,
    learningRate: 3e-4,
    warmupSteps: 20_000,
    emaDecay: 0.9999,
  },
};
