// What narrows and orders the products: words, kinds, filters, presets, weights. Beside the products where there is room, else in a sheet.

import { $, h } from './dom.js';
import { Filters } from './filters.js';
import { KindPicker } from './kinds.js';
import { Weights } from './weights.js';
import { WordsField } from './words.js';

const narrow = matchMedia('(max-width: 899px)');

const titled = (...nodes) => h('section', { class: 'weights', 'aria-labelledby': 'weights-title' }, h('h3', { id: 'weights-title', text: 'What matters' }), ...nodes);

export class Refine {
  /** `catalog` as the server describes it; `onChange()` after a filter or weight, `onKinds(kinds)` as of KindPicker. */
  constructor(catalog, { onChange, onKinds }) {
    const values = (name) => catalog.fields.find((field) => field.name === name)?.values ?? [];
    const currency = values('currency');
    this.weights = new Weights(catalog.blocks, catalog.presets, onChange);
    this.filters = new Filters(catalog.fields, currency.length === 1 ? currency[0].value : '', () => {
      this.#chips();
      onChange();
    });
    this.words = new WordsField(catalog.limits.text_characters, () => {
      this.#chips();
      onChange();
    });
    this.kinds = new KindPicker(values('kind'), onKinds);
    this.kinds.node.hidden = true;
    narrow.onchange = () => this.#arrange();
    this.#chips();
    this.#arrange();
  }

  /** What a search is asked beside its kinds. */
  get asked() {
    return { filter: this.filters.text, text: this.words.text, weights: this.weights.value };
  }

  #chips() {
    const set = this.filters.size + (this.words.text ? 1 : 0);
    $('chips').replaceChildren(...[this.words.chip(), ...this.filters.chips()].filter(Boolean));
    $('refine-count').hidden = set === 0;
    $('refine-count').textContent = set;
  }

  #arrange() {
    if (narrow.matches) {
      $('refine-body').replaceChildren(this.words.node, this.filters.node, titled(this.weights.sliders));
      $('presets-bar').replaceChildren(this.weights.presetsNode);
      $('kinds-bar').replaceChildren(this.kinds.node);
    } else {
      $('refine').close();
      $('weights-home').replaceChildren(titled(this.weights.presetsNode, this.weights.sliders));
      $('filters-home').replaceChildren(this.words.node, this.filters.node);
      $('kinds-home').replaceChildren(this.kinds.node);
    }
  }
}
