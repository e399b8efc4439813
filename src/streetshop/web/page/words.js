// Words beside the photo: products that have them come first.

import { CROSS, h, icon } from './dom.js';

/** A field for words; `onChange()` when they are entered or removed. */
export class WordsField {
  constructor(longest, onChange) {
    this.onChange = onChange;
    this.text = '';
    this.input = h('input', { type: 'search', id: 'words', maxlength: longest, placeholder: 'With these words', enterkeyhint: 'search', autocomplete: 'off' });
    this.node = h('form', { class: 'words', role: 'search' }, h('label', { class: 'away', for: 'words', text: 'Products with these words first' }), this.input);
    this.node.addEventListener('submit', (event) => {
      event.preventDefault();
      this.#take();
    });
    this.input.addEventListener('change', () => this.#take());
    // The browser's own cross in the field.
    this.input.addEventListener('search', () => this.#take());
  }

  #take() {
    const text = this.input.value.trim();
    if (text === this.text) return;
    this.text = text;
    this.onChange();
  }

  clear() {
    this.input.value = '';
    this.#take();
  }

  /** A chip that removes the words, null when there are none. */
  chip() {
    if (!this.text) return null;
    return h('button', { type: 'button', class: 'chip', 'aria-label': `Remove the words ${this.text}`, onclick: () => this.clear() }, h('span', { text: `“${this.text}”` }), icon(CROSS));
  }
}
