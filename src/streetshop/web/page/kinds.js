// Kinds of products: their names, and the control that says which are searched.

import { h } from './dom.js';

const PLURALS = { top: 'tops', skirt: 'skirts', dress: 'dresses', bag: 'bags', hat: 'hats', scarf: 'scarves', accessory: 'accessories' };

const plural = (kind) => PLURALS[kind] ?? kind;

/** Kinds for a sentence: "skirts or dresses". */
export const listed = (kinds) => new Intl.ListFormat('en', { type: 'disjunction' }).format(kinds.map(plural));

/** Says which kinds are searched, and lets the shopper choose the garment's own, any, or some of those sold. */
export class KindPicker {
  /** `sold` are `{value, count}` of the kinds in the shop; `onChange(kinds)` gets null for the garment's own, [] for any. */
  constructor(sold, onChange) {
    this.onChange = onChange;
    this.label = h('span');
    this.own = this.#radio(() => this.#chosen(null));
    this.any = this.#radio(() => this.#chosen([]), 'Any kind');
    this.boxes = sold.map(({ value, count }) => {
      const input = h('input', { type: 'checkbox', value, onchange: () => this.#some() });
      return { input, node: h('label', { class: 'choice' }, input, h('span', { class: 'choice-text', text: capital(plural(value)) }), h('span', { class: 'choice-count', text: count })) };
    });
    this.node = h('details', { class: 'filter kinds' }, h('summary', {}, this.label),
      h('div', { class: 'panel', role: 'group', 'aria-label': 'Kinds to search' }, this.own.node, this.any.node,
        h('div', { class: 'choices' }, this.boxes.map(({ node }) => node))));
    this.node.addEventListener('keydown', (event) => {
      if (event.key !== 'Escape' || !this.node.open) return;
      this.node.open = false;
      this.node.querySelector('summary').focus();
    });
    document.addEventListener('click', (event) => {
      if (!this.node.contains(event.target)) this.node.open = false;
    });
  }

  #radio(onchange, text = '') {
    const input = h('input', { type: 'radio', name: 'kinds', onchange });
    const name = h('span', { class: 'choice-text', text });
    return { input, name, node: h('label', { class: 'choice' }, input, name) };
  }

  #some() {
    const kinds = this.boxes.filter(({ input }) => input.checked).map(({ input }) => input.value);
    this.#chosen(kinds.length ? kinds : null);
  }

  #chosen(kinds) {
    if (kinds === null || kinds.length === 0) this.node.open = false;
    this.onChange(kinds);
  }

  /** Show what a garment is searched among. `own` are its own kinds, empty when unknown; `kinds` those chosen, or null. */
  show(own, kinds) {
    const searched = kinds ?? own;
    this.node.hidden = this.boxes.length === 0;
    this.label.textContent = searched.length ? `Searching ${listed(searched)}` : 'Searching all kinds';
    this.own.node.hidden = own.length === 0;
    this.own.name.textContent = `Its own: ${listed(own)}`;
    this.own.input.checked = kinds === null;
    this.any.input.checked = searched.length === 0;
    for (const { input } of this.boxes) input.checked = Boolean(kinds?.includes(input.value));
  }
}

const capital = (text) => text.charAt(0).toUpperCase() + text.slice(1);
