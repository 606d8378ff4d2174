/** Drawing a token from a distribution over the vocabulary. */

/** Place of the largest number. */
export function likeliest(probabilities: Float32Array): number {
  let best = 0;
  for (let i = 1; i < probabilities.length; i++) if (probabilities[i] > probabilities[best]) best = i;
  return best;
}

/**
 * One token, by a number in [0, 1).
 *
 * @param topP nucleus sampling (Holtzman et al. 2020, arXiv 1904.09751): from the smallest set of this total probability
 */
export function drawToken(probabilities: Float32Array, uniform: number, topP = 1): number {
  return topP < 1 ? drawFromNucleus(probabilities, uniform, topP) : drawFromAll(probabilities, uniform);
}

function drawFromAll(probabilities: Float32Array, uniform: number): number {
  let total = 0;
  for (let i = 0; i < probabilities.length; i++) total += probabilities[i];
  let rest = uniform * total;
  let last = 0;
  for (let i = 0; i < probabilities.length; i++) {
    if (probabilities[i] === 0) continue;
    last = i;
    rest -= probabilities[i];
    if (rest < 0) break;
  }
  return last;
}

function drawFromNucleus(probabilities: Float32Array, uniform: number, topP: number): number {
  // All tokens rarer than this have less than 1 - topP together, so that the nucleus is full before them.
  const floor = (1 - topP) / probabilities.length;
  const likely: number[] = [];
  for (let i = 0; i < probabilities.length; i++) if (probabilities[i] >= floor) likely.push(i);
  likely.sort((a, b) => probabilities[b] - probabilities[a] || a - b);
  let total = 0;
  let size = 0;
  while (size < likely.length && (size === 0 || total < topP)) total += probabilities[likely[size++]];
  let rest = uniform * total;
  for (let i = 0; i < size; i++) {
    rest -= probabilities[likely[i]];
    if (rest < 0) return likely[i];
  }
  return likely[size - 1];
}
