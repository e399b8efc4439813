// Products as cards. Whatever a feed holds is text here, never markup, and an address only if it is http or https.

import { OUT, h, icon, price, words } from './dom.js';
import { priceRange, spread, variantPicker } from './variants.js';

const LOOSE = 'loosely similar';

export const titleOf = (product) => product.title || words(product.category) || product.id;
export const productHash = (id) => `#/product/${encodeURIComponent(id)}`;

/** The shop's own page of a product, null unless it is a plain web address. */
export function shopAddress(product) {
  try {
    const url = new URL(product.url);
    return url.protocol === 'http:' || url.protocol === 'https:' ? url.href : null;
  } catch {
    return null;
  }
}

export function pictureOf(product, path = product.image) {
  const frame = h('div', { class: 'shot' });
  const empty = () => frame.replaceChildren(h('span', { class: 'no-shot', text: titleOf(product).slice(0, 1).toUpperCase(), 'aria-hidden': 'true' }));
  if (!path || !path.startsWith('/v1/')) {
    empty();
    return frame;
  }
  const image = h('img', { src: path, alt: '', loading: 'lazy', decoding: 'async' });
  image.addEventListener('error', empty);
  image.addEventListener('load', () => image.classList.add('ready'));
  frame.append(image);
  return frame;
}

/** A card that opens the product; `rank` 0 is the nearest, and said to be unless it is only loosely similar. A design's card has a list of its variants. */
export function card(product, rank, heading = 'h3') {
  const aside = [product.brand, product.title && product.category ? words(product.category) : ''].filter(Boolean).join(' · ');
  const best = rank === 0 && product.closeness !== LOOSE ? h('span', { class: 'tag best', text: 'Closest' }) : null;
  const picture = h('div', { class: 'card-picture' });
  const link = h('a', { class: 'card-link' });
  const cost = h('p', { class: 'card-price' });
  const node = h('li', { class: 'card' });
  const show = (one) => {
    const sold = one.in_stock === false;
    node.classList.toggle('sold', sold);
    picture.replaceChildren(...[pictureOf(one), best, sold ? h('span', { class: 'tag', text: 'Sold out' }) : null].filter(Boolean));
    link.textContent = one.title || titleOf(product);
    link.setAttribute('href', productHash(one.id));
    link.dataset.product = one.id;
  };
  const picker = variantPicker(product, (one) => {
    show(one);
    cost.textContent = price(one.price, one.currency);
  });
  show(product);
  cost.textContent = priceRange(product);
  node.append(picture, h('div', { class: 'card-text' },
    h(heading, { class: 'card-title' }, link),
    aside ? h('p', { class: 'card-aside', text: aside }) : null,
    cost,
    product.closeness ? h('p', { class: 'card-spread close', text: words(product.closeness) }) : null,
    product.words?.length ? h('p', { class: 'card-spread card-words', text: `With ${product.words.join(', ')}` }) : null,
    picker ? h('p', { class: 'card-spread', text: spread(product) }) : null, picker));
  return node;
}

/** Grey cards while products are on their way. */
export function skeletons(n) {
  return Array.from({ length: n }, () => h('li', { class: 'card skeleton', 'aria-hidden': 'true' },
    h('div', { class: 'card-picture' }, h('div', { class: 'shot' })), h('div', { class: 'card-text' }, h('span'), h('span'))));
}

/** A message in place of products, with things to do about it. */
export function notice({ title, detail, kind = 'empty', actions = [] }) {
  return h('div', { class: `notice ${kind}`, role: kind === 'error' ? 'alert' : null },
    h('p', { class: 'notice-title', text: title }), h('p', { class: 'notice-detail', text: detail }),
    h('div', { class: 'notice-actions' }, actions.map(({ text, run, primary }) => h('button', { type: 'button', class: `button${primary ? ' primary' : ''}`, text, onclick: run }))));
}

export function shopLink(product) {
  const address = shopAddress(product);
  if (!address) return null;
  return h('a', { class: 'button primary large', href: address, target: '_blank', rel: 'noopener noreferrer nofollow' }, h('span', { text: 'View in the shop' }), icon(OUT));
}
