// Deletes images after a few seconds, until which a deletion can be undone in the same view.
import { base, encodeKey, request } from "./api.js";
import { credentials } from "./credentials.js";
import { announce } from "./dom.js";
import { changed } from "./items.js";
import { drop } from "./listing.js";

const DELAY = 8000;
const deletions = new Set();

export function deleteLater(item) {
  item.deletion = { timer: setTimeout(sendDeletion, DELAY, item), error: "" };
  deletions.add(item);
  announce(`${item.key} will be deleted. Undo is where Delete was.`);
  changed();
}

export function undoDeletion(item) {
  clearTimeout(item.deletion?.timer);
  deletions.delete(item);
  item.deletion = null;
  announce(`${item.key} is kept.`);
  changed();
}

async function sendDeletion(item) {
  if (!deletions.delete(item)) return;
  item.deletion.sent = true;
  changed();
  try {
    await request("DELETE", `/images/${encodeKey(item.key)}`);
    announce(`${item.key} is deleted.`);
    drop(item.key);
  } catch (error) {
    item.deletion = null;
    item.deletionError = `Not deleted: ${error.message}`;
    announce(item.deletionError);
    changed();
  }
}

// A page that is left sends its pending deletions. Signatures take longer than a page then has, so signed requests are
// sent as soon as the page is hidden.
export function startDeletion() {
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden" && credentials()?.kind === "iam") for (const item of [...deletions]) flush(item);
  });
  addEventListener("pagehide", () => {
    for (const item of [...deletions]) {
      const given = credentials();
      deletions.delete(item);
      const headers = given?.kind === "key" ? { "x-api-key": given.apiKey } : {};
      fetch(`${base}/images/${encodeKey(item.key)}`, { method: "DELETE", keepalive: true, headers });
    }
  });
}

function flush(item) {
  clearTimeout(item.deletion?.timer);
  sendDeletion(item);
}
