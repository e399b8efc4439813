// The products of one design: what tells them apart, and a control to choose one.

import { h, price, words } from './dom.js';

const FIRST = ['color', 'colour', 'size'];
const SIZES = ['xxs', 'xs', 's', 'm', 'l', 'xl', 'xxl', '2xl', 'xxxl', '3xl'];
const NOUNS = { color: 'colour' };

/** All products of a match's design, the match itself first. */
export const members = (match) => [match, ...(match.variants ?? [])];

/** "3 colours · 4 sizes", '' for a design of one product. */
export function spread(match) {
  const all = members(match);
  if (all.length < 2) return '';
  const axes = told(all).filter((name) => FIRST.includes(name)).map((name) => {
    const n = new Set(all.map((each) => value(each, name)).filter(Boolean)).size;
    return n > 1 ? `${n} ${NOUNS[name] ?? name}s` : '';
  });
  return axes.filter(Boolean).join(' · ') || `${all.length} variants`;
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
  const what = told(all).map((name) => NOUNS[name] ?? name.replaceAll('_', ' ')).join(' and ') || 'variant';
  return h('select', { class: 'variants', 'aria-label': `Choose ${what}`, onchange: (event) => onPick(all[Number(event.target.value)]) },
    order.map((i) => h('option', { value: i, selected: i === 0, text: all[i].in_stock === false ? `${names[i]} (sold out)` : names[i] })));
}

/** The first product's colour first, as the server sends them; sizes from small to large. */
function byColourAndSize(all) {
  const colour = (i) => value(all[i], 'color') || value(all[i], 'colour');
  const colours = [...new Set(all.map((_, i) => colour(i)))];
  const size = (i) => value(all[i], 'size').toLowerCase();
  const rank = (i) => SIZES.indexOf(size(i));
  return (a, b) => colours.indexOf(colour(a)) - colours.indexOf(colour(b)) || rank(a) - rank(b) || size(a).localeCompare(size(b), 'en', { numeric: true }) || a - b;
}

/** Names of the attributes that tell products apart: colour and size, then as many others as are needed. */
function told(all) {
  const named = [...new Set(all.flatMap((each) => Object.keys(each.attributes)))].sort();
  const differ = (name) => new Set(all.map((each) => value(each, name))).size > 1;
  const chosen = FIRST.filter((name) => named.includes(name) && differ(name));
  for (const name of named) {
    if (distinct(all, chosen)) break;
    if (!chosen.includes(name) && differ(name)) chosen.push(name);
  }
  return chosen;
}

const value = (product, name) => String(product.attributes[name] ?? '');
const text = (product, names) => names.map((name) => value(product, name)).filter(Boolean).join(', ');
const distinct = (all, names) => new Set(all.map((each) => text(each, names))).size === all.length;

function labels(all) {
  const names = told(all);
  const apart = distinct(all, names);
  return all.map((each) => [words(text(each, names)), apart ? '' : `No. ${each.id}`].filter(Boolean).join(', '));
}
