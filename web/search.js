// Search by label: a combobox with the labels seen so far.
import { byId, element } from "./dom.js";
import { labelsLike, spelled } from "./items.js";
import { go } from "./route.js";

const MAX_SUGGESTIONS = 12;
const field = byId("label");
const options = byId("suggestions");
let active = -1;

export function startSearch() {
  field.addEventListener("input", openSuggestions);
  field.addEventListener("focus", openSuggestions);
  field.addEventListener("blur", closeSuggestions);
  field.addEventListener("keydown", onSearchKey);
  // The search field was cleared.
  field.addEventListener("search", () => field.value || choose(""));
  byId("find").addEventListener("submit", (event) => {
    event.preventDefault();
    choose(active < 0 ? spelled(field.value) : options.children[active].dataset.label);
  });
}

// Shows the label of the list.
export function showLabel(label) {
  field.value = label ?? "";
}

function choose(label) {
  closeSuggestions();
  field.value = label;
  go({ label: label || null });
}

function openSuggestions() {
  const found = labelsLike(field.value).slice(0, MAX_SUGGESTIONS);
  active = -1;
  options.replaceChildren(...found.map(suggestion));
  options.hidden = !found.length;
  field.setAttribute("aria-expanded", String(!options.hidden));
  field.removeAttribute("aria-activedescendant");
}

function suggestion([label, count], index) {
  const option = element("li", { role: "option", id: `suggestion-${index}`, "aria-selected": "false", "data-label": label }, element("span", {}, label), element("span", { class: "count", "aria-hidden": "true" }, String(count)));
  // This comes before the field loses the focus, which would close the list.
  option.addEventListener("pointerdown", (event) => {
    event.preventDefault();
    choose(label);
  });
  return option;
}

function closeSuggestions() {
  options.hidden = true;
  active = -1;
  field.setAttribute("aria-expanded", "false");
  field.removeAttribute("aria-activedescendant");
}

function onSearchKey(event) {
  if (event.key === "Escape" && !options.hidden) {
    event.preventDefault();
    closeSuggestions();
  }
  if (event.key !== "ArrowDown" && event.key !== "ArrowUp") return;
  event.preventDefault();
  if (options.hidden) openSuggestions();
  const count = options.children.length;
  if (!count) return;
  active = event.key === "ArrowDown" ? (active + 1) % count : (active <= 0 ? count : active) - 1;
  [...options.children].forEach((option, index) => option.setAttribute("aria-selected", String(index === active)));
  options.children[active].scrollIntoView({ block: "nearest" });
  field.setAttribute("aria-activedescendant", `suggestion-${active}`);
}
