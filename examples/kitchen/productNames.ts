/** Says how a thing is cut or kept, not what it is. */
const MANNER =
  /^(diced|sliced|chopped|shredded|grated|minced|crushed|cooked|steamed|boiled|raw|whole|fresh|large|small|boneless|lean) /;

/**
 * Names under which a product of a shopping list may be known, the closest first: as written, without what is left of a bracket
 * ("spices (cumin", "broccoli)"), without how it is cut, and each in the singular.
 */
export function namesOf(product: string): string[] {
  const bare = product.includes(')')
    ? product.replace(/^([^(]*)\)$/, '$1')
    : product.replace(/^.*\((such as |like )?/, '');
  const written = bare.replace(/^and /, '');
  const names = [product, written];
  for (let name = written; MANNER.test(name); names.push(name)) name = name.replace(MANNER, '');
  return [...new Set(names.flatMap((name) => [name, singular(name)]))];
}

/** Endings of plurals and what they are in the singular; the first that fits counts. */
const PLURALS: readonly (readonly [RegExp, string])[] = [
  [/(chill?)ies$/, '$1i'],
  [/(cook|brown|\bp)ies$/, '$1ie'],
  [/\bleaves$/, 'leaf'],
  [/ies$/, 'y'],
  [/(tomato|potato|mango|peach|radish)es$/, '$1'],
  [/([^s])s$/, '$1'],
];

function singular(name: string): string {
  const plural = PLURALS.find(([ending]) => ending.test(name));
  return plural ? name.replace(...plural) : name;
}
