// The page: what the shopper does, what the server is asked, what is shown.

import * as api from './api.js';
import { card, notice, skeletons } from './cards.js';
import { $, announce, count, debounce, h, words } from './dom.js';
import { Filters } from './filters.js';
import { pictureIn, readPhoto } from './photo.js';
import { ProductDialog } from './product.js';
import { Stage } from './stage.js';
import { Weights } from './weights.js';

const PAGE = 24;
const WAIT = 180; // ms after the last change of a slider or filter

/** Everything that changes. `garments` are the server's, each with the matches last found for it. */
const state = { catalog: null, photo: null, size: null, garments: [], chosen: 0, k: PAGE, request: null, looking: 0, retry: 0 };

let weights = null;
let filters = null;

const stage = new Stage($('stage'), { onSelect: choose, onBox: searchBox });
const dialog = new ProductDialog({
  weights: () => weights?.value ?? null,
  found: (id) => current()?.matches?.find((match) => match.id === id) ?? null,
});

const current = () => state.garments[state.chosen];
const asked = () => ({ k: state.k, filter: filters?.text ?? '', weights: weights?.value ?? null });
const stamp = () => JSON.stringify(asked());

// --- searching ------------------------------------------------------------------------------------------------------

/** Runs one request, giving up the one before, and shows loading and failure. Resolves to null when given up. */
async function run(work, again) {
  state.request?.abort();
  clearTimeout(state.retry);
  const request = new AbortController();
  state.request = request;
  $('message').replaceChildren();
  $('grid').setAttribute('aria-busy', 'true');
  try {
    return await work(request.signal);
  } catch (error) {
    if (request.signal.aborted) return null;
    failed(error, again);
    return null;
  } finally {
    if (state.request === request) {
      $('grid').setAttribute('aria-busy', 'false');
      stage.setBusy(false);
    }
  }
}

/** The same for a search that reads the photo. */
async function look(work, again) {
  state.looking += 1;
  try {
    return await run(work, again);
  } finally {
    state.looking -= 1;
  }
}

async function searchPhoto() {
  const when = stamp();
  state.garments = [];
  state.chosen = 0;
  stage.clear();
  stage.setBusy(true);
  $('pieces').replaceChildren();
  waiting('Looking…');
  const answer = await look((signal) => api.searchPhoto(state.photo.blob, asked(), signal), searchPhoto);
  if (answer === null) return;
  state.size = answer.photo;
  stage.resize(answer.photo.width, answer.photo.height);
  state.garments = answer.garments.map((garment) => ({ ...garment, stamp: when, unmarked: covers(garment, answer.photo) }));
  $('stage-hint').textContent = hint(answer);
  drawPieces();
  choose(0);
}

async function searchBox(fractions) {
  if (!state.size) return;
  const { width, height } = state.size;
  const [x0, y0, x1, y1] = fractions;
  const box = [x0 * width, y0 * height, x1 * width, y1 * height];
  const when = stamp();
  stopDrawing();
  stage.setBusy(true);
  waiting('Looking at your box…');
  const answer = await look((signal) => api.searchPhoto(state.photo.blob, { ...asked(), box }, signal), () => searchBox(fractions));
  if (answer === null) return;
  state.garments = [...state.garments.filter((garment) => !garment.drawn), { ...answer.garments[0], stamp: when, drawn: true, unmarked: true }];
  drawPieces();
  choose(state.garments.length - 1);
}

/** Search again for the chosen garment, under the weights and filters as they are now. */
async function refresh() {
  const garment = current();
  if (!garment) {
    // Nothing found yet, as after an error: the photo has to go first.
    if (state.photo) await searchPhoto();
    return;
  }
  const when = stamp();
  const answer = await run((signal) => api.searchVector(garment.vector, asked(), signal), refresh);
  if (answer === null) return;
  Object.assign(garment, { matches: answer.matches, stamp: when });
  if (garment === current()) showMatches();
}

// A search that reads the photo must not be given up for a slider: it ends with `choose`, which sees that something changed since.
const changed = debounce(() => {
  if (!state.looking) refresh();
}, WAIT);

function choose(index) {
  const garment = state.garments[index];
  if (!garment) return;
  state.chosen = index;
  stage.select(index, garment, state.size);
  for (const [i, piece] of [...$('pieces').children].entries()) piece.setAttribute('aria-pressed', String(i === index));
  if (garment.stamp === stamp()) {
    state.request?.abort();
    $('message').replaceChildren();
    showMatches();
  } else {
    waiting(heading(garment));
    refresh();
  }
}

// --- showing --------------------------------------------------------------------------------------------------------

const covers = ({ box: [x0, y0, x1, y1] }, { width, height }) => (x1 - x0) / width > 0.97 && (y1 - y0) / height > 0.97;
const nameOf = (garment) => (garment.drawn ? 'Your box' : garment.unmarked ? 'Whole photo' : words(garment.category));
const heading = (garment) => (garment.drawn ? 'Like what is in your box' : garment.unmarked ? 'Like your photo' : `Like the ${words(garment.category).toLowerCase()}`);

function hint(answer) {
  const marked = state.garments.filter((garment) => !garment.unmarked).length;
  if (marked > 1) return 'Pick a marker, or drag a box around anything.';
  return answer.reader && marked ? 'Drag a box around anything else you like.' : 'Drag a box around one piece to look for just that.';
}

function drawPieces() {
  const labels = state.garments.map((garment, i) => (garment.unmarked ? nameOf(garment) : `${i + 1}: ${nameOf(garment)}`));
  stage.mark(state.garments, state.size, labels);
  $('pieces').replaceChildren(...state.garments.map((garment, i) => h('button', {
    type: 'button', class: 'piece', 'aria-pressed': 'false', onclick: () => choose(i),
  }, garment.unmarked ? null : h('span', { class: 'piece-number', text: i + 1 }), h('span', { text: nameOf(garment) }))));
}

function waiting(title) {
  $('results-title').textContent = title;
  $('results-note').textContent = '';
  $('message').replaceChildren();
  $('more').hidden = true;
  $('grid').replaceChildren(...skeletons(8));
}

function showMatches() {
  const garment = current();
  const { matches } = garment;
  $('results-title').textContent = heading(garment);
  $('results-note').textContent = matches.length ? `${count(matches.length, 'product')}, nearest first` : '';
  $('grid').replaceChildren(...matches.map((match, rank) => card(match, rank)));
  $('more').hidden = matches.length < state.k || state.k >= state.catalog.limits.k;
  $('refine-done').textContent = matches.length ? `Show ${count(matches.length, 'product')}` : 'Nothing passes';
  if (matches.length) {
    $('message').replaceChildren();
  } else if (filters.size) {
    $('message').replaceChildren(notice({ title: 'Nothing passes these filters', detail: 'Loosen one, or look at everything.', actions: [{ text: 'Clear filters', run: () => filters.clear(), primary: true }] }));
  } else {
    $('message').replaceChildren(notice({ title: 'The shop is empty', detail: 'There are no products to compare with yet.' }));
  }
  announce(matches.length ? `${heading(garment)}: ${count(matches.length, 'product')}` : 'No products');
}

function failed(error, again) {
  $('grid').replaceChildren();
  $('more').hidden = true;
  $('results-note').textContent = '';
  $('results-title').textContent = 'No products to show';
  const wrongPhoto = (error.slug ?? '').startsWith('photo') || error.status === 413;
  // There is nothing to mark or to refine then: the message takes the place of the photo.
  $('search').classList.toggle('no-photo', wrongPhoto);
  const actions = [];
  if (wrongPhoto) actions.push({ text: 'Choose another photo', run: () => $('file').click(), primary: true });
  else actions.push({ text: 'Try again', run: again, primary: true });
  if (filters?.size && error.slug === 'filter') actions.push({ text: 'Clear filters', run: () => filters.clear() });
  if (!(error instanceof api.ApiError)) console.error(error);
  const title = error.title ?? 'Something went wrong';
  const message = notice({ title, detail: error.detail ?? 'Please try again.', kind: 'error', actions });
  $('message').replaceChildren(message);
  if (error.status === 429) countdown(message.querySelector('.notice-detail'), error.retry ?? 1, again);
}

/** The server said when to come back: wait, visibly, and do. */
function countdown(line, seconds, again) {
  if (seconds <= 0) {
    again();
    return;
  }
  line.textContent = `Your turn comes in ${count(seconds, 'second')}.`;
  state.retry = setTimeout(() => countdown(line, seconds - 1, again), 1000);
}

// --- the photo ------------------------------------------------------------------------------------------------------

async function take(file) {
  if (!file) return;
  if (!state.catalog && !(await loadCatalog())) return;
  if (location.hash) dialog.close();
  document.body.dataset.state = 'search';
  $('start').hidden = true;
  $('search').hidden = false;
  $('new-photo').hidden = false;
  scrollTo({ top: 0 });
  stopDrawing();
  state.request?.abort();
  state.garments = [];
  state.k = PAGE;
  waiting('Looking…');
  $('pieces').replaceChildren();
  $('stage-hint').textContent = '';
  $('search').classList.remove('no-photo');
  try {
    const photo = await readPhoto(file, state.catalog.limits);
    if (state.photo?.url) URL.revokeObjectURL(state.photo.url);
    state.photo = photo;
  } catch (error) {
    stage.show({ url: null, width: 3, height: 4 });
    failed(error, () => take(file));
    return;
  }
  stage.show(state.photo);
  $('draw').hidden = !state.photo.url;
  await searchPhoto();
}

function stopDrawing() {
  $('draw').setAttribute('aria-pressed', 'false');
  stage.setDrawing(false);
}

function listen() {
  $('choose').addEventListener('click', () => $('file').click());
  $('drop').addEventListener('click', () => $('file').click());
  $('new-photo').addEventListener('click', () => $('file').click());
  $('take').addEventListener('click', () => $('camera').click());
  for (const input of [$('file'), $('camera')]) {
    input.addEventListener('change', () => {
      take(input.files[0]);
      input.value = '';
    });
  }
  $('home').addEventListener('click', (event) => {
    event.preventDefault();
    goHome();
  });
  $('draw').addEventListener('click', (event) => {
    const on = $('draw').getAttribute('aria-pressed') !== 'true';
    $('draw').setAttribute('aria-pressed', String(on));
    // A click from the keyboard has no pointer: then a box appears to be moved with the arrow keys.
    stage.setDrawing(on, { start: event.detail === 0 });
    $('stage-hint').textContent = on ? 'Drag across the photo to draw a box.' : '';
  });
  $('more').addEventListener('click', async () => {
    const before = current().matches.length;
    state.k = Math.min(state.k + PAGE, state.catalog.limits.k);
    await refresh();
    $('grid').children[before]?.querySelector('a')?.focus();
  });

  let depth = 0;
  const carries = (event) => event.dataTransfer?.types.includes('Files');
  addEventListener('dragenter', (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth += 1;
    $('dropping').hidden = false;
  });
  addEventListener('dragleave', (event) => {
    if (!carries(event)) return;
    depth -= 1;
    if (depth <= 0) $('dropping').hidden = true;
  });
  addEventListener('dragover', (event) => carries(event) && event.preventDefault());
  addEventListener('drop', (event) => {
    if (!carries(event)) return;
    event.preventDefault();
    depth = 0;
    $('dropping').hidden = true;
    take(pictureIn(event.dataTransfer));
  });
  addEventListener('paste', (event) => {
    const file = pictureIn(event.clipboardData);
    if (file) take(file);
  });
  $('refine-open').addEventListener('click', () => $('refine').showModal());
  for (const id of ['refine-close', 'refine-done']) $(id).addEventListener('click', () => $('refine').close());
  $('refine').addEventListener('click', (event) => event.target === $('refine') && $('refine').close());
}

function goHome() {
  state.request?.abort();
  if (state.photo?.url) URL.revokeObjectURL(state.photo.url);
  Object.assign(state, { photo: null, garments: [], size: null });
  document.body.dataset.state = 'start';
  $('search').hidden = true;
  $('new-photo').hidden = true;
  $('start').hidden = false;
  $('choose').focus();
}

// --- the catalog ----------------------------------------------------------------------------------------------------

async function loadCatalog() {
  let catalog;
  try {
    catalog = await api.catalog();
  } catch (error) {
    document.body.classList.add('unready');
    $('samples').hidden = false;
    $('samples-title').hidden = true;
    $('samples-list').replaceChildren(h('li', { class: 'rail-notice' }, notice({ title: error.title, detail: error.detail, kind: 'error', actions: [{ text: 'Try again', run: loadCatalog, primary: true }] })));
    return false;
  }
  document.body.classList.remove('unready');
  state.catalog = catalog;
  $('catalog-count').textContent = count(catalog.products, 'product');
  const currency = catalog.fields.find((field) => field.name === 'currency')?.values ?? [];
  weights = new Weights(catalog.blocks, changed);
  filters = new Filters(catalog.fields, currency.length === 1 ? currency[0].value : '', () => {
    state.k = PAGE;
    chips();
    changed();
  });
  chips();
  arrange();
  const samples = catalog.samples.filter((product) => product.in_stock !== false);
  $('samples').hidden = samples.length === 0;
  $('samples-title').hidden = false;
  $('samples-list').replaceChildren(...samples.map((product) => card(product, -1)));
  return true;
}

function chips() {
  $('chips').replaceChildren(...filters.chips());
  $('refine-count').hidden = filters.size === 0;
  $('refine-count').textContent = filters.size;
}

const narrow = matchMedia('(max-width: 899px)');

/** Filters and sliders live beside the products where there is room, in a sheet where there is not. */
function arrange() {
  if (!filters) return;
  if (narrow.matches) {
    $('refine-body').replaceChildren(weights.node, filters.node);
  } else {
    $('refine').close();
    $('weights-home').replaceChildren(weights.node);
    $('filters-home').replaceChildren(filters.node);
  }
}

narrow.addEventListener('change', arrange);
$('take').hidden = !matchMedia('(pointer: coarse)').matches;
$('ways').hidden = matchMedia('(pointer: coarse)').matches;
if (/Mac|iPhone|iPad/.test(navigator.platform)) $('ways').querySelector('kbd').textContent = '⌘';
listen();
await loadCatalog();
dialog.follow();
