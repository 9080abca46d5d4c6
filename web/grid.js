// The sheet: only the figures in view and a few more are in the document, whatever the length of the list.
import { drawPreview } from "./preview.js";
import { byId, element, icon } from "./dom.js";
import { undoDeletion } from "./deletion.js";
import { show } from "./images.js";
import { CAPTION, layOut, rowsBetween } from "./layout.js";
import { readRoute, routeHash } from "./route.js";
import { drawThumbHash } from "./thumbhash.js";

const MAX_FIGURES = 280;
const sheet = byId("sheet");
const figures = new Map();
const itemOfNode = new WeakMap();
let sheetListing = null;
let layout = { rows: [], height: 0 };
let width = 0;
let needed = () => {};

// Calls `more` when the end of the list is near.
export function startGrid(more) {
  needed = more;
  addEventListener("scroll", eachFrame(renderWindow), { passive: true });
  addEventListener("resize", eachFrame(renderWindow));
  new ResizeObserver(eachFrame(() => sheet.clientWidth !== width && renderGrid(sheetListing))).observe(sheet);
  sheet.addEventListener("keydown", onKey);
}

// Calls `work` once in the next frame, however often this is called.
function eachFrame(work) {
  let scheduled = false;
  return () => {
    if (scheduled) return;
    scheduled = true;
    requestAnimationFrame(() => {
      scheduled = false;
      if (sheetListing) work();
    });
  };
}

const gap = () => (sheet.clientWidth < 700 ? 4 : 8);

// The scroll position, as an item and its distance from the top of the window.
function anchor() {
  const top = sheet.getBoundingClientRect().top;
  if (top >= 0) return null;
  const [first] = rowsBetween(layout.rows, -top, -top);
  const row = layout.rows[first];
  return row && { item: sheetListing.items[row.first], offset: row.top + top };
}

function rowOf(index) {
  return layout.rows.findIndex((row) => index >= row.first && index < row.first + row.slots.length);
}

// Shows a list at its scroll position.
export function renderGrid(shown) {
  const kept = shown === sheetListing ? anchor() : null;
  sheetListing = shown;
  width = sheet.clientWidth;
  layout = layOut(sheetListing.items, width, gap(), sheetListing.ended || sheetListing.error);
  sheet.style.height = `${layout.height}px`;
  const row = kept ? rowOf(sheetListing.items.indexOf(kept.item)) : -1;
  if (row >= 0) {
    const moved = layout.rows[row].top + sheet.getBoundingClientRect().top - kept.offset;
    if (Math.abs(moved) > 1) scrollBy({ top: moved, behavior: "instant" });
  }
  renderWindow();
}

function renderWindow() {
  const top = -sheet.getBoundingClientRect().top;
  const height = innerHeight;
  let [first, last] = rowsBetween(layout.rows, top - height, top + 2 * height);
  const [firstSeen, lastSeen] = rowsBetween(layout.rows, top, top + height);
  const count = () => layout.rows.slice(first, last).reduce((total, row) => total + row.slots.length, 0);
  while (count() > MAX_FIGURES && (first < firstSeen || last > lastSeen)) {
    if (first < firstSeen) first++;
    if (last > lastSeen) last--;
  }
  while (count() > MAX_FIGURES) last--;
  const wanted = new Set();
  for (const row of layout.rows.slice(first, last)) {
    row.slots.forEach((slot, at) => wanted.add(sheetListing.items[row.first + at]));
  }
  for (const [item, figure] of figures) if (!wanted.has(item) && !keepsFocus(figure)) removeFigure(item, figure);
  let before = sheet.firstElementChild;
  for (const row of layout.rows.slice(first, last)) {
    row.slots.forEach((slot, at) => {
      const index = row.first + at;
      const item = sheetListing.items[index];
      const figure = figures.get(item) ?? addFigure(item);
      place(figure, index, slot, row);
      // In the order of the list, so that Tab and screen readers follow the visible order.
      while (before && !wanted.has(itemOfNode.get(before))) before = before.nextElementSibling;
      if (figure.node === before) before = before.nextElementSibling;
      else sheet.insertBefore(figure.node, before);
    });
  }
  if (layout.height - top < 4 * height) needed();
}

// A focused element is kept, otherwise the keyboard would start from the top again.
function keepsFocus(figure) {
  return figure.node.contains(document.activeElement) && figures.size < MAX_FIGURES + 10 && sheetListing.items.includes(figure.item);
}

function addFigure(item) {
  const canvas = element("canvas", { "aria-hidden": "true", width: 1, height: 1 });
  const img = element("img", { alt: "", decoding: "async", draggable: "false" });
  const link = element("a", {}, canvas, img);
  const caption = element("figcaption", {});
  const node = element("li", {}, element("figure", {}, link, caption));
  const figure = { item, node, link, canvas, img, caption, free: null, placeholder: null, thumbnail: null, said: null };
  figures.set(item, figure);
  itemOfNode.set(node, item);
  item.shown = true;
  return figure;
}

function removeFigure(item, figure) {
  figure.free?.();
  figure.node.remove();
  figures.delete(item);
  item.shown = false;
}

export function clearGrid() {
  for (const [item, figure] of figures) removeFigure(item, figure);
  sheetListing = null;
}

function place(figure, index, slot, row) {
  const { item, node, link, img } = figure;
  Object.assign(node.style, { left: `${slot.left}px`, top: `${row.top}px`, width: `${slot.width}px`, height: `${row.height + CAPTION}px` });
  node.setAttribute("aria-posinset", index + 1);
  node.setAttribute("aria-setsize", sheetListing.ended ? sheetListing.items.length : -1);
  const status = item.status;
  const { dataset } = node.firstElementChild;
  if (dataset.key !== item.key) dataset.key = item.key;
  if (dataset.status !== status) dataset.status = status;
  node.classList.toggle("deleted", Boolean(item.deletion));
  link.href = routeHash({ label: readRoute().label, image: item.key });
  caption(figure, status);
  img.alt = describe(item);
  img.width = slot.width;
  img.height = row.height;
  placeholder(figure);
  const thumbnail = item.thumbnail(slot.width * devicePixelRatio);
  if (thumbnail && thumbnail.href !== figure.thumbnail) {
    figure.free?.();
    figure.thumbnail = thumbnail.href;
    img.classList.remove("loaded");
    figure.free = show(img, item, thumbnail, () => img.classList.add("loaded"));
  }
}

function placeholder(figure) {
  const { item, canvas } = figure;
  const hash = item.record?.thumbnails.placeholder;
  const wanted = item.preview ?? hash;
  if (!wanted || figure.placeholder === wanted) return;
  figure.placeholder = wanted;
  if (item.preview) drawPreview(canvas, item.preview);
  else drawThumbHash(canvas, hash);
}

// The accessible name of the link.
export function describe(item) {
  const names = item.labels.slice(0, 5).map((label) => label.name);
  return [item.key, names.join(", ")].filter(Boolean).join(": ");
}

function caption(figure, status) {
  const { item, caption, node } = figure;
  const said = JSON.stringify([status, item.labels.map((label) => label.name), item.failures, Boolean(item.deletion), item.deletionError]);
  if (said === figure.said) return tellProgress(figure);
  figure.said = said;
  caption.replaceChildren(...captionOf(item, status));
  node.title = [item.key, ...item.failures].join("\n");
  tellProgress(figure);
}

function captionOf(item, status) {
  if (item.deletion) {
    const undo = element("button", { type: "button", class: "quiet", click: () => undoDeletion(item) }, icon("undo"), "Undo");
    return [element("span", {}, item.deletion.sent ? "Deleting" : "Deleted"), ...(item.deletion.sent ? [] : [undo])];
  }
  if (item.deletionError) return [icon("failed"), element("span", { class: "reason" }, item.deletionError)];
  if (status === "uploading") return [element("progress", { max: 1, "aria-label": `Upload of ${item.key}` }), element("span", { class: "percent" })];
  if (status === "failed") return [icon("failed"), element("span", { class: "reason" }, item.failures.join(" "))];
  if (status === "pending") return [element("span", { class: "dot" }), element("span", {}, item.thumbnails.length ? "Finding labels" : "Waiting for its thumbnail")];
  return [element("span", {}, item.labels.map((label) => label.name).join(" · ") || "No labels")];
}

function tellProgress({ item, caption }) {
  const bar = caption.querySelector("progress");
  if (!bar || !item.upload) return;
  bar.value = item.upload.progress;
  caption.lastElementChild.textContent = item.upload.state === "offline" ? "No connection" : `${Math.floor(item.upload.progress * 100)} %`;
}

// Updates only the progress of an upload.
export function progressOf(item) {
  const figure = figures.get(item);
  if (figure) tellProgress(figure);
}

// The items in view, and those near it.
export const itemsInView = () => [...figures.keys()];

// Scrolls an item into view and focuses it.
export function focusItem(item) {
  const index = sheetListing ? sheetListing.items.indexOf(item) : -1;
  if (index < 0) return;
  const row = layout.rows[rowOf(index)];
  if (!row) return;
  const bar = byId("bar").offsetHeight;
  const top = row.top + sheet.getBoundingClientRect().top;
  if (top < bar) scrollBy({ top: top - bar - 8, behavior: "instant" });
  else if (top + row.height + CAPTION > innerHeight) scrollBy({ top: top + row.height + CAPTION + 8 - innerHeight, behavior: "instant" });
  renderWindow();
  figures.get(item)?.link.focus({ preventScroll: true });
}

// Arrow keys go to the neighbour, Home and End to the ends of what is loaded.
function onKey(event) {
  const current = [...figures.values()].find((figure) => figure.link === event.target);
  if (!current || event.ctrlKey || event.altKey || event.metaKey) return;
  const index = sheetListing.items.indexOf(current.item);
  const at = rowOf(index);
  const row = layout.rows[at];
  if (!row) return;
  const slot = row.slots[index - row.first];
  const beside = (rows) => {
    const other = layout.rows[at + rows];
    if (!other) return index;
    const middle = slot.left + slot.width / 2;
    const under = other.slots.findIndex((one) => one.left + one.width >= middle);
    return other.first + (under < 0 ? other.slots.length - 1 : under);
  };
  const targets = { ArrowLeft: () => index - 1, ArrowRight: () => index + 1, ArrowUp: () => beside(-1), ArrowDown: () => beside(1), Home: () => 0, End: () => sheetListing.items.length - 1 };
  const target = targets[event.key]?.();
  if (target === undefined) return;
  event.preventDefault();
  const last = layout.rows.at(-1);
  const item = sheetListing.items[Math.max(0, Math.min(target, last.first + last.slots.length - 1))];
  focusItem(item);
}
