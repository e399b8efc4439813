// The shopper's photo: a marker on each garment, the outline of the chosen one, and a box drawn by hand.

import { $, h } from './dom.js';

const MIN_SIDE = 0.04; // of the photo; a smaller drag is a click
const STEP = 0.02;

export class Stage {
  /**
   * `onSelect(index)` when a marker is chosen, `onBox([x0, y0, x1, y1])` with fractions of the photo when a box was
   * drawn or moved.
   */
  constructor(root, { onSelect, onBox }) {
    this.root = root;
    this.onSelect = onSelect;
    this.onBox = onBox;
    this.picture = h('div', { class: 'picture' });
    this.image = h('img', { class: 'photo', alt: 'Your photo', draggable: 'false' });
    this.plain = h('p', { class: 'unseen', text: 'This browser cannot show the photo, but it can be searched with.', hidden: true });
    this.glow = h('div', { class: 'glow', hidden: true });
    this.outline = h('div', { class: 'outline', hidden: true });
    this.box = h('div', {
      class: 'box', hidden: true, tabindex: '0', role: 'group', 'aria-roledescription': 'movable box',
      'aria-label': 'Search box', 'aria-describedby': 'box-help',
    }, ...['nw', 'ne', 'sw', 'se'].map((corner) => h('span', { class: `handle ${corner}`, 'data-corner': corner })));
    this.help = h('span', { class: 'away', id: 'box-help', text: 'Arrow keys move the box, with Shift they resize it. Enter searches, Escape removes it.' });
    this.markers = h('div', { class: 'markers' });
    this.busy = h('div', { class: 'scan', hidden: true, 'aria-hidden': 'true' });
    this.picture.append(this.image, this.plain, this.glow, this.outline, this.box, this.markers, this.busy, this.help);
    root.replaceChildren(this.picture);
    this.corners = null;
    this.drawing = false;
    this.#listen();
  }

  /** Show a photo; `url` is null when the browser cannot. */
  show({ url, width, height }) {
    this.image.hidden = !url;
    this.plain.hidden = Boolean(url);
    if (url) this.image.src = url;
    else this.image.removeAttribute('src');
    this.resize(width || 3, height || 4);
    this.clear();
  }

  resize(width, height) {
    this.picture.style.setProperty('--ratio', String(width / height));
  }

  clear() {
    this.markers.replaceChildren();
    this.outline.hidden = true;
    this.glow.hidden = true;
    this.removeBox();
  }

  setBusy(busy) {
    this.busy.hidden = !busy;
    this.root.setAttribute('aria-busy', String(busy));
  }

  /** Markers for `garments`, whose hotspots are in pixels of a photo of `size`; `labels` are their spoken names. */
  mark(garments, size, labels) {
    this.markers.replaceChildren(...garments.map((garment, index) => {
      if (garment.unmarked) return null;
      const marker = h('button', {
        type: 'button', class: 'marker', 'aria-pressed': 'false', 'aria-label': labels[index],
        onclick: () => this.onSelect(index), 'data-index': index,
      }, h('span', { text: index + 1 }));
      place(marker, { left: garment.hotspot[0] / size.width, top: garment.hotspot[1] / size.height });
      return marker;
    }).filter(Boolean));
  }

  /** Highlight the garment with this index: its mask where there is one, else its box. */
  select(index, garment, size) {
    for (const marker of this.markers.children) {
      marker.setAttribute('aria-pressed', String(Number(marker.dataset.index) === index));
    }
    const [x0, y0, x1, y1] = garment.box;
    const frame = { left: x0 / size.width, top: y0 / size.height, width: (x1 - x0) / size.width, height: (y1 - y0) / size.height };
    const whole = frame.width > 0.97 && frame.height > 0.97;
    this.outline.hidden = whole || Boolean(garment.drawn);
    this.glow.hidden = !garment.mask;
    place(this.outline, frame);
    if (garment.mask) {
      place(this.glow, frame);
      this.glow.style.maskImage = `url("data:image/png;base64,${garment.mask.png}")`;
    }
    if (!garment.drawn) this.removeBox();
  }

  /** Let the next drag draw a box, also by touch; with `start` a box appears for the keyboard to move. */
  setDrawing(on, { start = false } = {}) {
    this.drawing = on;
    this.picture.classList.toggle('drawing', on);
    if (on && start) {
      this.#setBox([0.25, 0.25, 0.75, 0.75]);
      this.box.focus({ preventScroll: true });
    }
  }

  removeBox() {
    this.corners = null;
    this.box.hidden = true;
  }

  #setBox(corners) {
    this.corners = corners;
    const [x0, y0, x1, y1] = corners;
    place(this.box, { left: x0, top: y0, width: x1 - x0, height: y1 - y0 });
    this.box.hidden = false;
    this.outline.hidden = true;
    this.glow.hidden = true;
  }

  #listen() {
    let drag = null;
    const at = (event) => {
      const frame = this.picture.getBoundingClientRect();
      return [clamp((event.clientX - frame.left) / frame.width), clamp((event.clientY - frame.top) / frame.height)];
    };
    this.picture.addEventListener('pointerdown', (event) => {
      const onBox = event.target.closest('.box');
      // A finger on the photo scrolls the page, unless drawing was asked for or the box itself is touched.
      if (event.button !== 0 || event.target.closest('.marker')) return;
      if (event.pointerType === 'touch' && !this.drawing && !onBox) return;
      const [x, y] = at(event);
      drag = { id: event.pointerId, x, y, from: this.corners, how: event.target.dataset.corner ?? (onBox ? 'move' : 'new'), moved: false };
      this.picture.setPointerCapture(event.pointerId);
      event.preventDefault();
      if (onBox) this.box.focus({ preventScroll: true });
    });
    this.picture.addEventListener('pointermove', (event) => {
      if (drag === null || event.pointerId !== drag.id) return;
      const [x, y] = at(event);
      if (!drag.moved && Math.hypot(x - drag.x, y - drag.y) < 0.012) return;
      drag.moved = true;
      this.#setBox(dragged(drag, x, y));
    });
    const finish = (event) => {
      if (drag === null || event.pointerId !== drag.id) return;
      const { moved, from } = drag;
      drag = null;
      if (!moved) return;
      if (event.type === 'pointercancel' || tooSmall(this.corners)) {
        if (from) this.#setBox(from);
        else this.removeBox();
        return;
      }
      this.onBox(this.corners);
    };
    this.picture.addEventListener('pointerup', finish);
    this.picture.addEventListener('pointercancel', finish);
    this.box.addEventListener('keydown', (event) => this.#key(event));
  }

  #key(event) {
    const moves = { ArrowLeft: [-STEP, 0], ArrowRight: [STEP, 0], ArrowUp: [0, -STEP], ArrowDown: [0, STEP] };
    if (event.key in moves) {
      event.preventDefault();
      const [dx, dy] = moves[event.key];
      let [x0, y0, x1, y1] = this.corners;
      if (event.shiftKey) {
        x1 = clamp(Math.max(x1 + dx, x0 + MIN_SIDE));
        y1 = clamp(Math.max(y1 + dy, y0 + MIN_SIDE));
      } else {
        const right = clamp(dx, -x0, 1 - x1);
        const down = clamp(dy, -y0, 1 - y1);
        [x0, y0, x1, y1] = [x0 + right, y0 + down, x1 + right, y1 + down];
      }
      this.#setBox([x0, y0, x1, y1]);
    } else if (event.key === 'Enter' || event.key === ' ') {
      event.preventDefault();
      this.onBox(this.corners);
    } else if (event.key === 'Escape') {
      event.preventDefault();
      this.removeBox();
      this.onSelect(0);
      $('draw').focus();
    }
  }
}

const clamp = (value, low = 0, high = 1) => Math.min(Math.max(value, low), high);
const tooSmall = ([x0, y0, x1, y1]) => x1 - x0 < MIN_SIDE || y1 - y0 < MIN_SIDE;

function dragged({ x: fromX, y: fromY, from, how }, x, y) {
  if (how === 'new') return [Math.min(fromX, x), Math.min(fromY, y), Math.max(fromX, x), Math.max(fromY, y)];
  let [x0, y0, x1, y1] = from;
  if (how === 'move') {
    const right = clamp(x - fromX, -x0, 1 - x1);
    const down = clamp(y - fromY, -y0, 1 - y1);
    return [x0 + right, y0 + down, x1 + right, y1 + down];
  }
  if (how.includes('w')) x0 = Math.min(x, x1 - MIN_SIDE);
  if (how.includes('e')) x1 = Math.max(x, x0 + MIN_SIDE);
  if (how.includes('n')) y0 = Math.min(y, y1 - MIN_SIDE);
  if (how.includes('s')) y1 = Math.max(y, y0 + MIN_SIDE);
  return [x0, y0, x1, y1];
}

/** Put a node at fractions of its frame: `left`, `top`, `width` and `height` from 0 to 1. */
export function place(node, fractions) {
  for (const [side, value] of Object.entries(fractions)) node.style[side] = `${(value * 100).toFixed(3)}%`;
}
