// Shows thumbnails: by their URL if the API is open, else fetched with credentials and shown from blobs, which are freed
// when they leave the view. Either way the browser revalidates them by ETag.
import { base, encodeKey, request } from "./api.js";
import { credentials } from "./credentials.js";
import { pause } from "./dom.js";

const FETCHES = 6;
const TRIES = 3;
const fetches = [];
let fetching = 0;

export const thumbnailPath = (item, thumbnail) => `/thumbnails/${thumbnail.size}/${encodeKey(item.key)}`;

// Loads a thumbnail into `img`, and returns a function that frees it. `loaded` is called when it is shown.
export function show(img, item, thumbnail, loaded = () => {}) {
  const path = thumbnailPath(item, thumbnail);
  const controller = new AbortController();
  let url = null;
  let tries = 0;
  img.addEventListener("load", loaded, { signal: controller.signal });
  if (credentials()) {
    enqueue(controller.signal, async () => {
      const response = await request("GET", path, { signal: controller.signal, attempts: TRIES });
      const blob = await response.blob();
      if (controller.signal.aborted) return;
      url = URL.createObjectURL(blob);
      img.src = url;
    });
  } else {
    img.addEventListener(
      "error",
      async () => {
        if (++tries >= TRIES) return;
        await pause(1000 * tries);
        if (!controller.signal.aborted) img.src = base + path;
      },
      { signal: controller.signal },
    );
    img.src = base + path;
  }
  return () => {
    controller.abort();
    img.removeAttribute("src");
    if (url) URL.revokeObjectURL(url);
  };
}

// Runs a few at a time, and skips those that have left the view before their turn.
function enqueue(signal, work) {
  fetches.push({ signal, work });
  fetchNext();
}

async function fetchNext() {
  if (fetching >= FETCHES) return;
  const next = fetches.shift();
  if (!next) return;
  fetching++;
  try {
    if (!next.signal.aborted) await next.work();
  } catch {
    // The placeholder stays, and the large view says why.
  }
  fetching--;
  fetchNext();
}
