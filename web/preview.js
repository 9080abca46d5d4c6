// Previews of files being uploaded: their size immediately, so that their slot is right, then a small copy.
import { changed, itemOf } from "./items.js";
import { listingOf } from "./listing.js";

const WIDTH = 480;
let copies = Promise.resolve();

// Puts the upload's image at the head of the list.
export async function showUpload(upload) {
  const item = itemOf(upload.key);
  if (item.preview) return;
  const size = await sizeOf(upload.file);
  if (item.upload !== upload) return;
  if (size) item.ratio = size.width / size.height;
  listingOf(null).prepend(item);
  changed();
  // One after the other: decoding a photograph takes 50 MB.
  if (size) copies = copies.then(() => copy(upload, item, size)).catch(() => {});
}

// Width and height, which a browser knows before it decodes the image; null if it can't read it.
function sizeOf(file) {
  const url = URL.createObjectURL(file);
  const image = new Image();
  return new Promise((resolve) => {
    image.onload = () => resolve(image.naturalWidth ? { width: image.naturalWidth, height: image.naturalHeight } : null);
    image.onerror = () => resolve(null);
    image.src = url;
  }).finally(() => URL.revokeObjectURL(url));
}

async function copy(upload, item, { width, height }) {
  if (item.upload !== upload || !upload.file) return;
  const scale = Math.min(1, WIDTH / width);
  const bitmap = await createImageBitmap(upload.file, {
    resizeWidth: Math.max(1, Math.round(width * scale)),
    resizeHeight: Math.max(1, Math.round(height * scale)),
    resizeQuality: "medium",
  });
  item.preview = bitmap;
  changed();
}

// Draws the preview or placeholder of an item before its image has loaded.
export function drawPreview(canvas, bitmap) {
  canvas.width = bitmap.width;
  canvas.height = bitmap.height;
  canvas.getContext("2d").drawImage(bitmap, 0, 0);
}
