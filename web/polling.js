// Polls images that are still pending: often at first, then less and less.
import { changed } from "./items.js";
import { drop, listingOf, readRecord, refreshNewest } from "./listing.js";
import { unseenUploads } from "./upload.js";

const MIN_DELAY = 300;
const MAX_DELAY = 10_000;
// If more pending images than this are in view, they are read with the list.
const MAX_SINGLE = 4;
let delay = MIN_DELAY;
let timer = null;
let polling = false;
let inView = () => [];

export function startPolling(itemsInView) {
  inView = itemsInView;
  document.addEventListener("visibilitychange", () => document.visibilityState === "visible" && refresh());
}

// When the page is visible again, others may have uploaded something.
function refresh() {
  if (listingOf(null).items.length) refreshNewest(new Set(), Infinity).catch(() => {});
  poll(true);
}

// Polls again; `soon` starts over with short delays.
export function poll(soon) {
  if (soon) delay = MIN_DELAY;
  if (timer && !soon) return;
  clearTimeout(timer);
  timer = setTimeout(look, delay);
}

async function look() {
  timer = null;
  if (polling || document.visibilityState === "hidden") return;
  const unseen = new Set(unseenUploads());
  const pending = inView().filter((item) => item.status === "pending" && item.record);
  if (!unseen.size && !pending.length) return;
  polling = true;
  try {
    if (unseen.size || pending.length > MAX_SINGLE) await refreshNewest(new Set([...unseen, ...pending.map((item) => item.key)]), 0);
    const left = pending.filter((item) => item.status === "pending" && !item.upload);
    for (const item of left.slice(0, MAX_SINGLE)) if (!(await readRecord(item.key))) drop(item.key);
    changed();
  } catch {
    // Retried below.
  }
  polling = false;
  delay = Math.min(MAX_DELAY, delay * 1.4);
  poll();
}
