// Credentials, for an API that requires them: kept in this tab's session at most, never in a URL.
import { byId } from "./dom.js";

const STORED = "contact-sheet-credentials";
let current = restore();
let waiting = null;

function restore() {
  try {
    return JSON.parse(sessionStorage.getItem(STORED));
  } catch {
    return null;
  }
}

export const credentials = () => current;

// Resolves once credentials were entered. `problem` says why the previous ones were refused.
export function askCredentials(problem, kind) {
  const dialog = byId("access");
  byId("access-problem").textContent = problem;
  if (!waiting) {
    const form = byId("access-form");
    form.elements.kind.value = current?.kind ?? kind;
    form.elements.region.value = regionOfHost();
    showKind();
    waiting = {};
    waiting.promise = new Promise((resolve) => (waiting.resolve = resolve));
    dialog.showModal();
    form.querySelector("div:not([hidden]) input").focus();
  }
  return waiting.promise;
}

export function forgetCredentials() {
  current = null;
  sessionStorage.removeItem(STORED);
  byId("access-form").reset();
}

function regionOfHost() {
  return /\.execute-api\.([a-z0-9-]+)\./.exec(location.hostname)?.[1] ?? "us-east-1";
}

function showKind() {
  const iam = byId("access-form").elements.kind.value === "iam";
  byId("access-key").hidden = iam;
  byId("access-iam").hidden = !iam;
}

export function startCredentials() {
  const dialog = byId("access");
  const form = byId("access-form");
  form.addEventListener("change", showKind);
  // Without credentials there is nothing to return to.
  dialog.addEventListener("cancel", (event) => event.preventDefault());
  dialog.addEventListener("close", () => waiting && dialog.showModal());
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const value = (name) => form.elements[name].value.trim();
    const kind = form.elements.kind.value;
    const entered =
      kind === "key"
        ? { kind, apiKey: value("apiKey") }
        : { kind, accessKey: value("accessKey"), secretKey: value("secretKey"), sessionToken: value("sessionToken"), region: value("region") };
    const missing = kind === "key" ? !entered.apiKey : !entered.accessKey || !entered.secretKey;
    if (missing) {
      byId("access-problem").textContent = kind === "key" ? "Enter the API key." : "Enter the access key id and the secret access key.";
      return;
    }
    current = entered;
    sessionStorage.setItem(STORED, JSON.stringify(current));
    form.reset();
    const { resolve } = waiting;
    waiting = null;
    dialog.close();
    resolve();
  });
}
