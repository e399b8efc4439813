// One product in a dialog, with its like below. Every product opened is a step in the browser's history.

import * as api from './api.js';
import { card, notice, pictureOf, productHash, shopLink, skeletons, titleOf } from './cards.js';
import { $, announce, h, price, words } from './dom.js';
import { lookSection } from './look.js';
import { members, variantPicker } from './variants.js';
import { blockName } from './weights.js';

const SIMILAR = 12;

export class ProductDialog {
  /**
   * `weights()` gives the shopper's weights; `found(id)` the match in the results whose design has the product, if it is
   * there; `heatmap(match)` a picture of the garment that shows where the two are alike; `looks()` whether the shop has
   * looks of its products.
   */
  constructor({ weights, found, heatmap, looks }) {
    this.weights = weights;
    this.looks = looks;
    this.found = found;
    this.heatmap = heatmap;
    this.dialog = $('product');
    this.body = $('product-body');
    this.request = null;
    this.opener = null;
    this.base = document.title;
    document.addEventListener('click', (event) => this.#clicked(event));
    addEventListener('popstate', () => this.follow());
    $('product-close').addEventListener('click', () => this.close());
    $('product-back').addEventListener('click', () => history.back());
    this.dialog.addEventListener('cancel', (event) => {
      event.preventDefault();
      this.close();
    });
    this.dialog.addEventListener('click', (event) => {
      if (event.target === this.dialog) this.close();
    });
  }

  #clicked(event) {
    const link = event.target.closest?.('a[data-product]');
    if (!link || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    const depth = (history.state?.depth ?? 0) + 1;
    if (depth === 1) this.opener = link;
    history.pushState({ depth }, '', productHash(link.dataset.product));
    this.follow();
  }

  /** Show what the address says. */
  follow() {
    const match = location.hash.match(/^#\/product\/(.+)$/);
    let id = null;
    try {
      id = match && decodeURIComponent(match[1]);
    } catch {
      // Not an address of ours.
    }
    if (id === null) this.#hide();
    else this.#show(id);
  }

  /** Back to where the first product was opened. */
  close() {
    const depth = history.state?.depth ?? 0;
    if (depth > 0) history.go(-depth);
    else {
      history.replaceState(null, '', location.pathname);
      this.#hide();
    }
  }

  /** Another product of the design takes the place of this one, also in the history. */
  #replace(id) {
    history.replaceState(history.state, '', productHash(id));
    this.#show(id, { variant: true });
  }

  #hide() {
    this.request?.abort();
    if (this.dialog.open) this.dialog.close();
    document.title = this.base;
    document.body.classList.remove('behind');
    // The results may have been drawn anew meanwhile; the first of them is the nearest place to go on.
    const back = this.opener?.isConnected === false ? $('grid').querySelector('.card a') : this.opener;
    back?.focus({ preventScroll: true });
    this.opener = null;
  }

  /** `variant`: in place of another product of the design, which stays until this one is there. */
  async #show(id, { variant = false } = {}) {
    this.request?.abort();
    const request = new AbortController();
    this.request = request;
    $('product-back').hidden = (history.state?.depth ?? 0) < 2;
    if (!this.dialog.open) this.dialog.showModal();
    document.body.classList.add('behind');
    const design = this.found(id);
    const match = design?.id === id ? design : null;
    if (match) this.#draw(match, match);
    else if (!variant) this.body.replaceChildren(h('div', { class: 'product-wait', 'aria-busy': 'true' }));
    if (!variant) this.dialog.scrollTop = 0;
    try {
      const product = match ?? { ...(await api.product(id, request.signal)), variants: design ? members(design).filter((one) => one.id !== id) : [] };
      if (!match) this.#draw(product, null);
      if (variant) this.body.querySelector('.variants')?.focus({ preventScroll: true });
      await Promise.all([this.#similar(product, request), this.looks() ? this.#look(product, request) : null]);
    } catch (error) {
      if (request.signal.aborted) return;
      this.body.replaceChildren(h('h2', { class: 'away', id: 'product-title', text: error.title ?? 'Error' }), notice({
        title: error.title ?? 'Something went wrong', detail: error.detail ?? '', kind: 'error',
        actions: error.status === 404 ? [] : [{ text: 'Try again', run: () => this.#show(id), primary: true }],
      }));
    }
  }

  #draw(product, match) {
    const main = h('div', { class: 'product-main' }, pictureOf(product));
    const thumbs = product.shots.length > 1 ? h('div', { class: 'thumbs', role: 'group', 'aria-label': 'Pictures' }, product.shots.map((shot, i) => h('button', {
      type: 'button', class: 'thumb', 'aria-label': `Picture ${i + 1} of ${product.shots.length}`, onclick: () => main.replaceChildren(pictureOf(product, shot.image)),
    }, pictureOf(product, shot.image)))) : null;
    const facts = [['Category', words(product.category)], ...Object.entries(product.attributes).map(([name, value]) => [words(name), value === true ? 'yes' : value === false ? 'no' : String(value)])]
      .filter(([, value]) => value !== '').slice(0, 16);
    facts.push(...Object.entries(product.predicted).map(([name, each]) => [words(name), `${each.value} (predicted, ${Math.round(100 * each.probability)} of 100)`]));
    const stock = product.in_stock === null ? null : h('p', { class: `stock ${product.in_stock ? 'yes' : 'no'}`, text: product.in_stock ? 'In stock' : 'Sold out' });
    this.similar = h('section', { class: 'similar', 'aria-labelledby': 'similar-title' }, h('h3', { id: 'similar-title', text: 'More like this' }), h('ul', { class: 'grid small', role: 'list' }, skeletons(4)));
    this.body.replaceChildren(
      h('div', { class: 'product-top' },
        h('div', { class: 'product-pictures' }, main, thumbs),
        h('div', { class: 'product-text' },
          product.brand ? h('p', { class: 'eyebrow', text: product.brand }) : null,
          h('h2', { id: 'product-title', text: titleOf(product), tabindex: '-1' }),
          variantPicker(product, (one) => this.#replace(one.id)),
          h('div', { class: 'product-cost' }, h('p', { class: 'product-price', text: price(product.price, product.currency) }), stock),
          shopLink(product),
          match ? alike(match, this.heatmap) : null,
          facts.length ? h('dl', { class: 'facts' }, facts.map(([name, value]) => h('div', {}, h('dt', { text: name }), h('dd', { text: value })))) : null,
          h('p', { class: 'fine code', text: `No. ${product.id}` }))),
      this.similar);
    document.title = `${titleOf(product)} · streetshop`;
    $('product-title').focus({ preventScroll: true });
  }

  /** Every garment of the product's picture, above the products that are like it. A look that fails is left out. */
  async #look(product, request) {
    let look = null;
    try {
      look = await api.look(product.id, request.signal);
    } catch (error) {
      if (!request.signal.aborted) console.warn(error.detail);
    }
    const section = look && !request.signal.aborted ? lookSection(look, product) : null;
    if (section) this.similar.before(section);
  }

  async #similar(product, request) {
    const list = this.similar.querySelector('ul');
    try {
      const { matches } = await api.similar(product.id, { k: SIMILAR, weights: this.weights() }, request.signal);
      list.replaceChildren(...matches.map((match) => card(match, -1, 'h4')));
      if (!matches.length) list.replaceWith(h('p', { class: 'fine', text: 'There is nothing else like it in the shop yet.' }));
      announce(`${titleOf(product)}, ${matches.length} similar products`);
    } catch (error) {
      if (request.signal.aborted) return;
      list.replaceWith(notice({ title: error.title ?? 'Something went wrong', detail: error.detail ?? '', kind: 'error', actions: [{ text: 'Try again', run: () => this.follow(), primary: true }] }));
    }
  }
}

/** What a match rests on, behind a button: how near each block is, its share of the score, and the colours both have. */
function alike(match, heatmap) {
  const { blocks, explanation } = match;
  const rows = Object.entries(blocks).map(([name, cosine]) => {
    const bar = h('span', { class: 'bar', 'aria-hidden': 'true' });
    bar.style.setProperty('--part', `${Math.round(Math.max(0, cosine) * 100)}%`);
    const share = explanation?.shares[name];
    return h('p', {}, h('span', { text: blockName(name) }), bar, h('span', { class: 'away', text: `: ${Math.round(cosine * 100)} of 100` }),
      share === undefined ? null : h('span', { class: 'share', text: `${Math.round(share * 100)} %` }));
  });
  const colours = Object.keys(explanation?.colours ?? {});
  return h('details', { class: 'alike' }, h('summary', { class: 'button small', text: 'Why?' }), rows,
    explanation ? h('p', { class: 'fine', text: 'Bars: how near. Numbers: the share of the score.' }) : null,
    colours.length ? h('p', { class: 'fine both', text: `Colours of both: ${colours.join(', ')}` }) : null,
    where(match, heatmap));
}

/** A button for the heat map, which takes the server some seconds. */
function where(match, heatmap) {
  const place = h('div', { class: 'where' });
  const button = h('button', { type: 'button', class: 'button small', text: 'Show where' });
  button.addEventListener('click', async () => {
    button.disabled = true;
    button.textContent = 'Looking…';
    try {
      const url = URL.createObjectURL(await heatmap(match));
      const picture = h('img', { src: url, alt: 'Your garment, redder where it is more like the product' });
      picture.addEventListener('load', () => URL.revokeObjectURL(url), { once: true });
      place.replaceChildren(picture, h('p', { class: 'fine', text: 'Redder: more like the product' }));
      announce('The picture shows where the two are alike');
    } catch (error) {
      button.disabled = false;
      button.textContent = 'Show where';
      place.replaceChildren(button, h('p', { class: 'fine', role: 'alert', text: error.detail ?? 'Please try again.' }));
    }
  });
  place.append(button);
  return place;
}
