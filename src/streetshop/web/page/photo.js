// A file from the shopper to something to show and something to send.

import { ApiError } from './api.js';

const LONGEST = 1600; // pixels; the server looks at fewer
const HEAVY = 3 * 2 ** 20; // bytes; a photo this heavy is worth compressing before it goes out

/**
 * A photo ready to search with: `blob` to send, `url` to show (null when this browser cannot show the format).
 * Huge photos are made smaller here; the orientation a camera notes in EXIF is applied.
 */
export async function readPhoto(file, limits) {
  if (file.size === 0) throw new ApiError('That file is empty', 'Choose another photo.', { slug: 'photo-empty' });
  let bitmap = null;
  try {
    bitmap = await createImageBitmap(file, { imageOrientation: 'from-image' });
  } catch {
    // Formats such as HEIC that the server may read although this browser does not; it will say if not.
  }
  if (bitmap === null) {
    if (file.size > limits.photo_bytes) {
      throw new ApiError('That photo is too large', `At most ${Math.floor(limits.photo_bytes / 2 ** 20)} MB can be sent.`, { slug: 'photo-too-large' });
    }
    return { blob: file, url: null, width: 0, height: 0 };
  }
  const scale = Math.min(1, LONGEST / Math.max(bitmap.width, bitmap.height));
  const width = Math.max(1, Math.round(bitmap.width * scale));
  const height = Math.max(1, Math.round(bitmap.height * scale));
  const plain = ['image/jpeg', 'image/png', 'image/webp'].includes(file.type);
  let blob = file;
  if (scale < 1 || file.size > HEAVY || !plain) blob = await shrink(bitmap, width, height);
  bitmap.close();
  return { blob, url: URL.createObjectURL(blob), width, height };
}

async function shrink(bitmap, width, height) {
  const canvas = document.createElement('canvas');
  canvas.width = width;
  canvas.height = height;
  const context = canvas.getContext('2d');
  context.fillStyle = '#fff'; // what a transparent picture is laid on, here as on the server
  context.fillRect(0, 0, width, height);
  context.imageSmoothingQuality = 'high';
  context.drawImage(bitmap, 0, 0, width, height);
  return new Promise((resolve, reject) => {
    canvas.toBlob((blob) => (blob ? resolve(blob) : reject(new Error('the photo could not be made smaller'))), 'image/jpeg', 0.9);
  });
}

/** The first picture among dropped or pasted things, or null. */
export function pictureIn(transfer) {
  for (const item of transfer?.files ?? []) {
    if (item.type.startsWith('image/') || item.type === '') return item;
  }
  return transfer?.files?.[0] ?? null;
}
