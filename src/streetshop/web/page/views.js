// Further photos of the chosen garment: they are one query with the first.

import { CROSS, h, icon } from './dom.js';

const PLUS = 'M8 3v10M3 8h10';

export class Views {
  /** `onAdd(files)` when the shopper gives further photos, `onRemove(index)` when one is taken away. */
  constructor(root, { onAdd, onRemove }) {
    this.root = root;
    this.onRemove = onRemove;
    this.input = h('input', { type: 'file', class: 'away', id: 'another', accept: 'image/*', multiple: true, tabindex: '-1', 'aria-hidden': 'true' });
    this.input.addEventListener('change', () => {
      const files = [...this.input.files];
      this.input.value = '';
      onAdd(files);
    });
    this.add = h('button', { type: 'button', class: 'button small', id: 'add-photo', 'aria-label': 'Add a photo of this piece', onclick: () => this.input.click() }, icon(PLUS), h('span', { text: 'Add a photo' }));
    this.list = h('ul', { class: 'views', role: 'list', 'aria-label': 'Further photos of this piece' });
    this.root.replaceChildren(this.list, this.add, this.input);
    this.hide();
  }

  hide() {
    this.root.hidden = true;
  }

  /** Show the further photos of a garment; `limit` is how many photos it may have. A box drawn by hand has none. */
  show(garment, limit) {
    this.root.hidden = Boolean(garment.drawn);
    this.add.hidden = garment.more.length + 1 >= limit;
    this.list.hidden = garment.more.length === 0;
    this.list.replaceChildren(...garment.more.map((photo, i) => h('li', { class: 'view' },
      photo.url ? h('img', { src: photo.url, alt: `Photo ${i + 2}` }) : h('span', { text: i + 2 }),
      h('button', { type: 'button', class: 'view-remove', 'aria-label': `Remove photo ${i + 2}`, onclick: () => this.#remove(i) }, icon(CROSS)))));
  }

  #remove(index) {
    this.add.focus();
    this.onRemove(index);
  }
}
