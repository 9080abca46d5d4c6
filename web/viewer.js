// The large view: an image with its labels and their boxes, its original, and Delete.
import { base, encodeKey, request } from "./api.js";
import { credentials } from "./credentials.js";
import { deleteLater, undoDeletion } from "./deletion.js";
import { announce, byId, element, formatBytes, icon } from "./dom.js";
import { describe, focusItem } from "./grid.js";
import { show } from "./images.js";
import { knownItem } from "./items.js";
import { drop, readRecord } from "./listing.js";
import { drawPreview } from "./preview.js";
import { readRoute, replaceRoute, routeHash } from "./route.js";
import { drawThumbHash } from "./thumbhash.js";

// Bytes that are read through the API at a time.
const RANGE = 8_000_000;
const dialog = byId("viewer");
const image = byId("viewer-image");
const canvas = byId("viewer-placeholder");
let item = null;
let neighbours = null;
let free = null;
let shownThumbnail = null;
let said = "";
// Whether the previous entry in the history is the sheet.
let cameFromSheet = false;

export function startViewer() {
  byId("close").addEventListener("click", closeViewer);
  byId("previous").addEventListener("click", () => step(-1));
  byId("next").addEventListener("click", () => step(1));
  byId("download").addEventListener("click", download);
  byId("delete").addEventListener("click", () => (item.deletion ? undoDeletion(item) : deleteLater(item)));
  byId("sheet").addEventListener("click", (event) => (cameFromSheet ||= Boolean(event.target.closest("a"))));
  dialog.addEventListener("cancel", (event) => {
    event.preventDefault();
    closeViewer();
  });
  addEventListener("keydown", (event) => {
    if (!dialog.open || event.altKey || event.ctrlKey || event.metaKey) return;
    if (event.key === "ArrowLeft") step(-1);
    if (event.key === "ArrowRight") step(1);
  });
  startSwipe();
}

// A horizontal swipe shows the neighbour.
function startSwipe() {
  let from = null;
  byId("stage").addEventListener("pointerdown", (event) => (from = event.pointerType === "mouse" ? null : event));
  byId("stage").addEventListener("pointerup", (event) => {
    if (!from) return;
    const [x, y] = [event.clientX - from.clientX, event.clientY - from.clientY];
    if (Math.abs(x) > 50 && Math.abs(x) > 2 * Math.abs(y)) step(x < 0 ? 1 : -1);
    from = null;
  });
}

function step(by) {
  const other = neighbours.items[neighbours.items.indexOf(item) + by];
  if (!other) return;
  replaceRoute({ ...readRoute(), image: other.key });
  announce(describe(other));
  if (neighbours.items.indexOf(other) > neighbours.items.length - 10) neighbours.more();
}

function closeViewer() {
  if (cameFromSheet) history.back();
  else replaceRoute({ label: readRoute().label });
}

// Shows the image of a key, or closes the view for null.
export async function showViewer(key, inListing) {
  neighbours = inListing;
  if (key === null) return hide();
  if (item?.key === key) return renderViewer();
  hide(true);
  item = knownItem(key) ?? unknown(key, "Looking for it.");
  if (!dialog.open) dialog.showModal();
  renderViewer();
  // Lists have no boxes and no parents of labels.
  if (item.upload) return;
  try {
    const record = await readRecord(key);
    if (readRoute().image !== key) return;
    if (record) item = record;
    else {
      if (knownItem(key)) drop(key);
      item = unknown(key, "There is no such image, or no longer.");
    }
  } catch (error) {
    if (item?.key === key) byId("viewer-note").textContent = error.message;
  }
  if (item?.key === key) renderViewer();
}

// A stand-in for a key without a known record.
function unknown(key, missing) {
  return { key, missing, labels: [], failures: [], thumbnails: [], thumbnail: () => undefined };
}

function hide(keepOpen) {
  free?.();
  free = shownThumbnail = null;
  said = "";
  const last = item;
  item = null;
  if (keepOpen || !dialog.open) return;
  cameFromSheet = false;
  dialog.close();
  if (last) focusItem(last);
}

export function renderViewer() {
  if (!item || !dialog.open) return;
  if (item.gone) return closeViewer();
  byId("viewer-name").textContent = item.key;
  byId("viewer-facts").textContent = factsOf(item).join(" · ");
  byId("viewer-failures").replaceChildren(...item.failures.map((reason) => element("li", {}, icon("failed"), reason)));
  renderImage();
  renderLabels();
  const index = neighbours.items.indexOf(item);
  // Not disabled, which would drop the focus at the end.
  byId("previous").setAttribute("aria-disabled", index <= 0);
  byId("next").setAttribute("aria-disabled", index < 0 || index === neighbours.items.length - 1);
  const actions = byId("viewer-actions");
  actions.hidden = Boolean(item.upload) || !item.record;
  byId("download").href = `${base}/originals/${encodeKey(item.key)}`;
  byId("download").download = item.key.split("/").at(-1);
  const button = byId("delete");
  button.disabled = Boolean(item.deletion?.sent);
  button.lastElementChild.textContent = item.deletion ? "Undo delete" : "Delete";
  button.querySelector("use").setAttribute("href", item.deletion ? "#icon-undo" : "#icon-delete");
  dialog.classList.toggle("deleted", Boolean(item.deletion));
  if (item.deletion || item.deletionError) {
    byId("viewer-note").textContent = item.deletionError ?? (item.deletion.sent ? "Deleting…" : "It will be deleted in a few seconds.");
  }
}

function factsOf({ record }) {
  if (!record) return [];
  const { width, height, format } = record.thumbnails;
  const time = new Date(record.uploadedAt);
  return [
    width && `${width} × ${height}`,
    format?.toUpperCase(),
    formatBytes(record.bytes),
    Number.isNaN(time.getTime()) ? null : time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "short" }),
  ].filter(Boolean);
}

function renderImage() {
  const stage = byId("stage");
  const width = item.record?.thumbnails.width ?? item.preview?.width;
  const height = item.record?.thumbnails.height ?? item.preview?.height;
  const isKnown = Boolean(width && height);
  byId("frame").hidden = !isKnown;
  const missing = byId("viewer-missing");
  missing.hidden = isKnown;
  missing.textContent = item.missing ?? (item.failures.length ? "There is no image to show." : "Not ready yet.");
  if (!isKnown) return;
  stage.style.setProperty("--ratio", width / height);
  // No larger than the image, or than its largest thumbnail if that is more than half the image.
  stage.style.setProperty("--width", `${width}px`);
  if (item.preview) drawPreview(canvas, item.preview);
  else drawThumbHash(canvas, item.record.thumbnails.placeholder ?? "");
  image.alt = describe(item);
  const thumbnail = item.thumbnail(byId("frame").clientWidth * devicePixelRatio || innerWidth);
  if (!thumbnail || thumbnail.href === shownThumbnail) return;
  shownThumbnail = thumbnail.href;
  free?.();
  image.classList.remove("loaded");
  free = show(image, item, thumbnail, () => image.classList.add("loaded"));
}

function renderLabels() {
  const { analysis } = item.record ?? {};
  const state = JSON.stringify([item.key, analysis]);
  if (state === said) return;
  said = state;
  const boxes = [];
  const rows = item.labels.map((label) => {
    const own = (label.instances ?? []).map(({ box }) => boxOf(label.name, box));
    boxes.push(...own);
    const point = (on) => () => own.forEach((box) => box.classList.toggle("pointed", on));
    const link = element("a", { href: routeHash({ label: label.name }), pointerenter: point(true), pointerleave: point(false), focus: point(true), blur: point(false) }, element("span", {}, label.name), element("span", { class: "confidence" }, `${Math.round(label.confidence)} %`));
    link.style.setProperty("--share", label.confidence / 100);
    return element("li", { title: (label.parents ?? []).join(" › ") || undefined }, link);
  });
  byId("boxes").replaceChildren(...boxes);
  byId("viewer-labels").replaceChildren(...rows);
  byId("viewer-labels-title").textContent = rows.length ? "Labels" : analysis?.status === "done" ? "No labels" : analysis?.status === "pending" ? "Finding labels" : "";
}

function boxOf(name, { left, top, width, height }) {
  const box = element("div", { class: "box", "aria-hidden": "true" }, element("span", {}, name));
  const percent = (value) => `${value * 100}%`;
  Object.assign(box.style, { left: percent(left), top: percent(top), width: percent(width), height: percent(height) });
  return box;
}

// Small originals of an open API are downloaded by their URL; others in ranges, with credentials, and joined here.
async function download(event) {
  const { key, record } = item;
  if (!credentials() && record.bytes <= RANGE) return;
  event.preventDefault();
  const note = byId("viewer-note");
  try {
    const parts = [];
    let type = "";
    for (let at = 0; at < record.bytes; at += RANGE) {
      const response = await request("GET", `/originals/${encodeKey(key)}`, { headers: { range: `bytes=${at}-${Math.min(at + RANGE, record.bytes) - 1}` } });
      type = response.headers.get("content-type") ?? "";
      parts.push(await response.blob());
      // Without a range this is the whole object.
      if (response.status === 200) break;
      note.textContent = `Downloading: ${Math.floor((100 * Math.min(at + RANGE, record.bytes)) / record.bytes)} %`;
    }
    const url = URL.createObjectURL(new Blob(parts, { type }));
    element("a", { href: url, download: key.split("/").at(-1) }).click();
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
    note.textContent = "";
  } catch (error) {
    note.textContent = `Not downloaded: ${error.message}`;
  }
}
