const WORD = /[\p{L}\p{N}][\p{L}\p{N}\p{M}'-]*[\p{L}\p{N}\p{M}]/gu;
/** Scripts that put no spaces between words. */
export const UNSPACED =
  /[\p{Script=Han}\p{Script=Hiragana}\p{Script=Katakana}\p{Script=Thai}\p{Script=Lao}\p{Script=Khmer}\p{Script=Myanmar}]/u;
/** Splits what has no spaces; by no language in particular, so that every machine gets the same words. */
const segmenter = new Intl.Segmenter('und', { granularity: 'word' });

/** Runs of letters of a script without spaces, as its words. */
export function segments(run: string): string[] {
  return Array.from(segmenter.segment(run))
    .filter(({ isWordLike }) => isWordLike)
    .map(({ segment }) => segment);
}

/**
 * The words of a text, lower-case, at least two letters or digits long: `["women's", 't-shirt', '24']`. Chinese, Japanese, Thai, Lao,
 * Khmer and Burmese are split into words, which may be one letter long.
 */
export function wordsOf(text: string): string[] {
  const words = text.toLowerCase().match(WORD) ?? [];
  return UNSPACED.test(text)
    ? words.flatMap((word) => (UNSPACED.test(word) ? segments(word) : [word]))
    : words;
}

const words = (text: string): ReadonlySet<string> => new Set(text.trim().split(/\s+/));

/** English words that join others and say nothing alone. */
export const STOP_WORDS = words(`
  a about above across after again against all along also am among an and any are aren't around as at be because been
  before being below between both but by can can't cannot come could did didn't do does doesn't doing don't down
  during each either else ever every few for from further get gets go got had has have having he her here hers him
  his how i i'm i've if in into is isn't it it's its itself just let like made make many may me might more most much
  must my near neither no nor not now of off on once one only onto or other our out over own per please same shall
  she should since so some such than that that's the their them then there these they this those through thru to too
  toward under until up upon us use used using very via was we were what when where which while who whom whose why
  will with within without would yes yet you you're your yours`);

/** Words of shop titles that name no style: for whom it is, how much, in which measure. */
export const SHOP_WORDS = words(`
  adult adults amp available boy boys boy's brand child children children's cms color colors colour colours design
  designed designer feat feature features featuring female free girl girls girl's inch inches item items kid kids kid's
  ladies ladies' lady large length male man man's medium men mens men's new pack pair pairs pcs piece pieces product
  quality remaster remastered remix sale set sets shop size sized sizes small style styled styles two type unisex version
  woman womans woman's women womens women's xxl`);

/** The words of a text that say something alone. */
export const contentWords = (text: string): string[] => wordsOf(text).filter((word) => !STOP_WORDS.has(word));
