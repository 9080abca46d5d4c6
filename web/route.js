// The URL says what is shown: #label=Cat, #image=pets%2Fcat.jpg, or both.
import { encode } from "./sigv4.js";

export function readRoute() {
  const parameters = new URLSearchParams(location.hash.slice(1));
  return { label: parameters.get("label") || null, image: parameters.get("image") || null };
}

export function routeHash({ label = null, image = null }) {
  const parts = [];
  if (label !== null) parts.push(`label=${encode(label)}`);
  if (image !== null) parts.push(`image=${encode(image)}`);
  return `#${parts.join("&")}`;
}

export function go(route) {
  const hash = routeHash(route);
  if (hash !== (location.hash || "#")) location.hash = hash;
}

// Like go, but replaces the entry in the history.
export function replaceRoute(route) {
  history.replaceState(history.state, "", location.pathname + location.search + routeHash(route));
  dispatchEvent(new HashChangeEvent("hashchange"));
}
