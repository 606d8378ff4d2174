/** Sizes of the set denoiser. */

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
  /** Most anchors to take from the training data; 0 leaves them out (see `anchors.ts`). */
  readonly maxAnchors: number;
}

/** A network and the data it is for. Plain JSON: with the parameters, it is the whole model. */
export interface DenoiserConfig extends NetworkConfig {
  /** Length d of a row. */
  readonly dimension: number;
  /** Length of a condition: of the query's embedding z_q, and of as many more as there are condition words. */
  readonly conditionDimension: number;
  /** Words of the query whose embeddings follow the query's own in its condition (see `conditions.ts`). */
  readonly conditionWords: number;
  /** Standard deviation of the data: 1 / sqrt(d) for rows of unit length. */
  readonly sigmaData: number;
  /** Number of anchors, and the standard deviation of the data around them; 0 anchors is plain EDM. */
  readonly anchors: number;
  readonly anchorSpread: number;
  /** Anchors that a query can have in its set: so many nearest to its embedding; 0: any. */
  readonly nearAnchors: number;
  /** Numbers that the sources of candidates say of each anchor and query; 0: none (see `candidatePrior`). */
  readonly features: number;
}

export type PresetName = 'small' | 'paper';

export const presets: Readonly<Record<PresetName, NetworkConfig>> = {
  /**
   * For two CPU cores: trains in about a minute, answers in milliseconds. Measured on 1,500 queries of a catalog of 1,644
   * items, three layers with an MLP of 512 learn no more in the same number of steps and take 1.7 times as long.
   */
  small: {
    width: 128,
    hidden: 256,
    heads: 4,
    layers: 2,
    conditionTokens: 4,
    conditionWidth: 128,
    noiseFeatures: 32,
    dropout: 0,
    attentionDropout: 0,
    maxAnchors: 16_384,
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
    maxAnchors: 0,
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
  small: { steps: 1500, batchSize: 64, learningRate: 3e-3, warmupSteps: 75, emaDecay: 0.99 },
  paper: {
    steps: 10_000_000,
    batchSize: 512,
    learningRate: 3e-4,
    warmupSteps: 20_000,
    emaDecay: 0.9999,
  },
};
