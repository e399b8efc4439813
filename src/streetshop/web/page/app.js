// The page: what the shopper does, what the server is asked, what is shown.

import * as api from './api.js';
import { card, notice } from './cards.js';
import { $, announce, count, debounce, h } from './dom.js';
import { listenForPhotos } from './intake.js';
import { readPhoto } from './photo.js';
import { ProductDialog } from './product.js';
import { Refine } from './refine.js';
import { heading, nameOf, showAbove, showFailure, showFound, showMore, showMoreFailure, showWaiting } from './results.js';
import { Stage } from './stage.js';
import { members } from './variants.js';
import { Views } from './views.js';

const PAGE = 24; // products that are asked for at a time
const WAIT = 180; // ms after the last change of a slider or filter

/**
 * Everything that changes. `garments` are the server's, each with what was last found for it: `stamp` is what that was
 * asked with, `own` the kinds that the server chose, `kinds` those that the shopper chose (null: none), `asked`
 * how many products were asked for, `complete` whether there are no more, `more` further photos of it.
 */
const state = { catalog: null, photo: null, size: null, garments: [], chosen: 0, request: null, looking: 0, retry: 0 };

let refine = null;

const stage = new Stage($('stage'), { onSelect: choose, onBox: searchBox });
const dialog = new ProductDialog({
  weights: () => refine?.asked.weights ?? null,
  heatmap: ({ id, shot }) => {
    const garment = current();
    return api.heatmap(state.photo.blob, { product: id, shot, weights: refine.asked.weights, ...(garment.drawn ? { box: garment.box } : { garment: state.chosen }) });
  },
  looks: () => state.catalog?.looks > 0,
  found: (id) => [...(current()?.matches ?? []), ...(current()?.others ?? [])].find((match) => members(match).some((one) => one.id === id)) ?? null,
});

const views = new Views($('views'), { onAdd: addPhotos, onRemove: removePhoto });

const current = () => state.garments[state.chosen];
const asked = () => ({ k: PAGE, ...refine.asked });
const stamp = (kinds = null) => JSON.stringify([asked(), kinds]);

// --- searching ------------------------------------------------------------------------------------------------------

/**
 * Runs one request, giving up the one before, and shows loading. A failure goes to `fail(error, again)`. Resolves to null
 * when given up or failed.
 */
async function run(work, again, fail = failed) {
  state.request?.abort();
  clearTimeout(state.retry);
  const request = new AbortController();
  state.request = request;
  $('message').replaceChildren();
  $('more-message').replaceChildren();
  $('grid').setAttribute('aria-busy', 'true');
  try {
    return await work(request.signal);
  } catch (error) {
    if (request.signal.aborted) return null;
    fail(error, again);
    return null;
  } finally {
    if (state.request === request) {
      $('grid').setAttribute('aria-busy', 'false');
      stage.setBusy(false);
    }
  }
}

/** The same for a search that reads photos. */
async function look(work, again, fail = failed) {
  state.looking += 1;
  try {
    return await run(work, again, fail);
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
  views.hide();
  refine.kinds.node.hidden = true;
  showWaiting('Looking…');
  const answer = await look((signal) => api.searchPhotos([state.photo.blob], asked(), signal), searchPhoto);
  if (answer === null) return;
  state.size = answer.photo;
  stage.resize(answer.photo.width, answer.photo.height);
  state.garments = answer.garments.map((garment) => ({ ...found(garment, when), unmarked: covers(garment, answer.photo) }));
  $('stage-hint').textContent = hint(answer);
  drawPieces();
  // The first garment that the shop has products for, the first of all if it has none.
  choose(Math.max(0, state.garments.findIndex((garment) => garment.matches.length > 0)));
}

async function searchBox(fractions) {
  if (!state.size) return;
  const { width, height } = state.size;
  const [x0, y0, x1, y1] = fractions;
  const box = [x0 * width, y0 * height, x1 * width, y1 * height];
  const when = stamp();
  stopDrawing();
  stage.setBusy(true);
  showWaiting('Looking at your box…');
  const answer = await look((signal) => api.searchPhotos([state.photo.blob], { ...asked(), box }, signal), () => searchBox(fractions));
  if (answer === null) return;
  state.garments = [...state.garments.filter((garment) => !garment.drawn), { ...found(answer.garments[0], when), drawn: true, unmarked: true }];
  drawPieces();
  choose(state.garments.length - 1);
}

/** A garment as the server first answers it. */
const found = (garment, when) => ({ ...garment, own: garment.searched, kinds: null, alone: garment, more: [], ...page(garment, when) });
const page = ({ matches }, when) => ({ stamp: when, asked: PAGE, complete: matches.length < PAGE });

/** A search by the garment's vector, under the weights, filters and kinds as they are. */
const ask = (garment, offset, signal) => api.searchVector(garment.vector, { ...asked(), kinds: garment.kinds, searched: garment.own, offset }, signal);

/** Searches for the chosen garment in these further photos too. A failure leaves the photos and products as they were. */
async function searchTogether(garment, more) {
  const when = stamp();
  const index = state.garments.indexOf(garment);
  const blobs = [state.photo, ...more].map((photo) => photo.blob);
  const failed = (error, again) => showAbove(error, error.retry ? again : null);
  const answer = await look((signal) => api.searchPhotos(blobs, { ...asked(), garment: index }, signal), () => searchTogether(garment, more), failed);
  if (answer === null) return;
  const [{ vector, searched, matches, lacking, others }] = answer.garments;
  Object.assign(garment, { vector, own: searched, searched, matches, lacking, others, more, ...page({ matches }, when) });
  announce(`Searched with ${count(more.length + 1, 'photo')}`);
  if (garment === current()) choose(index);
}

async function addPhotos(files) {
  const garment = current();
  if (!garment || !files.length) return;
  const room = state.catalog.limits.photos - 1 - garment.more.length;
  try {
    if (files.length > room) throw new api.ApiError('Those are too many photos', `A garment is searched for with at most ${state.catalog.limits.photos} photos.`);
    const photos = await Promise.all(files.map((file) => readPhoto(file, state.catalog.limits)));
    await searchTogether(garment, [...garment.more, ...photos]);
  } catch (error) {
    showAbove(error, null);
  }
}

async function removePhoto(index) {
  const garment = current();
  const more = garment.more.filter((_, i) => i !== index);
  if (more.length) {
    await searchTogether(garment, more);
    return;
  }
  const { vector, searched } = garment.alone;
  Object.assign(garment, { vector, own: searched, more, stamp: null });
  choose(state.garments.indexOf(garment));
}

async function refresh() {
  const garment = current();
  if (!garment) {
    // Nothing found yet, as after an error: the photo has to go first.
    if (state.photo) await searchPhoto();
    return;
  }
  const when = stamp(garment.kinds);
  const answer = await run((signal) => ask(garment, 0, signal), refresh);
  if (answer === null) return;
  Object.assign(garment, answer, page(answer, when));
  if (garment === current()) show(garment);
}

/** The next page of the chosen garment, below what is there. */
async function more() {
  const garment = current();
  const answer = await run((signal) => ask(garment, garment.asked, signal), more, showMoreFailure);
  if (answer === null) return;
  // The catalog may have changed meanwhile: a product that moved to this page is there already.
  const from = garment.matches.length;
  const known = new Set(garment.matches.map((match) => match.id));
  garment.matches.push(...answer.matches.filter((match) => !known.has(match.id)));
  garment.asked += PAGE;
  garment.complete = answer.matches.length < PAGE || garment.asked > state.catalog.limits.offset;
  if (garment === current()) showMore(garment, from);
}

function setKinds(kinds) {
  const garment = current();
  if (!garment) return;
  garment.kinds = kinds;
  refine.kinds.show(Object.keys(garment.own), kinds);
  changed();
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
  refine.kinds.show(Object.keys(garment.own), garment.kinds);
  views.show(garment, state.catalog.limits.photos);
  if (garment.stamp === stamp(garment.kinds)) {
    state.request?.abort();
    show(garment);
  } else {
    showWaiting(heading(garment));
    refresh();
  }
}

// --- showing --------------------------------------------------------------------------------------------------------

const covers = ({ box: [x0, y0, x1, y1] }, { width, height }) => (x1 - x0) / width > 0.97 && (y1 - y0) / height > 0.97;
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

function show(garment) {
  showFound(garment, { clearFilters: refine.filters.size ? () => refine.filters.clear() : null, widen: () => setKinds([]) });
}

function failed(error, again) {
  const wrongPhoto = (error.slug ?? '').startsWith('photo') || error.status === 413;
  const actions = [];
  if (wrongPhoto) actions.push({ text: 'Choose another photo', run: () => $('file').click(), primary: true });
  else actions.push({ text: 'Try again', run: again, primary: true });
  if (refine?.filters.size && error.slug === 'filter') actions.push({ text: 'Clear filters', run: () => refine.filters.clear() });
  const line = showFailure(error, actions, { wrongPhoto });
  if (error.status === 429) countdown(line, error.retry ?? 1, again);
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
  refine.kinds.node.hidden = true;
  showWaiting('Looking…');
  $('pieces').replaceChildren();
  views.hide();
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
  listenForPhotos(take);
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
  $('more').addEventListener('click', more);
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

let loading = null;

/** Whether the catalog is there; asked for once, also when a photo comes before it. */
function loadCatalog() {
  loading ??= readCatalog().finally(() => { loading = null; });
  return loading;
}

async function readCatalog() {
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
  refine = new Refine(catalog, { onChange: changed, onKinds: setKinds });
  const samples = catalog.samples.filter((product) => product.in_stock !== false);
  $('samples').hidden = samples.length === 0;
  $('samples-title').hidden = false;
  $('samples-list').replaceChildren(...samples.map((product) => card(product, -1)));
  return true;
}

listen();
await loadCatalog();
dialog.follow();
