/** Which columns make an item, found by the names that shops, feeds and data sets use. */
import type { PlainRecord } from './cleanRecord.js';
import type { CatalogFields } from './fields.js';

/** Names without case, spaces and signs: `Product_ID` is `productid`. The first that is there is taken. */
const USUAL = {
  id: `id sku itemid productid uniqid uniqueid productcode itemcode itemnumber articlenumber articleid artnr partnumber asin asin1
    sellersku handle variantsku objectid uuid guid gtin ean isbn isbn13 upc code identifier key`,
  title: `title name producttitle productname productdisplayname displayname itemtitle itemname displaytitle fulltitle shorttitle
    label headline heading trackname songname movietitle recipename originaltitle primarytitle titel bezeichnung produktname
    artikelname artikelbezeichnung titre nom nombre titulo titolo nome`,
  category: `category categories categoryname categoriesname categorytitle categorypath categorytree producttype productcategory
    productcategories productcategorytree maincategory primarycategory itemcategory googleproductcategory department kategorie kategorien
    categorie categoria`,
  image: `image imageurl imagelink imagesrc imageuri images imageurls imagesurl imagessrc imageslarge image1 imageurl1 image1url img
    imgurl picture pictureurl photo photourl thumbnail thumbnailurl mainimage mainimageurl primaryimage primaryimageurl baseimage
    productimageurl featuredimage bild bildurl`,
  price: `price regularprice variantprice listprice retailprice sellingprice unitprice currentprice finalprice startprice saleprice
    priceamount pricevalue priceeur priceusd pricegbp preis prix precio prezzo`,
} as const;

type Role = keyof typeof USUAL;

const NAMES = Object.fromEntries(
  Object.entries(USUAL).map(([role, names]) => [role, names.split(/\s+/)]),
) as unknown as Record<Role, readonly string[]>;

/** A text to search by where nothing is a title. */
const TEXTS = ['text', 'description', 'body', 'content', 'summary', 'caption', 'beschreibung'];

const simple = (name: string): string =>
  name
    .normalize('NFD')
    // Of the elements of merchant feeds: `g:id`.
    .replace(/^g:/, '')
    .replace(/[^\p{L}\p{N}]/gu, '')
    .toLowerCase();

/**
 * The fields of items as far as the user has not named them, from the first records: by usual names, in whatever case. What the
 * defaults of `CatalogFields` find anyway is not in the answer.
 *
 * Exports of Shopify and WooCommerce have a row for each variant of a product, so they are grouped.
 */
export function findColumns(records: readonly PlainRecord[], given: CatalogFields): CatalogFields {
  const columns = [...new Set(records.flatMap((record) => Object.keys(record)))];
  const bySimple = new Map<string, string>();
  for (const column of columns) {
    const key = simple(column);
    const isUsed = records.some((record) => !['', null, undefined].includes(record[column] as string));
    if (!bySimple.has(key) && isUsed) bySimple.set(key, column);
  }
  const find = (names: readonly string[]) =>
    names.map((name) => bySimple.get(name)).find((column) => column !== undefined);
  const handle = find(['handle', 'urlhandle']);
  if (handle !== undefined && isShopify(bySimple)) {
    return {
      id: given.id ?? handle,
      title: given.title ?? find(['title']),
      category: given.category ?? find(['type', 'productcategory', 'customproducttype']),
      image: given.image ?? find(['imagesrc', 'productimageurl', 'variantimage']),
      price: given.price ?? find(['variantprice', 'price']),
      group: given.group ?? handle,
    };
  }
  const found: { -readonly [Name in keyof CatalogFields]: CatalogFields[Name] } = {};
  for (const role of ['id', 'title', 'category', 'image', 'price'] as const) {
    if (given[role] !== undefined || columns.includes(role)) continue;
    if (role === 'title' && ['name', 'text'].some((name) => columns.includes(name))) continue;
    found[role] = find(NAMES[role]);
  }
  if (given.group === undefined && isWooCommerce(columns)) found.group = 'Parent';
  if (found.id === undefined && given.id === undefined && !columns.includes('id')) {
    found.id = idColumn(columns, records);
  }
  const hasTitle =
    given.title ?? found.title ?? ['title', 'name', 'text'].find((name) => columns.includes(name));
  if (hasTitle === undefined && given.text === undefined) {
    found.title = columns.find((column) => /title$/i.test(column)) ?? nameColumn(columns);
    const text = found.title === undefined ? find(TEXTS) : undefined;
    if (text !== undefined) found.text = `{${text}}`;
  }
  return found;
}

/** By the columns of its exports, the older and the newer. */
const isShopify = (columns: ReadonlyMap<string, string>): boolean =>
  columns.has('title') &&
  ['variantsku', 'variantprice', 'option1name', 'bodyhtml'].some((name) => columns.has(name));

/** Variations name the SKU or id of their product as their parent. */
const isWooCommerce = (columns: readonly string[]): boolean =>
  ['ID', 'Type', 'SKU', 'Name', 'Parent', 'Regular price'].every((name) => columns.includes(name));

/** A column such as `listing_id` or `movieId`, if it tells every record from all others. */
function idColumn(columns: readonly string[], records: readonly PlainRecord[]): string | undefined {
  return columns
    .filter((column) => /(?:^|[^a-z])id$/i.test(column) || /[a-z](?:Id|ID)$/.test(column))
    .find((column) => {
      const values = records.map((record) => record[column]);
      const told = values.filter((value) => value !== undefined && value !== null && value !== '');
      return told.length === records.length && new Set(told.map(String)).size === records.length;
    });
}

const OTHER_NAMES =
  /brand|vendor|seller|store|shop|categor|depart|file|user|author|artist|option|attribute|first|last/i;

/** A column such as `dish_name`. */
const nameColumn = (columns: readonly string[]): string | undefined =>
  columns.find((column) => /name$/i.test(column) && !OTHER_NAMES.test(column));
