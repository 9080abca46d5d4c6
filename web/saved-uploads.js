// Stores unfinished uploads, with their files, in IndexedDB, so that they continue after a reload.
// If the browser stores no files (a full disk, a private window), it may store what is needed to recognise a file that is
// chosen again; if it stores nothing, an upload ends with the page.
import { base } from "./api.js";

const STORE = "uploads";
let database = null;

function open() {
  database ??= new Promise((resolve, reject) => {
    const opening = indexedDB.open("contact-sheet", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(STORE, { keyPath: "id" });
    opening.onsuccess = () => resolve(opening.result);
    opening.onerror = () => reject(opening.error);
  });
  return database;
}

async function within(mode, work) {
  const transaction = (await open()).transaction(STORE, mode);
  const asked = work(transaction.objectStore(STORE));
  return new Promise((resolve, reject) => {
    transaction.oncomplete = () => resolve(asked.result);
    transaction.onabort = transaction.onerror = () => reject(transaction.error);
  });
}

export async function saveUpload({ id, key, name, size, lastModified, type, uploadId, file }) {
  const entry = { id, base, key, name, size, lastModified, type, uploadId };
  try {
    await within("readwrite", (store) => store.put({ ...entry, file }));
  } catch {
    await within("readwrite", (store) => store.put(entry)).catch(() => {});
  }
}

export async function removeUpload(id) {
  await within("readwrite", (store) => store.delete(id)).catch(() => {});
}

export async function savedUploads() {
  const all = await within("readonly", (store) => store.getAll()).catch(() => []);
  return all.filter((entry) => entry.base === base);
}
