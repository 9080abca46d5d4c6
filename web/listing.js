// Lists of images, page by page: of all images, or of those that show a label.
import { ApiError, encodeKey, requestJson } from "./api.js";
import { changed, forgetItem, itemOf, knownItem, learn } from "./items.js";
import { encode } from "./sigv4.js";

const PAGE = 100;
const LABEL_PAGE = 50;
const RECORDS_AT_ONCE = 6;

class Listing {
  constructor(label) {
    this.label = label;
    this.items = [];
    this.keys = new Set();
    this.next = undefined;
    this.ended = false;
    this.error = null;
    this.loading = null;
    // The scroll position when the list was left.
    this.scrollTop = 0;
  }

  append(item) {
    if (this.keys.has(item.key)) return;
    this.keys.add(item.key);
    this.items.push(item);
  }

  prepend(item) {
    this.remove(item);
    this.keys.add(item.key);
    this.items.unshift(item);
  }

  remove(item) {
    if (this.keys.delete(item.key)) this.items.splice(this.items.indexOf(item), 1);
  }

  // Reads the next page, unless one is being read. A page may be empty without being the last.
  more() {
    if (this.ended) return Promise.resolve();
    this.loading ??= this.read().finally(() => {
      this.loading = null;
      changed();
    });
    return this.loading;
  }

  async read() {
    try {
      this.error = null;
      const page = this.label === null ? await allPage(this.next) : await labelPage(this.label, this.next);
      for (const item of page.items) this.append(item);
      this.next = page.next;
      this.ended = page.next === null;
    } catch (error) {
      this.error = error;
    }
  }
}

async function allPage(next) {
  const page = await requestJson("GET", "/images", { query: { limit: PAGE, next } });
  return { items: page.images.map(learn), next: page.next };
}

// The index has only keys: the records are read individually, a few at a time.
async function labelPage(label, next) {
  const page = await requestJson("GET", `/labels/${encode(label)}`, { query: { limit: LABEL_PAGE, next } });
  const keys = page.images.map((image) => image.key);
  const waiting = keys.filter((key) => !knownItem(key)?.record);
  const work = async () => {
    while (waiting.length) await readRecord(waiting.shift());
  };
  await Promise.all(Array.from({ length: RECORDS_AT_ONCE }, work));
  return { items: keys.map(knownItem).filter((item) => item?.record), next: page.next };
}

// Reads one image's record; null if there is no such image.
export async function readRecord(key) {
  try {
    return learn(await requestJson("GET", `/images/${encodeKey(key)}`));
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return null;
    throw error;
  }
}

const listings = new Map();

// The list of a label, or of all images if it is null.
export function listingOf(label) {
  let listing = listings.get(label);
  if (!listing) listings.set(label, (listing = new Listing(label)));
  return listing;
}

export function forgetListings() {
  listings.clear();
}

// Lists of labels are read again when they are shown again; this page keeps the list of all images up to date.
export function refreshLabel(label) {
  if (label !== null) listings.delete(label);
  return listingOf(label);
}

// Reads the newest images again, until all of `wanted` (keys) were seen or the list is as old as `since`.
export async function refreshNewest(wanted, since) {
  const all = listingOf(null);
  const fresh = [];
  for (let next, pages = Math.ceil(wanted.size / PAGE) + 1; next !== null && pages > 0; pages--) {
    const page = await allPage(next);
    next = page.next;
    for (const item of page.items) {
      wanted.delete(item.key);
      if (!all.keys.has(item.key)) fresh.push(item);
    }
    const oldest = page.items.at(-1)?.record.uploadedAt;
    if (!wanted.size || (oldest && Date.parse(oldest) < since)) break;
  }
  const first = all.items.find((item) => !item.upload && item.record)?.record.uploadedAt ?? "";
  // Newest first: images newer than the list's head are put before it, older ones are read with their page.
  for (const item of fresh.reverse()) if (item.record.uploadedAt >= first) all.prepend(item);
  changed();
}

// An image was deleted, by this page or by someone else.
export function drop(key) {
  const item = itemOf(key);
  for (const listing of listings.values()) listing.remove(item);
  item.gone = true;
  forgetItem(key);
  changed();
}
