// Files from the file input, from drag and drop (folders, too), and from the clipboard.
import { byId } from "./dom.js";

export function startDropping(add) {
  const input = byId("files");
  input.addEventListener("change", () => {
    add(Array.from(input.files, (file) => ({ file })));
    // So that the same file can be chosen again.
    input.value = "";
  });
  addEventListener("paste", (event) => {
    const files = Array.from(event.clipboardData?.files ?? []);
    if (files.length) add(files.map((file) => ({ file, path: pastedName(file) })));
  });
  const hasFiles = (event) => event.dataTransfer?.types.includes("Files");
  addEventListener("dragover", (event) => {
    if (!hasFiles(event)) return;
    event.preventDefault();
    byId("drop").hidden = false;
  });
  addEventListener("dragleave", (event) => {
    if (!event.relatedTarget) byId("drop").hidden = true;
  });
  addEventListener("drop", async (event) => {
    byId("drop").hidden = true;
    if (!hasFiles(event)) return;
    event.preventDefault();
    add(await filesOf(event.dataTransfer));
  });
}

// Browsers name every pasted image image.png.
function pastedName(file) {
  const time = new Date().toISOString().slice(0, 19).replaceAll(":", ".");
  return /^image\.\w+$/.test(file.name) ? `Pasted ${time}.${file.name.split(".").at(-1)}` : file.name;
}

async function filesOf(transfer) {
  const entries = Array.from(transfer.items ?? [], (item) => item.webkitGetAsEntry?.()).filter(Boolean);
  if (!entries.some((entry) => entry.isDirectory)) return Array.from(transfer.files, (file) => ({ file }));
  const found = [];
  for (const entry of entries) await walk(entry, found);
  return found;
}

async function walk(entry, found) {
  if (entry.isFile) {
    const file = await new Promise((resolve, reject) => entry.file(resolve, reject));
    if (!file.name.startsWith(".")) found.push({ file, path: entry.fullPath.slice(1) });
    return;
  }
  const reader = entry.createReader();
  // A reader returns up to a hundred entries at a time, and none at the end.
  for (;;) {
    const entries = await new Promise((resolve, reject) => reader.readEntries(resolve, reject));
    if (!entries.length) return;
    for (const inner of entries) await walk(inner, found);
  }
}
