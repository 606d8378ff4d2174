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

function singular(name: string): string {
  if (name.endsWith('ies')) return `${name.slice(0, -3)}y`;
  if (/(tomato|potato|mango|peach|radish)es$/.test(name)) return name.slice(0, -2);
  return /[^s]s$/.test(name) ? name.slice(0, -1) : name;
}
