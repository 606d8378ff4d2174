import { R4tError } from '../errors.js';
import { gatherRows } from '../matrix.js';
import type { FanOut, RewardFunction } from './reward.js';
import { weightedVendi } from './vendi.js';

/**
 * Relevance times diversity, for queries without a reference set: the mean relevance of the k items times the quality-weighted Vendi
 * score (order 1/2, see `weightedVendi`) of those on topic, over k. 1 is k items that have nothing in common and are as relevant as can
 * be. An item of relevance 0 is off topic and earns nothing, however different it is, nor does an item that is there already. What
 * an item becomes more relevant by, or an off-topic one is replaced by, never lowers the reward.
 *
 * The gain of an item is what the set would lose without it (a difference reward: Wolpert & Tumer 2002).
 */
export function relevanceReward(): RewardFunction {
  return (fanOut) => {
    const k = fanOut.retrieved.length;
    const { places, worth } = onTopic(fanOut);
    const all = worth(places);
    const total = places.reduce((sum, place) => sum + relevanceAt(fanOut, place), 0);
    const score = total > 0 ? (all * k ** 2) / total : 0;
    const gains = Array.from({ length: k }, (_, place) => {
      if (!places.includes(place)) return 0;
      // Its twin would take its place.
      if (fanOut.retrieved.lastIndexOf(fanOut.retrieved[place]) !== place) return 0;
      return all - worth(places.filter((other) => other !== place));
    });
    return {
      reward: all,
      components: {
        relevance: { raw: total / k, normalized: total / k },
        diversity: { raw: score, normalized: score / k },
      },
      gains,
    };
  };
}

/** The places of the items that are on topic, each item once, and what some of these places are worth together, 0 to 1. */
function onTopic(fanOut: FanOut) {
  const { retrieved, retrievedVectors } = fanOut;
  const k = retrieved.length;
  const places = [...retrieved.keys()].filter(
    (place) => relevanceAt(fanOut, place) > 0 && retrieved.indexOf(retrieved[place]) === place,
  );
  const worth = (some: readonly number[]): number => {
    const weights = some.map((place) => relevanceAt(fanOut, place));
    return Math.min(1, weightedVendi(gatherRows(retrievedVectors, some), weights) / k ** 2);
  };
  return { places, worth };
}

function relevanceAt({ relevance, query }: FanOut, place: number): number {
  if (relevance) return relevance[place];
  throw new R4tError(
    `the reward by relevance needs a judge, and nobody has judged the items of query "${query}"`,
  );
}
