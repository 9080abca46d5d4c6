// Uploads files: up to 10 MB with one PUT, larger ones in parts, with three requests at a time in total.
// Uploads continue after a lost connection, and after a reload.
import { ApiError, encodeKey, request, requestJson, send } from "./api.js";
import { changed, itemOf } from "./items.js";
import { formatBytes } from "./dom.js";
import { drop, listingOf } from "./listing.js";
import { removeUpload, saveUpload, savedUploads } from "./saved-uploads.js";

const MAX_PUT = 10_000_000;
const MAX_FILE = 50_000_000;
const PART = 5_242_880;
const MAX_KEY = 1000;
const TRANSFERS = 3;
const READABLE = /\.(jpe?g|png|gif|webp|bmp|tiff?|hei[cf])$/i;

// Every upload of this page, in the order in which the files were chosen.
export const uploads = [];
const uploaded = new Set();
const uploadListeners = new Set();

class Upload {
  constructor(entry) {
    Object.assign(this, entry);
    // queued, sending, offline, done, failed, refused, or unread: the file must be chosen again
    this.state = "queued";
    this.message = "";
    // Bytes sent of each part, or of the one body.
    this.sent = new Map();
    this.controller = new AbortController();
  }

  get progress() {
    if (this.state === "done") return 1;
    let sent = 0;
    for (const bytes of this.sent.values()) sent += bytes;
    return this.size ? Math.min(1, sent / this.size) : 0;
  }

  is(state, message = "") {
    this.state = state;
    this.message = message;
    changed();
    this.tell();
  }

  tell() {
    for (const listener of uploadListeners) listener(this);
  }
}

// Calls `listener` with an upload after each change of its state and each progress.
export function onUpload(listener) {
  uploadListeners.add(listener);
}

// Adds files: [{file, path}], where `path` is relative to a folder that was dropped.
export async function addFiles(files) {
  for (const { file, path } of files) {
    const unread = uploads.find((one) => one.state === "unread" && isSame(one, file));
    if (unread) {
      unread.file = file;
      start(unread);
      continue;
    }
    const name = path ?? file.name;
    const upload = new Upload({ id: crypto.randomUUID(), name, file, size: file.size, lastModified: file.lastModified, type: file.type });
    uploads.push(upload);
    const problem = refusalOf(file, name);
    if (problem) {
      upload.is("refused", problem);
      continue;
    }
    upload.key = await freeKey(name);
    if (new TextEncoder().encode(upload.key).length > MAX_KEY) upload.is("refused", "Its name is longer than 1,000 bytes: rename it.");
    else start(upload);
  }
}

const isSame = (upload, file) => upload.file === undefined && upload.name === file.name && upload.size === file.size && upload.lastModified === file.lastModified;

function refusalOf(file, name) {
  if (!file.size) return "The file is empty.";
  if (file.size > MAX_FILE) return `${formatBytes(file.size)} is more than 50 MB.`;
  const isImage = file.type.startsWith("image/") || (!file.type && READABLE.test(name)) || /\.hei[cf]$/i.test(name);
  if (!isImage) return "Not an image that can be read: JPEG, PNG, GIF, WebP, BMP, TIFF or HEIC.";
  return null;
}

// An unused key made from a file's name, so that nothing is replaced by accident.
async function freeKey(name) {
  // API Gateway may not pass a plus on to S3.
  const wanted = name.normalize("NFC").replaceAll("+", "-").replace(/^\/+|\/+$/g, "");
  const [, stem, ending] = /^(.*?)(\.[^./]*)?$/s.exec(wanted);
  for (let number = 1; ; number++) {
    const key = number === 1 ? wanted : `${stem} (${number})${ending ?? ""}`;
    if (!uploads.some((upload) => upload.key === key && upload.state !== "failed") && !(await isTaken(key))) return key;
  }
}

async function isTaken(key) {
  const all = listingOf(null);
  if (all.keys.has(key)) return true;
  // A list that was read to its end has every key; otherwise ask the API.
  if (all.ended) return false;
  try {
    await request("HEAD", `/originals/${encodeKey(key)}`);
    return true;
  } catch (error) {
    if (error instanceof ApiError) return false;
    throw error;
  }
}

function start(upload) {
  const item = itemOf(upload.key);
  item.upload = upload;
  item.replaced = item.record?.uploadedAt ?? null;
  item.record = null;
  upload.controller = new AbortController();
  upload.sent.clear();
  upload.is("queued");
  lockAndSend(upload);
}

async function lockAndSend(upload) {
  // Another tab may be sending it.
  const name = `contact-sheet-${upload.id}`;
  await (navigator.locks ? navigator.locks.request(name, () => sendFile(upload)) : sendFile(upload));
}

async function sendFile(upload) {
  const { signal } = upload.controller;
  try {
    if (upload.size > MAX_PUT) await sendInParts(upload, signal);
    else await sendWhole(upload, signal);
    uploaded.add(upload.key);
    finish(upload, "done");
  } catch (error) {
    if (!signal.aborted) upload.is("failed", error instanceof ApiError ? sentence(error.message) : `The file cannot be read: ${error.message}`);
  }
}

const sentence = (text) => text.charAt(0).toUpperCase() + text.slice(1) + (/[.!?]$/.test(text) ? "" : ".");

function finish(upload, state) {
  removeUpload(upload.id);
  const item = itemOf(upload.key);
  if (item.upload === upload) item.upload = null;
  upload.file = null;
  upload.is(state);
}

async function sendWhole(upload, signal) {
  saveUpload(upload);
  await turn(signal, () => sendBytes(upload, 0, upload.file, signal, "PUT", `/images/${encodeKey(upload.key)}`, { type: upload.type || "application/octet-stream" }));
}

async function sendInParts(upload, signal) {
  const path = `/uploads/${encodeKey(upload.key)}`;
  const count = Math.ceil(upload.size / PART);
  for (let again = false; ; again = true) {
    const parts = new Map();
    try {
      if (upload.uploadId) {
        const known = await requestJson("GET", path, { query: { uploadId: upload.uploadId }, signal, attempts: 20 });
        for (const { part, etag, bytes } of known.parts) if (bytes === sizeOfPart(upload, part)) parts.set(part, etag);
      } else {
        await saveUpload(upload);
        const type = upload.type || "application/octet-stream";
        const { json } = await turn(signal, () => sendBytes(upload, 0, null, signal, "POST", path, { type }));
        upload.uploadId = json.uploadId;
        await saveUpload(upload);
      }
      for (const part of parts.keys()) upload.sent.set(part, sizeOfPart(upload, part));
      const numbers = Array.from({ length: count }, (_, index) => index + 1).filter((part) => !parts.has(part));
      await Promise.all(
        numbers.map((part) =>
          turn(signal, async () => {
            const bytes = upload.file.slice((part - 1) * PART, part * PART);
            const query = { uploadId: upload.uploadId, part };
            const { etag } = await sendBytes(upload, part, bytes, signal, "PUT", path, { query, type: "application/octet-stream" });
            parts.set(part, etag);
          }),
        ),
      );
      const list = [...parts].sort(([one], [other]) => one - other).map(([part, etag]) => ({ part, etag }));
      const body = new Blob([JSON.stringify({ parts: list })]);
      await sendBytes(upload, 0, body, signal, "PATCH", path, { query: { uploadId: upload.uploadId }, type: "application/json" });
      return;
    } catch (error) {
      // S3 deletes old uploads, and knows no upload that was completed just before a reload.
      if (!(error instanceof ApiError && error.status === 404) || again) throw error;
      upload.uploadId = undefined;
      upload.sent.clear();
    }
  }
}

const sizeOfPart = (upload, part) => Math.min(PART, upload.size - (part - 1) * PART);

function sendBytes(upload, part, body, signal, method, path, options) {
  const counts = method === "PUT";
  if (upload.state === "queued") upload.is("sending");
  return send(method, path, {
    ...options,
    body,
    signal,
    progress: (bytes) => {
      if (!counts) return;
      upload.sent.set(part, Math.min(bytes, body.size));
      upload.tell();
    },
    offline: (isOffline) => upload.is(isOffline ? "offline" : "sending"),
  });
}

// Allows three requests at a time, in order.
let running = 0;
const turns = [];

async function turn(signal, work) {
  if (running >= TRANSFERS) await new Promise((resolve) => turns.push(resolve));
  else running++;
  try {
    if (signal.aborted) throw signal.reason;
    return await work();
  } finally {
    if (turns.length) turns.shift()();
    else running--;
  }
}

export function cancelUpload(upload) {
  upload.controller.abort();
  if (upload.uploadId) {
    request("DELETE", `/uploads/${encodeKey(upload.key)}`, { query: { uploadId: upload.uploadId } }).catch(() => {});
  }
  removeUpload(upload.id);
  clearUpload(upload);
}

export const retryUpload = (upload) => start(upload);

export function clearUpload(upload) {
  const at = uploads.indexOf(upload);
  if (at >= 0) uploads.splice(at, 1);
  if (upload.key && itemOf(upload.key).upload === upload) drop(upload.key);
  changed();
}

export function forgetUploads() {
  for (const upload of [...uploads]) {
    upload.controller.abort();
    removeUpload(upload.id);
  }
  uploads.length = 0;
  uploaded.clear();
}

// Keys that this page has uploaded whose records it has not seen yet.
export function unseenUploads() {
  for (const key of uploaded) if (itemOf(key).record) uploaded.delete(key);
  return uploaded;
}

// Continues the uploads of an earlier page.
export async function resumeUploads() {
  for (const entry of await savedUploads()) {
    const upload = new Upload(entry);
    // Another tab is sending it.
    const held = navigator.locks && (await navigator.locks.query()).held.some((lock) => lock.name === `contact-sheet-${entry.id}`);
    if (held) continue;
    uploads.push(upload);
    if (upload.file) start(upload);
    else upload.is("unread", "Choose this file again to continue.");
  }
}
