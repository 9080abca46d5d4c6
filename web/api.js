// The HTTP API that this page came from.
import { askCredentials, credentials } from "./credentials.js";
import { pause } from "./dom.js";
import { encode, signature } from "./sigv4.js";

// The page is served at the stage's URL, with or without a trailing slash.
export const base = location.pathname.replace(/\/+$/, "");

// How far the API's clock is ahead in milliseconds, for the time in signatures.
let clockOffset = 0;

export class ApiError extends Error {
  constructor(status, message) {
    super(message);
    this.status = status;
  }
}

// A key as part of a path. Browsers resolve "." and ".." in paths, even encoded, so the slashes of such a key are encoded.
export function encodeKey(key) {
  const parts = key.split("/");
  return parts.some((part) => part === "" || part === "." || part === "..") ? encode(key) : parts.map(encode).join("/");
}

function encodeQuery(query) {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null);
  return pairs.map(([name, value]) => `${encode(name)}=${encode(String(value))}`).sort().join("&");
}

// URL and headers of a request, with the current credentials.
async function prepare(method, path, query = {}, body) {
  const encoded = encodeQuery(query);
  const url = `${base}${path}${encoded && `?${encoded}`}`;
  const given = credentials();
  let headers = {};
  if (given?.kind === "key") headers = { "x-api-key": given.apiKey };
  if (given?.kind === "iam") {
    const request = { method, host: location.host, path: base + path, query: encoded, body };
    headers = await signature(request, given, new Date(Date.now() + clockOffset));
  }
  return { url, headers };
}

async function problemOf(response) {
  try {
    return (await response.json()).message || `status ${response.status}`;
  } catch {
    return `status ${response.status}`;
  }
}

// Whether a request was refused because of this machine's clock, for which the offset is then corrected.
function clockWasWrong(date) {
  const offset = Date.parse(date) - Date.now();
  if (!credentials() || Number.isNaN(offset) || Math.abs(offset - clockOffset) < 240_000) return false;
  clockOffset = offset;
  return true;
}

// After a 403, waits for credentials.
async function refused(used, message) {
  // Others may have been entered during this request.
  if (used !== credentials()) return;
  const kind = /authentication token/i.test(message) ? "iam" : "key";
  await askCredentials(used ? `The API refused these credentials: ${message}` : "", kind);
}

// Sends a request until there is a response; throws ApiError if that is an error.
export async function request(method, path, { query, body, headers: more, signal, keepalive, attempts = 5 } = {}) {
  for (let attempt = 1; ; attempt++) {
    const used = credentials();
    const { url, headers } = await prepare(method, path, query, body);
    let response;
    try {
      response = await fetch(url, { method, body, headers: { ...headers, ...more }, signal, keepalive });
    } catch (error) {
      if (signal?.aborted || attempt >= attempts) throw error;
      await backOff(attempt);
      continue;
    }
    if (response.ok) return response;
    const message = await problemOf(response);
    if (response.status === 401 || response.status === 403) {
      if (clockWasWrong(response.headers.get("date"))) continue;
      await refused(used, message);
    } else if (isTemporary(response.status) && attempt < attempts) {
      await backOff(attempt);
    } else {
      throw new ApiError(response.status, message);
    }
  }
}

export async function requestJson(method, path, options) {
  return (await request(method, path, options)).json();
}

const isTemporary = (status) => status === 429 || status >= 500;

async function backOff(attempt) {
  await pause(Math.min(8000, 250 * 2 ** attempt) * (0.5 + Math.random() / 2));
}

// Resolves when the network may be back: when the browser reports it, or after a delay that grows.
function connection(attempt) {
  return new Promise((resolve) => {
    const timer = setTimeout(done, Math.min(30_000, 500 * 2 ** attempt));
    addEventListener("online", done);
    function done() {
      clearTimeout(timer);
      removeEventListener("online", done);
      resolve();
    }
  });
}

// Sends bytes, with progress, and retries after a lost connection. Resolves to ETag and JSON.
export async function send(method, path, { query, body, type, signal, progress = () => {}, offline = () => {} }) {
  for (let attempt = 1, failures = 1; ; attempt++) {
    const used = credentials();
    const { url, headers } = await prepare(method, path, query, body);
    if (signal.aborted) throw signal.reason;
    const answer = await transfer(method, url, type ? { ...headers, "content-type": type } : headers, body, signal, progress);
    if (signal.aborted) throw signal.reason;
    if (!answer) {
      // A file that was changed or removed since it was chosen fails like a connection, but permanently.
      if (body) await body.slice(0, 1).arrayBuffer();
      progress(0);
      offline(true);
      await connection(attempt);
      offline(false);
    } else if (answer.status < 300) {
      return answer;
    } else if (answer.status === 401 || answer.status === 403) {
      if (!clockWasWrong(answer.date)) await refused(used, answer.message);
    } else if (isTemporary(answer.status) && failures < 8) {
      progress(0);
      await backOff(failures++);
    } else {
      throw new ApiError(answer.status, answer.message);
    }
  }
}

// One attempt, with XMLHttpRequest because fetch does not report upload progress; null if there was no response.
function transfer(method, url, headers, body, signal, progress) {
  return new Promise((resolve) => {
    const xhr = new XMLHttpRequest();
    const abort = () => xhr.abort();
    signal.addEventListener("abort", abort);
    xhr.upload.addEventListener("progress", (event) => progress(event.loaded));
    xhr.addEventListener("loadend", () => {
      signal.removeEventListener("abort", abort);
      if (xhr.status === 0) return resolve(null);
      let json = {};
      try {
        json = JSON.parse(xhr.responseText);
      } catch {
        // A response without a body, such as 204.
      }
      const header = (name) => xhr.getResponseHeader(name);
      resolve({ status: xhr.status, etag: header("etag"), date: header("date"), json, message: json.message || `status ${xhr.status}` });
    });
    xhr.open(method, url);
    for (const [name, value] of Object.entries(headers)) xhr.setRequestHeader(name, value);
    xhr.send(body ?? null);
  });
}
