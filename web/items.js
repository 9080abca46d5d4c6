// The known images and labels.

const items = new Map();
const labels = new Map();
const listeners = new Set();
let queued = false;

// An image: a record from the API, or a file being uploaded.
class Item {
  constructor(key) {
    this.key = key;
    this.record = null;
    // For a file that this page uploads: the upload, and a small canvas with the image.
    this.upload = null;
    this.preview = null;
    // Width over height of its slot; null if it is not known yet. It does not change while shown, so that nothing moves.
    this.ratio = null;
    this.shown = false;
    // The upload time of the image that this page replaces, whose records are outdated.
    this.replaced = null;
    // A deletion that can still be undone.
    this.deletion = null;
    this.labelsCounted = false;
  }

  get status() {
    if (this.upload) return this.upload.state === "failed" ? "failed" : "uploading";
    const parts = [this.record?.analysis.status, this.record?.thumbnails.status];
    if (!this.record || parts.includes("pending")) return "pending";
    return parts.includes("failed") ? "failed" : "done";
  }

  get labels() {
    return this.record?.analysis.labels ?? [];
  }

  // Why it failed, as reported by the API.
  get failures() {
    if (this.upload) return this.upload.state === "failed" ? [this.upload.message] : [];
    const { analysis, thumbnails } = this.record ?? {};
    const reasons = [thumbnails?.reason?.message, analysis?.reason?.message].filter(Boolean);
    return [...new Set(reasons)];
  }

  get thumbnails() {
    return this.record?.thumbnails.items ?? [];
  }

  // The smallest thumbnail of at least this many pixels, or the largest.
  thumbnail(width) {
    const ascending = [...this.thumbnails].sort((one, other) => one.width - other.width);
    return ascending.find((one) => one.width >= width) ?? ascending.at(-1);
  }
}

export function itemOf(key) {
  let item = items.get(key);
  if (!item) items.set(key, (item = new Item(key)));
  return item;
}

export const knownItem = (key) => items.get(key);

// Merges an image's record or summary from the API.
export function learn(record) {
  const item = itemOf(record.key);
  if (item.replaced === record.uploadedAt) return item;
  const { width, height } = record.thumbnails;
  if (width && height) item.ratio ??= item.shown ? 1 : width / height;
  // A summary has less detail about labels than a record that was fetched before.
  const same = item.record?.uploadedAt === record.uploadedAt && item.record.analysis.status === record.analysis.status;
  const detailed = same && item.record.analysis.labels?.[0]?.instances;
  item.record = detailed ? { ...record, analysis: item.record.analysis } : record;
  if (!item.labelsCounted && item.labels.length) {
    item.labelsCounted = true;
    for (const { name } of item.labels) labels.set(name, (labels.get(name) ?? 0) + 1);
  }
  changed();
  return item;
}

export function forgetItem(key) {
  items.delete(key);
}

export function forgetItems() {
  items.clear();
  labels.clear();
}

// Labels that contain `text`, those that start with it and then the most frequent first.
export function labelsLike(text) {
  const wanted = text.trim().toLowerCase();
  const like = [...labels].filter(([name]) => name.toLowerCase().includes(wanted));
  const starts = ([name]) => (name.toLowerCase().startsWith(wanted) ? 0 : 1);
  like.sort((one, other) => starts(one) - starts(other) || other[1] - one[1] || one[0].localeCompare(other[0]));
  return like;
}

// The label as spelled in the index, where names are exact.
export function spelled(text) {
  const name = text.trim();
  const known = labels.has(name) ? name : [...labels.keys()].find((one) => one.toLowerCase() === name.toLowerCase());
  return known ?? name;
}

// Calls `listener` once after one or more changes.
export function onChange(listener) {
  listeners.add(listener);
}

export function changed() {
  if (queued) return;
  queued = true;
  queueMicrotask(() => {
    queued = false;
    for (const listener of listeners) listener();
  });
}
