// Talking to the server. Every failure becomes an ApiError with something to say to a person.

const TIMEOUT = 60_000;

/** What went wrong: `title` and `detail` for people, `retry` in seconds when trying again may help. */
export class ApiError extends Error {
  constructor(title, detail, { status = 0, retry = null, slug = '' } = {}) {
    super(detail);
    Object.assign(this, { title, detail, status, retry, slug });
  }
}

const TITLES = {
  'photo-format-unsupported': 'That file is not a photo we can read',
  'photo-truncated': 'That photo is incomplete',
  'photo-damaged': 'That photo is damaged',
  'photo-empty': 'That file is empty',
  'photo-too-large': 'That photo is too large',
  'photo-too-many-pixels': 'That photo has too many pixels',
  'photo-too-small': 'That photo is too small',
  'request-too-large': 'That photo is too large',
  'product-missing': 'This product is no longer there',
  'queue-full': 'Many people are searching right now',
  'not-ready': 'The shop is not ready yet',
  filter: 'That filter does not work',
};

async function failure(response) {
  let said = {};
  try {
    said = await response.json();
  } catch {
    // Something between us and the server answered; the status has to do.
  }
  const slug = String(said.type ?? '').split(':').pop();
  const wait = Number(response.headers.get('Retry-After'));
  // Of several photos, which one it is.
  const which = /^photo \d+$/.test(said.where ?? '') ? `${said.where}: ` : '';
  const detail = which + [said.detail, said.hint].filter(Boolean).join(' ').replace(/^photo: /, '');
  return new ApiError(TITLES[slug] ?? 'Something went wrong', sentence(detail) || `The server answered ${response.status}.`, {
    status: response.status,
    slug,
    retry: wait > 0 ? wait : response.status >= 500 ? 5 : null,
  });
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1);

async function call(path, options = {}, read = (response) => response.json()) {
  const late = AbortSignal.timeout(TIMEOUT);
  const signal = options.signal ? AbortSignal.any([options.signal, late]) : late;
  let response;
  try {
    response = await fetch(path, { ...options, signal, credentials: 'omit' });
    if (!response.ok) throw await failure(response);
    return await read(response);
  } catch (error) {
    if (error instanceof ApiError || options.signal?.aborted) throw error;
    if (late.aborted) throw new ApiError('That took too long', 'The server has not answered for a minute.', { retry: 5 });
    throw new ApiError('The shop does not answer', 'Check your connection, then try again.', { retry: 5, slug: 'offline' });
  }
}

/** Whether an error only says that we ourselves gave up the request. */
export const isAbort = (error) => error?.name === 'AbortError';

export const catalog = () => call('/v1/catalog');

/** Weights as a field: the name of a preset, or JSON. */
const weightsText = (weights) => (typeof weights === 'string' ? weights : JSON.stringify(weights));

const productPath = (id) => `/v1/products/${encodeURIComponent(id)}`;
export const product = (id, signal) => call(productPath(id), { signal });
/** The look of a product's page; null when none was made, or it is out of date. */
export async function look(id, signal) {
  try {
    return await call(`${productPath(id)}/look`, { signal });
  } catch (error) {
    if (error.slug === 'look-missing') return null;
    throw error;
  }
}

export const similar = (id, { k, weights }, signal) => {
  const query = new URLSearchParams({ k });
  if (weights) query.set('weights', weightsText(weights));
  return call(`${productPath(id)}/similar?${query}`, { signal });
};

/**
 * Products for the garments of a photo, or for a box in it. Several photos show one garment, of which `garment` is the
 * index in the first.
 */
export function searchPhotos(blobs, { k, filter, text, weights, box, garment }, signal) {
  const form = new FormData();
  for (const blob of blobs) form.append('photo', blob, 'photo');
  if (blobs.length > 1) {
    form.set('one_garment', 'true');
    form.set('garment', garment);
  }
  form.set('k', k);
  form.set('vectors', 'true');
  form.set('masks', 'true');
  form.set('explain', 'true');
  if (filter) form.set('filter', filter);
  if (text) form.set('text', text);
  if (weights) form.set('weights', weightsText(weights));
  if (box) form.set('box', box.map((value) => value.toFixed(1)).join(','));
  return call('/v1/search', { method: 'POST', body: form, signal });
}

/** A PNG of a garment of a photo, redder where it resembles the product more. `box` instead of the index `garment`. */
export function heatmap(blob, { product, shot, weights, garment, box }, signal) {
  const form = new FormData();
  form.set('photo', blob, 'photo');
  form.set('product', product);
  form.set('shot', shot);
  if (weights) form.set('weights', weightsText(weights));
  if (box) form.set('box', box.map((value) => value.toFixed(1)).join(','));
  else form.set('garment', garment);
  return call('/v1/search/heatmap', { method: 'POST', body: form, signal }, (response) => response.blob());
}

/**
 * The same garment again, under other weights, filters or kinds, or its next page: nothing is uploaded. `kinds` are
 * names; null for those that were searched before, with their probabilities.
 */
export const searchVector = (vector, { k, filter, text, weights, kinds, searched, offset }, signal) =>
  call('/v1/search/vector', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json' },
    body: JSON.stringify({ vector, k, offset, explain: true, filter: filter || null, text: text || null, weights, ...(kinds ? { kinds } : { searched }) }),
    signal,
  });
