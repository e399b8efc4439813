// Small helpers to build elements. Text always goes in as text: nothing here reads markup from a string.

/** Elements by id, all of which exist. */
export const $ = (id) => document.getElementById(id);

/** An element with properties, attributes (on* are listeners, data-* and aria-* attributes) and children. */
export function h(tag, props = {}, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (name.startsWith('on')) node.addEventListener(name.slice(2), value);
    else if (name === 'class') node.className = value;
    else if (name === 'text') node.textContent = value;
    else node.setAttribute(name, value === true ? '' : String(value));
  }
  node.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = 'http://www.w3.org/2000/svg';

/** A 16 x 16 line icon from one path. */
export function icon(path) {
  const svg = document.createElementNS(SVG, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const line = document.createElementNS(SVG, 'path');
  line.setAttribute('d', path);
  svg.append(line);
  return svg;
}

export const CROSS = 'M3 3l10 10M13 3L3 13';
export const OUT = 'M6 3H3v10h10v-3M9 3h4v4M13 3L7 9';

/** Calls `work` once, `ms` after the last call. */
export function debounce(work, ms) {
  let timer = 0;
  return (...args) => {
    clearTimeout(timer);
    timer = setTimeout(() => work(...args), ms);
  };
}

/** Says something to screen readers. */
export function announce(text) {
  $('live').textContent = text;
}

const numbers = new Intl.NumberFormat('en');
export const count = (n, one, many = `${one}s`) => `${numbers.format(n)} ${n === 1 ? one : many}`;

/** A price for people; odd currencies fall back to the bare number. */
export function price(value, currency) {
  if (value === null || value === undefined) return '';
  try {
    return new Intl.NumberFormat('en', { style: 'currency', currency }).format(value);
  } catch {
    return [numbers.format(value), currency].filter(Boolean).join(' ');
  }
}

/** A feed's names for people: `t-shirt`, `long_sleeve` to "T-shirt", "Long sleeve". */
export function words(text) {
  const plain = String(text).replace(/_/g, ' ').trim();
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}
