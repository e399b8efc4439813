// Filters from the catalog's own fields, and their text in the server's filter language.

import { CROSS, h, icon, price, words } from './dom.js';

const MOST = 7; // filters; a wide catalog has more columns than anybody wants to see
const SEARCHABLE = 12; // values; longer lists get a field to narrow them
const FIRST = ['category', 'price', 'brand', 'in_stock'];
const LABELS = { in_stock: 'In stock', price: 'Price', category: 'Category', brand: 'Brand' };
const KEYWORDS = new Set(['and', 'or', 'not', 'in', 'between', 'has', 'true', 'false']);

const fieldName = (name) => (/^[A-Za-z_]\w*$/.test(name) && !KEYWORDS.has(name.toLowerCase()) ? name : `\`${name.replaceAll('`', '``')}\``);
const quoted = (text) => `"${text.replaceAll('"', '""')}"`;

export class Filters {
  /** `fields` as the server lists them; `onChange()` whenever a filter is set. */
  constructor(fields, currency, onChange) {
    this.onChange = onChange;
    this.currency = currency;
    this.chosen = new Map(); // field name: Set of values, {from, to}, or true
    this.fields = fields.filter(useful).sort((a, b) => rank(a) - rank(b)).slice(0, MOST);
    this.parts = this.fields.map((field) => this.#part(field));
    this.node = h('div', { class: 'filters', role: 'group', 'aria-label': 'Filters' }, this.parts.map((part) => part.node));
    document.addEventListener('click', (event) => {
      for (const details of this.node.querySelectorAll('details[open]')) {
        if (!details.contains(event.target) && !details.closest('dialog')) details.open = false;
      }
    });
    this.node.addEventListener('keydown', (event) => {
      const open = event.target.closest('details[open]');
      if (event.key === 'Escape' && open && !open.closest('dialog')) {
        open.open = false;
        open.querySelector('summary').focus();
        event.stopPropagation();
      }
    });
  }

  #part(field) {
    if (field.type === 'boolean') return this.#toggle(field);
    const body = field.type === 'number' ? this.#range(field) : this.#choices(field);
    const label = h('span', { text: labelOf(field) });
    const node = h('details', { class: 'filter', name: 'filter' }, h('summary', {}, label), h('div', { class: 'panel' }, body.node));
    return { field, node, label, clear: body.clear };
  }

  #toggle(field) {
    const input = h('input', { type: 'checkbox', role: 'switch', 'data-field': field.name, onchange: () => this.#set(field, input.checked ? true : null) });
    const node = h('label', { class: 'filter switch' }, input, h('span', { text: labelOf(field) }));
    return { field, node, clear: () => { input.checked = false; } };
  }

  #choices(field) {
    const inputs = [];
    const rows = field.values.map(({ value, count }) => {
      const input = h('input', { type: 'checkbox', value, 'data-field': field.name, onchange: () => {
        const picked = inputs.filter((each) => each.checked).map((each) => each.value);
        this.#set(field, picked.length ? new Set(picked) : null);
      } });
      inputs.push(input);
      return h('label', { class: 'choice' }, input, h('span', { class: 'choice-text', text: value }), h('span', { class: 'choice-count', text: count }));
    });
    const list = h('div', { class: 'choices', role: 'group', 'aria-label': labelOf(field) }, rows);
    const narrow = h('input', { type: 'search', class: 'narrow', placeholder: `Find a ${labelOf(field).toLowerCase()}`, 'aria-label': `Find a ${labelOf(field).toLowerCase()}`, oninput: () => {
      const text = narrow.value.trim().toLowerCase();
      rows.forEach((row, i) => { row.hidden = !inputs[i].value.toLowerCase().includes(text); });
    } });
    const node = h('div', {}, rows.length > SEARCHABLE ? narrow : null, list);
    return { node, clear: () => inputs.forEach((input) => { input.checked = false; }) };
  }

  #range(field) {
    const [low, high] = field.bounds;
    const make = (name, placeholder) => h('input', {
      type: 'number', inputmode: 'decimal', step: 'any', min: Math.floor(low), placeholder: Math.round(placeholder), 'data-field': field.name,
      'aria-label': `${labelOf(field)} ${name}`, oninput: () => changed(), name,
    });
    const from = make('from', Math.floor(low));
    const to = make('to', Math.ceil(high));
    const changed = () => {
      const value = { from: number(from.value), to: number(to.value) };
      this.#set(field, value.from === null && value.to === null ? null : value);
    };
    const unit = field.name === 'price' ? this.currency : '';
    const node = h('div', { class: 'range' }, h('label', {}, h('span', { text: 'From' }), from), h('label', {}, h('span', { text: 'to' }), to), unit && h('span', { class: 'unit', text: unit }));
    return { node, clear: () => { from.value = ''; to.value = ''; } };
  }

  #set(field, value) {
    if (value === null) this.chosen.delete(field.name);
    else this.chosen.set(field.name, value);
    this.#relabel();
    this.onChange();
  }

  #relabel() {
    for (const { field, node, label } of this.parts) {
      const value = this.chosen.get(field.name);
      node.classList.toggle('on', value !== undefined);
      if (label) label.textContent = value instanceof Set ? `${labelOf(field)} · ${value.size}` : labelOf(field);
    }
  }

  /** How many filters are set. */
  get size() {
    return this.chosen.size;
  }

  /** The filter in the server's language, '' for none. */
  get text() {
    const terms = [];
    for (const [name, value] of this.chosen) {
      const field = fieldName(name);
      if (value === true) terms.push(`${field} = true`);
      else if (value instanceof Set) {
        const values = [...value].map(quoted);
        terms.push(values.length === 1 ? `${field} = ${values[0]}` : `${field} in (${values.join(', ')})`);
      } else {
        if (value.from !== null) terms.push(`${field} >= ${value.from}`);
        if (value.to !== null) terms.push(`${field} <= ${value.to}`);
      }
    }
    return terms.join(' and ');
  }

  clear() {
    for (const part of this.parts) part.clear();
    this.chosen.clear();
    this.#relabel();
    this.onChange();
  }

  /** One removable chip for each value that is set. */
  chips() {
    const chips = [];
    for (const { field, clear } of this.parts) {
      const value = this.chosen.get(field.name);
      if (value === undefined) continue;
      const text = value === true ? labelOf(field) : value instanceof Set ? [...value].join(', ') : this.#span(field, value);
      chips.push(h('button', { type: 'button', class: 'chip', 'aria-label': `Remove filter ${labelOf(field)}: ${text}`, onclick: () => {
        clear();
        this.#set(field, null);
      } }, h('span', { text }), icon(CROSS)));
    }
    if (chips.length > 1) chips.push(h('button', { type: 'button', class: 'link', text: 'Clear all', onclick: () => this.clear() }));
    return chips;
  }

  #span(field, { from, to }) {
    const say = (value) => (field.name === 'price' && this.currency ? price(value, this.currency) : String(value));
    const what = field.name === 'price' ? '' : `${labelOf(field)} `;
    if (from !== null && to !== null) return `${what}${say(from)} to ${say(to)}`;
    return from !== null ? `${what}from ${say(from)}` : `${what}up to ${say(to)}`;
  }
}

const labelOf = (field) => LABELS[field.name] ?? words(field.name);
const rank = (field) => (FIRST.includes(field.name) ? FIRST.indexOf(field.name) : FIRST.length);
const number = (text) => (text.trim() === '' || !Number.isFinite(Number(text)) ? null : Number(text));

/** Fields that have a control of their own, or mean nothing to a shopper. */
const APART = new Set(['currency', 'availability', 'kind', 'kind_source', 'kind_probability', 'design', 'item_group_id']);

function useful(field) {
  if (APART.has(field.name)) return false;
  if (field.type === 'text') return field.values.length > 1 && !unique(field);
  if (field.type === 'number') return field.bounds !== null && field.bounds[0] < field.bounds[1];
  return true;
}

/** A column such as a product code, where nearly every product has a value of its own. */
function unique(field) {
  return field.values.length > 20 && field.values[0].count === 1;
}
