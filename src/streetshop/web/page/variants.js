// The products of one design: what tells them apart, and a control to choose one.

import { h, price, words } from './dom.js';

/** Attributes that a shopper chooses by, and those that say nothing of the article. */
const COLOUR = /colou?r/;
const SIZE = /size/;
const APART = /^(availability|stock|quantity|title|name|description|details|gtin|ean|mpn|sku|id|link|image|price|date)$|_(id|link|price|date)$/;
const LONGEST = 30; // characters of a value in the list
const SIZES = ['xxs', 'xs', 's', 'm', 'l', 'xl', 'xxl', '2xl', 'xxxl', '3xl'];

/** All products of a match's design, the match itself first. */
export const members = (match) => [match, ...(match.variants ?? [])];

/** "3 colours · 4 sizes", '' for a design of one product. */
export function spread(match) {
  const all = members(match);
  if (all.length < 2) return '';
  const names = told(all);
  const counted = [[COLOUR, 'colours'], [SIZE, 'sizes']].map(([kind, noun]) => {
    const name = names.find((each) => kind.test(each));
    const n = name ? new Set(all.map((each) => value(each, name)).filter(Boolean)).size : 0;
    return n > 1 ? `${n} ${noun}` : '';
  });
  return counted.filter(Boolean).join(' · ') || `${all.length} variants`;
}

/** The price, or the lowest and the highest of a design in one currency. */
export function priceRange(match) {
  const costs = members(match).filter((each) => each.price !== null && each.price !== undefined && each.currency === match.currency);
  if (costs.length === 0) return '';
  const values = costs.map((each) => each.price);
  const [low, high] = [Math.min(...values), Math.max(...values)];
  return low === high ? price(low, match.currency) : `${price(low, match.currency)} – ${price(high, match.currency)}`;
}

/** A list of the design's products; `onPick(product)` gets the one chosen. Null for a design of one product. */
export function variantPicker(match, onPick) {
  const all = members(match);
  if (all.length < 2) return null;
  const names = labels(all);
  const order = all.map((_, i) => i).sort(byColourAndSize(all));
  const what = told(all).map((name) => (COLOUR.test(name) ? 'colour' : name.replaceAll('_', ' '))).join(' and ') || 'variant';
  return h('select', { class: 'variants', 'aria-label': `Choose ${what}`, onchange: (event) => onPick(all[Number(event.target.value)]) },
    order.map((i) => h('option', { value: i, selected: i === 0, text: all[i].in_stock === false ? `${names[i]} (sold out)` : names[i] })));
}

/** The first product's colour first, as the server sends them; sizes from small to large. */
function byColourAndSize(all) {
  const names = [...new Set(all.flatMap((each) => Object.keys(each.attributes)))];
  const first = (kind) => names.filter((name) => kind.test(name)).sort((a, b) => a.length - b.length)[0];
  const [colourName, sizeName] = [first(COLOUR), first(SIZE)];
  const colour = (i) => value(all[i], colourName);
  const colours = [...new Set(all.map((_, i) => colour(i)))];
  const size = (i) => value(all[i], sizeName).toLowerCase();
  const rank = (i) => SIZES.indexOf(size(i));
  return (a, b) => colours.indexOf(colour(a)) - colours.indexOf(colour(b)) || rank(a) - rank(b) || size(a).localeCompare(size(b), 'en', { numeric: true }) || a - b;
}

/** Names of the attributes that tell products apart: a colour and a size, then as many others as are needed. */
function told(all) {
  const named = [...new Set(all.flatMap((each) => Object.keys(each.attributes)))].sort((a, b) => a.length - b.length || a.localeCompare(b));
  const values = (name) => all.map((each) => value(each, name));
  const telling = named.filter((name) => !APART.test(name) && new Set(values(name)).size > 1 && values(name).every((each) => each.length <= LONGEST));
  const chosen = [COLOUR, SIZE].map((kind) => telling.find((name) => kind.test(name))).filter(Boolean);
  for (const name of telling) {
    if (distinct(all, chosen)) break;
    if (!chosen.includes(name) && !distinguishesNone(all, chosen, name)) chosen.push(name);
  }
  return chosen;
}

/** Whether a further attribute tells no two products apart that the chosen ones do not. */
const distinguishesNone = (all, chosen, name) => groups(all, [...chosen, name]) === groups(all, chosen);
const groups = (all, names) => new Set(all.map((each) => text(each, names))).size;

const value = (product, name) => String(product.attributes[name] ?? '');
const text = (product, names) => names.map((name) => value(product, name)).filter(Boolean).join(', ');
const distinct = (all, names) => groups(all, names) === all.length;

function labels(all) {
  const names = told(all);
  const apart = distinct(all, names);
  return all.map((each) => [words(text(each, names)), apart ? '' : `No. ${each.id}`].filter(Boolean).join(', '));
}
