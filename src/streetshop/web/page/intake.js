// Ways in for a photo: buttons, the camera, drag and drop, paste.

import { $ } from './dom.js';
import { pictureIn } from './photo.js';

/** Calls `take(file)` for every photo that the shopper gives. */
export function listenForPhotos(take) {
  for (const id of ['choose', 'drop', 'new-photo']) $(id).addEventListener('click', () => $('file').click());
  $('take').addEventListener('click', () => $('camera').click());
  for (const input of [$('file'), $('camera')]) {
    input.addEventListener('change', () => {
      take(input.files[0]);
      input.value = '';
    });
  }
  addEventListener('paste', (event) => {
    const file = pictureIn(event.clipboardData);
    if (file) take(file);
  });
  listenForDrops(take);
  const touch = matchMedia('(pointer: coarse)').matches;
  $('take').hidden = !touch;
  $('ways').hidden = touch;
  if (/Mac|iPhone|iPad/.test(navigator.platform)) $('ways').querySelector('kbd').textContent = '⌘';
}

function listenForDrops(take) {
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
}
