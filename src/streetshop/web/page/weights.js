// What matters: presets, and behind "More" the share of each block of the encoder in per cent.

import { h, words } from './dom.js';

const NAMES = { style: 'Style', shape: 'Shape', colour: 'Colour', color: 'Colour', pattern: 'Pattern' };
const SAME = 0.005; // shares that differ by less are the same

export const blockName = (name) => NAMES[name] ?? words(name);

export class Weights {
  /** `blocks` and `presets` as the server lists them; `onChange()` whenever the weights change. */
  constructor(blocks, presets, onChange) {
    this.blocks = blocks;
    this.onChange = onChange;
    const known = presets.map(({ name, weights }) => ({ name, shares: shares(blocks.map((block) => weights[block.name])) }));
    // An encoder may lack the blocks of a preset, which then is the same as one before it.
    this.presets = known.filter((preset, i) => !known.slice(0, i).some((other) => alike(preset.shares, other.shares)));
    this.chips = this.presets.map((preset) => h('button', {
      type: 'button', class: 'preset', 'aria-pressed': 'false', text: words(preset.name), onclick: () => this.choose(preset),
    }));
    this.rows = blocks.map((block, i) => this.#row(block, i));
    this.presetsNode = h('div', { class: 'presets', role: 'group', 'aria-label': 'What matters' }, this.chips);
    this.sliders = h('details', { class: 'more-weights' }, h('summary', { text: 'More' }), h('div', { class: 'sliders' }, this.rows.map((row) => row.node)));
    this.#set(this.presets[0].shares, this.presets[0]);
  }

  #row(block, i) {
    const id = `weight-${block.name}`;
    const output = h('output', { for: id });
    const input = h('input', { type: 'range', id, min: 0, max: 100, step: 1, 'data-block': block.name });
    input.addEventListener('input', () => {
      this.#set(moved(this.shares, i, Number(input.value) / 100), null);
      this.onChange();
    });
    return { input, output, node: h('div', { class: 'slider' }, h('label', { for: id, text: blockName(block.name) }), output, input) };
  }

  /** Take the shares of a preset. */
  choose(preset) {
    const changes = !alike(preset.shares, this.shares);
    this.#set(preset.shares, preset);
    if (changes) this.onChange();
  }

  #set(values, preset) {
    this.shares = values;
    this.preset = preset;
    for (const [i, chip] of this.chips.entries()) chip.setAttribute('aria-pressed', String(this.presets[i] === preset));
    for (const [i, { input, output }] of this.rows.entries()) {
      const share = Math.round(100 * values[i]);
      input.value = String(share);
      input.setAttribute('aria-valuetext', `${share} per cent`);
      input.style.setProperty('--filled', `${share}%`);
      output.textContent = `${share} %`;
    }
  }

  /** For a search: null for the encoder's own weights, else the name of a preset, or the share of each block in per cent. */
  get value() {
    if (this.preset === this.presets[0]) return null;
    if (this.preset) return this.preset.name;
    return Object.fromEntries(this.blocks.map((block, i) => [block.name, Number((100 * this.shares[i]).toFixed(2))]));
  }
}

function shares(weights) {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

const alike = (some, others) => some.every((share, i) => Math.abs(share - others[i]) < SAME);

/** The shares with the one at `i` set to `share`; the others keep their proportions, equal if all are 0, and fill up to one. */
function moved(before, i, share) {
  if (before.length === 1) return [1];
  const rest = before.reduce((sum, value, j) => (j === i ? sum : sum + value), 0);
  return before.map((value, j) => (j === i ? share : (1 - share) * (rest > SAME ? value / rest : 1 / (before.length - 1))));
}
