// The look of a product's page: its picture with a marker on every garment, and products like the chosen one.

import { card, pictureOf, titleOf } from './cards.js';
import { announce, count, h, words } from './dom.js';
import { place } from './stage.js';

const SHOWN = 6;

/** A section with the look of `product`; null when nothing in it can be bought. */
export function lookSection(look, product) {
  const garments = look.garments.filter((garment) => garment.matches.length);
  if (!look.chosen?.image || !garments.length) return null;
  const list = h('ul', { class: 'grid small', role: 'list', id: 'look-products' });
  const title = h('h4', { class: 'look-of', id: 'look-of', tabindex: '-1' });
  const note = h('p', { class: 'fine' });
  const picture = h('div', { class: 'look-picture' }, pictureOf({ ...product, image: look.chosen.image }));
  picture.style.setProperty('--ratio', String(look.chosen.width / look.chosen.height));
  picture.querySelector('img')?.setAttribute('alt', `${titleOf(product)}, worn`);

  const buttons = [];
  const choose = (index, { say = true } = {}) => {
    const garment = garments[index];
    for (const button of buttons) button.setAttribute('aria-pressed', String(Number(button.dataset.index) === index));
    title.textContent = garment.primary ? 'Like this product' : `Like the ${words(garment.category).toLowerCase()}`;
    const loose = garment.matches.every((match) => match.closeness === 'loosely similar');
    note.textContent = loose ? 'The shop has nothing close; these come nearest.' : '';
    list.replaceChildren(...garment.matches.slice(0, SHOWN).map((match) => card(match, -1, 'h5')));
    if (say) announce(`${title.textContent}: ${count(Math.min(garment.matches.length, SHOWN), 'product')}`);
  };
  garments.forEach((garment, index) => {
    const name = garment.primary ? `${words(garment.category)}, this product` : words(garment.category);
    const make = (kind, ...children) => {
      const button = h('button', {
        type: 'button', class: kind, 'aria-pressed': 'false', 'aria-controls': 'look-products', 'data-index': index,
        onclick: () => choose(index),
      }, ...children);
      buttons.push(button);
      return button;
    };
    const marker = make('marker', h('span', { text: index + 1 }));
    marker.setAttribute('aria-label', `${name}: ${count(garment.matches.length, 'similar product')}`);
    place(marker, { left: garment.hotspot[0], top: garment.hotspot[1] });
    picture.append(marker);
  });
  const pieces = h('div', { class: 'pieces', role: 'group', 'aria-label': 'Garments' }, garments.map((garment, index) => {
    const piece = h('button', {
      type: 'button', class: 'piece', 'aria-pressed': 'false', 'aria-controls': 'look-products', 'data-index': index,
      onclick: () => choose(index),
    }, h('span', { class: 'piece-number', text: index + 1, 'aria-hidden': 'true' }), h('span', { text: words(garment.category) }));
    buttons.push(piece);
    return piece;
  }));
  // The product itself has its like below: the look begins with what is worn with it.
  const first = Math.max(0, garments.findIndex((garment) => !garment.primary));
  choose(first, { say: false });
  return h('section', { class: 'look', 'aria-labelledby': 'look-title' },
    h('h3', { id: 'look-title', text: 'Shop the look' }),
    h('div', { class: 'look-parts' }, picture, h('div', { class: 'look-found' }, pieces, title, note, list)));
}
