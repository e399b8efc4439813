// What a search found, or why it found nothing: the heading, the products, others apart, and messages.

import { ApiError } from './api.js';
import { card, notice, skeletons } from './cards.js';
import { $, announce, count, words } from './dom.js';
import { listed } from './kinds.js';

/** The name of a garment, of a drawn box, or of the photo as a whole. */
export const nameOf = (garment) => (garment.drawn ? 'Your box' : garment.unmarked ? 'Whole photo' : words(garment.category));

export const heading = (garment) => (garment.drawn ? 'Like what is in your box' : garment.unmarked ? 'Like your photo' : `Like the ${words(garment.category).toLowerCase()}`);

/** Grey cards under a title until products come. */
export function showWaiting(title) {
  clear(title);
  $('grid').replaceChildren(...skeletons(8));
}

/** The products of a garment. `actions` for when there are none: `clearFilters`, null when none is set, and `widen`. */
export function showFound(garment, actions) {
  const { matches } = garment;
  clear(heading(garment));
  $('results-note').textContent = matches.length ? summary(garment) : '';
  $('grid').replaceChildren(...matches.map((match, rank) => card(match, rank)));
  $('more').hidden = garment.complete;
  $('refine-done').textContent = matches.length === 0 ? 'Nothing found' : garment.complete ? `Show ${count(matches.length, 'product')}` : 'Show products';
  if (matches.length === 0 || garment.lacking) showLacking(garment, actions);
  const why = matches.length && !garment.lacking ? '' : lacking(garment, actions).title;
  announce([matches.length ? `${heading(garment)}: ${summary(garment)}` : '', why].filter(Boolean).join('. '));
}

/** Further products below those shown; the page stays where it is. */
export function showMore(garment, from) {
  $('results-note').textContent = summary(garment);
  $('grid').append(...garment.matches.slice(from).map((match, i) => card(match, from + i)));
  $('more').hidden = garment.complete;
  $('grid').children[from]?.querySelector('a').focus({ preventScroll: true });
  const added = garment.matches.length - from;
  announce(added ? `${count(added, 'more product')}, ${garment.matches.length} in all` : 'There are no more products');
}

/** A failure of the next page: what is shown stays. */
export function showMoreFailure(error, again) {
  $('more-message').replaceChildren(notice({ title: error.title ?? 'Something went wrong', detail: error.detail ?? 'Please try again.', kind: 'error', actions: [{ text: 'Try again', run: again }] }));
}

const summary = ({ matches, complete }) => (complete ? `${count(matches.length, 'product')}, nearest first` : `The nearest ${count(matches.length, 'product')}`);

/** Why there are no products, in words. */
function lacking({ lacking: reason, searched }, { clearFilters }) {
  const named = listed(Object.keys(searched ?? {}));
  const kinds = named || 'products';
  if (reason === 'closeness') return { title: 'Nothing close', detail: `The nearest ${kinds} ${kinds.endsWith('wear') ? 'is' : 'are'} only loosely similar.` };
  if (reason === 'kind') return { title: `This shop sells no ${kinds}`, detail: 'Look at products of other kinds, or choose another garment.' };
  if (reason === 'filter' && named) return { title: `No ${kinds} pass these filters`, detail: 'Loosen one, or look at products of other kinds.' };
  if (clearFilters) return { title: 'Nothing passes these filters', detail: 'Loosen one, or look at everything.' };
  return { title: 'The shop is empty', detail: 'There are no products to compare with yet.' };
}

function showLacking(garment, actions) {
  const { others = [] } = garment;
  const offered = [];
  if (!['kind', 'closeness'].includes(garment.lacking) && actions.clearFilters) offered.push({ text: 'Clear filters', run: actions.clearFilters, primary: true });
  if (garment.lacking && others.length) offered.push({ text: 'Search all kinds', run: actions.widen });
  $('message').replaceChildren(notice({ ...lacking(garment, actions), kind: garment.lacking ? 'empty lacking' : 'empty', actions: offered }));
  $('others').hidden = others.length === 0;
  $('others-grid').replaceChildren(...others.map((match) => card(match, -1, 'h4')));
}

/** A failure above the products, which stay; `again` is null when trying again does not help. */
export function showAbove(error, again) {
  if (!(error instanceof ApiError)) console.error(error);
  const actions = again ? [{ text: 'Try again', run: again }] : [];
  $('message').replaceChildren(notice({ title: error.title ?? 'Something went wrong', detail: error.detail ?? 'Please try again.', kind: 'error', actions }));
}

/** A failure in place of products; returns the line that says what happened. */
export function showFailure(error, actions, { wrongPhoto }) {
  clear('No products to show');
  // There is nothing to mark or to refine then: the message takes the place of the photo.
  $('search').classList.toggle('no-photo', wrongPhoto);
  if (!(error instanceof ApiError)) console.error(error);
  const title = error.title ?? 'Something went wrong';
  const message = notice({ title, detail: error.detail ?? 'Please try again.', kind: 'error', actions });
  $('message').replaceChildren(message);
  return message.querySelector('.notice-detail');
}

function clear(title) {
  $('results-title').textContent = title;
  $('results-note').textContent = '';
  $('message').replaceChildren();
  $('more-message').replaceChildren();
  $('grid').replaceChildren();
  $('others').hidden = true;
  $('others-grid').replaceChildren();
  $('more').hidden = true;
}
