// Sliders for how much each block of the encoder counts.

import { h, words } from './dom.js';

const HIGHEST = 2;
const STEP = 0.05;
const NAMES = { style: 'Style', shape: 'Shape', colour: 'Colour', color: 'Colour', pattern: 'Pattern' };

export const blockName = (name) => NAMES[name] ?? words(name);

export class Weights {
  /** `blocks` as the server lists them; `onChange()` whenever a slider moves. */
  constructor(blocks, onChange) {
    this.blocks = blocks;
    this.onChange = onChange;
    // One scale for all, so that their knobs compare; every default can at least be doubled.
    this.highest = Math.max(HIGHEST, ...blocks.map((block) => 2 * block.weight));
    this.rows = blocks.map((block) => this.#row(block));
    this.warning = h('p', { class: 'fine warning', role: 'alert' });
    this.undo = h('button', { type: 'button', class: 'link', text: 'Reset', hidden: true, onclick: () => this.reset() });
    this.node = h('section', { class: 'weights', 'aria-labelledby': 'weights-title' },
      h('div', { class: 'weights-head' }, h('h3', { id: 'weights-title', text: 'What matters' }), this.undo),
      h('div', { class: 'sliders' }, this.rows.map((row) => row.node)), this.warning);
  }

  #row(block) {
    const id = `weight-${block.name}`;
    const output = h('output', { for: id });
    const input = h('input', { type: 'range', id, min: 0, max: this.highest, step: STEP, value: block.weight, 'data-block': block.name });
    const row = { block, input, output, node: h('div', { class: 'slider' }, h('label', { for: id, text: blockName(block.name) }), output, input) };
    input.addEventListener('input', () => {
      this.#show(row);
      this.#changed();
    });
    this.#show(row);
    return row;
  }

  #show({ input, output }) {
    const value = Number(input.value);
    const text = value === 0 ? 'off' : value.toFixed(2).replace(/0$/, '');
    output.textContent = text;
    input.setAttribute('aria-valuetext', value === 0 ? 'does not count' : `counts ${value}`);
    input.style.setProperty('--filled', `${(100 * value) / Number(input.max)}%`);
  }

  #changed() {
    this.undo.hidden = !this.changed;
    const off = this.rows.every(({ input }) => Number(input.value) === 0);
    this.warning.textContent = off ? 'At least one has to count.' : '';
    if (!off) this.onChange();
  }

  get changed() {
    // A default between two steps of the slider shows as the nearer one and is still the default.
    return this.rows.some(({ input, block }) => Math.abs(Number(input.value) - block.weight) > STEP / 2);
  }

  /** Weights that differ from the encoder's own, null when none does. */
  get value() {
    if (!this.changed) return null;
    return Object.fromEntries(this.rows.map(({ block, input }) => [block.name, Number(input.value)]));
  }

  reset() {
    for (const row of this.rows) {
      row.input.value = String(row.block.weight);
      this.#show(row);
    }
    this.#changed();
  }
}
