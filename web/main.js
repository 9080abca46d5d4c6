// The gallery page.
import { credentials, forgetCredentials, startCredentials } from "./credentials.js";
import { startDeletion } from "./deletion.js";
import { announce, byId, element, icon } from "./dom.js";
import { startDropping } from "./drop.js";
import { clearGrid, itemsInView, progressOf, renderGrid, startGrid } from "./grid.js";
import { changed, forgetItems, itemOf, onChange } from "./items.js";
import { forgetListings, listingOf, refreshLabel } from "./listing.js";
import { poll, startPolling } from "./polling.js";
import { showUpload } from "./preview.js";
import { readRoute } from "./route.js";
import { showLabel, startSearch } from "./search.js";
import { renderTray, startTray } from "./tray.js";
import { addFiles, forgetUploads, onUpload, resumeUploads } from "./upload.js";
import { renderViewer, showViewer, startViewer } from "./viewer.js";

let listing = null;

// Shows what the URL names.
function follow() {
  const { label, image } = readRoute();
  if (listing?.label !== label) {
    if (listing) listing.scrollTop = scrollY;
    clearGrid();
    listing = refreshLabel(label);
    showLabel(label);
    byId("title").textContent = label ?? "All images";
    byId("title").classList.toggle("unseen", label === null);
    document.title = label ? `${label} – Contact Sheet` : "Contact Sheet";
    render();
    scrollTo({ top: listing.scrollTop, behavior: "instant" });
    more();
  }
  showViewer(image, listing);
}

async function more() {
  const reading = listing;
  if (reading.ended || reading.error || reading.loading) return;
  const count = reading.items.length;
  await reading.more();
  if (reading !== listing) return;
  if (reading.label !== null && !count) announce(`${reading.items.length || "No"} images of ${reading.label}`);
  poll();
}

function render() {
  renderGrid(listing);
  renderNotice();
  renderViewer();
  renderTray();
  byId("forget").hidden = !credentials();
  byId("more").hidden = !listing.loading;
}

// The notice if there are no images, or no more.
function renderNotice() {
  const notice = byId("notice");
  const { error, ended, items, label } = listing;
  const state = error ? `error ${error.message}` : ended && !items.length ? `empty ${label}` : "";
  if (notice.dataset.state === state) return;
  notice.dataset.state = state;
  notice.hidden = !state;
  if (error) {
    const retry = element("button", { type: "button", class: "button", click: () => ((listing.error = null), more(), changed()) }, "Try again");
    notice.replaceChildren(icon("failed"), element("p", {}, `The images cannot be read: ${error.message}`), retry);
  } else if (label !== null) {
    notice.replaceChildren(element("p", {}, `No image shows “${label}”.`), element("a", { href: "#", class: "button" }, "All images"));
  } else if (state) {
    const frames = element("div", { class: "frames", "aria-hidden": "true" }, ...Array.from({ length: 6 }, () => element("i", {})));
    notice.replaceChildren(frames, element("p", {}, "No images yet. Drop some here, paste them, or choose files."), element("label", { for: "files", class: "button" }, icon("add"), "Add images"));
  }
}

function forget() {
  forgetUploads();
  forgetCredentials();
  clearGrid();
  forgetItems();
  forgetListings();
  listing = null;
  history.replaceState(null, "", location.pathname);
  announce("The credentials are forgotten.");
  follow();
}

startCredentials();
startSearch();
startTray();
startViewer();
startDeletion();
startDropping(addFiles);
startGrid(more);
startPolling(itemsInView);
onChange(render);
onUpload((upload) => {
  if (!upload.key) return;
  progressOf(itemOf(upload.key));
  if (upload.state === "queued" && upload.file) showUpload(upload);
  if (upload.state === "done") poll(true);
});
addEventListener("hashchange", follow);
byId("forget").addEventListener("click", forget);
history.scrollRestoration = "manual";
follow();
resumeUploads();
