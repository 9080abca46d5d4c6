// The list of uploads, with their progress, or why a file was refused.
import { announce, byId, element, icon } from "./dom.js";
import { cancelUpload, clearUpload, onUpload, retryUpload, uploads } from "./upload.js";

const tray = byId("tray");
const trayList = byId("tray-list");
const trayRows = new Map();
const STATES = { queued: "Waiting", offline: "No connection: continues automatically" };
let announced = "";

export function startTray() {
  // Its height is in a transform, so that browsers count no layout shift when a row is added or removed.
  new ResizeObserver(() => document.documentElement.style.setProperty("--tray", `${tray.offsetHeight}px`)).observe(tray);
  onUpload((upload) => {
    renderRow(upload);
    renderSummary();
  });
  byId("tray-toggle").addEventListener("click", () => {
    trayList.hidden = !trayList.hidden;
    byId("tray-toggle").setAttribute("aria-expanded", String(!trayList.hidden));
  });
  byId("tray-clear").addEventListener("click", () => {
    for (const upload of [...uploads]) if (!isRunning(upload)) clearUpload(upload);
    renderTray();
  });
}

const isRunning = (upload) => ["queued", "sending", "offline"].includes(upload.state);

export function renderTray() {
  for (const [upload, row] of trayRows) {
    if (uploads.includes(upload)) continue;
    row.remove();
    trayRows.delete(upload);
  }
  for (const upload of uploads) renderRow(upload);
  renderSummary();
}

function renderRow(upload) {
  let row = trayRows.get(upload);
  if (!uploads.includes(upload)) return;
  // Finished uploads are counted above, and visible in the sheet.
  if (upload.state === "done") {
    row?.remove();
    trayRows.delete(upload);
    return;
  }
  if (!row) {
    row = element("li", {}, element("span", { class: "name" }, upload.name), element("span", { class: "state" }), element("span", { class: "actions" }), element("progress", { max: 1, "aria-label": `Upload of ${upload.name}` }));
    trayRows.set(upload, row);
    trayList.append(row);
  }
  const [, state, actions, bar] = row.children;
  bar.value = upload.progress;
  bar.hidden = !isRunning(upload);
  const text = upload.message || (upload.state === "sending" ? `${Math.floor(upload.progress * 100)} %` : STATES[upload.state]);
  if (state.textContent !== text) state.textContent = text;
  if (row.dataset.state === upload.state) return;
  row.dataset.state = upload.state;
  actions.replaceChildren(...actionsOf(upload));
}

function actionsOf(upload) {
  const button = (text, work, name) =>
    element("button", { type: "button", class: "quiet", "aria-label": `${text} ${upload.name}`, click: () => (work(upload), renderTray()) }, name ? icon(name) : text);
  if (isRunning(upload) || upload.state === "unread") return [button("Cancel", cancelUpload, "close")];
  if (upload.state === "failed") return [button("Retry", retryUpload), button("Cancel", cancelUpload, "close")];
  return upload.state === "refused" ? [button("Clear", clearUpload, "close")] : [];
}

function renderSummary() {
  tray.hidden = !uploads.length;
  const sent = uploads.filter((upload) => upload.state !== "refused");
  const done = sent.filter((upload) => upload.state === "done").length;
  const failed = uploads.filter((upload) => ["failed", "refused"].includes(upload.state)).length;
  const running = uploads.some(isRunning);
  const total = sent.reduce((bytes, upload) => bytes + upload.size, 0);
  const progress = sent.reduce((bytes, upload) => bytes + upload.progress * upload.size, 0) / (total || 1);
  const parts = [];
  if (running) parts.push(`Uploading ${done + 1} of ${sent.length}`);
  else if (done) parts.push(`${done} uploaded`);
  if (failed) parts.push(`${failed} not uploaded`);
  if (!parts.length) parts.push("Uploads");
  const text = parts.join(", ");
  byId("tray-summary").textContent = running ? `${text} · ${Math.floor(progress * 100)} %` : text;
  const bar = byId("tray-progress");
  bar.value = progress;
  bar.hidden = !running;
  byId("tray-clear").hidden = running;
  if (text !== announced && uploads.length) announce((announced = text));
}
