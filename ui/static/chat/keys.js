// What keys do on this page, and the list of it. `element`, `props` come from Gradio. Needs store.js and layers.js.
//
// Single keys act outside of fields only, and never with Ctrl, Alt or Meta: those are the browser's.
// They can be turned off, as some who speak to their computer need it.
const words = props.words;
const OFF = "hearth.keysOff";
const FIELD = "input, textarea, select, [contenteditable=true]";
const box = () => document.querySelector("#ask textarea");
const press = (place) => document.querySelector(place)?.click();
const ACTIONS = {
  n: ["newChat", () => { say("hearth:open"); box()?.focus(); }],
  "/": ["search", () => say("hearth:search")],
  m: ["box", () => box()?.focus()],
  c: ["copy", () => window.hearth.last("copy")],
  r: ["retry", () => window.hearth.last("retry")],
  e: ["edit", () => window.hearth.last("edit")],
  ",": ["settings", () => press("#settings > .toggle-button")],
  "?": ["list", show],
};
const IN_BOX = [["Enter", "send"], ["Shift+Enter", "line"], ["↑", "editFromBox"], ["/", "prompts"]];
const ANYWHERE = [["Esc", "escape"], ["Ctrl+/", "list"]];

// ---- the list

const single = make("input", { type: "checkbox", checked: !localStorage.getItem(OFF), onchange: keepSingle });
const shut = button("close", words.close, hide);
const list = make("dialog", { className: "keys", onclick: ({ target }) => { if (target === list) hide(); } },
  make("header", {}, make("h2", {}, words.title), shut),
  group(words.outside, Object.entries(ACTIONS).map(([key, [name]]) => [key, name])),
  group(words.inBox, IN_BOX),
  group(words.anywhere, ANYWHERE),
  make("label", {}, single, words.single));
list.setAttribute("aria-label", words.title);
element.replaceChildren(list);

function group(title, keys) {
  const row = ([key, name]) => make("div", {}, make("dt", {}, ...key.split("+").map((one) => make("kbd", {}, one))), make("dd", {}, words[name]));
  return make("section", {}, make("h3", {}, title), make("dl", {}, ...keys.map(row)));
}

let closed = () => {};
function show() {
  if (list.open) return;
  closed = layer(hide);
  list.showModal();
  shut.focus();
}

function hide() {
  list.close();
}

function keepSingle() {
  if (single.checked) localStorage.removeItem(OFF);
  else localStorage.setItem(OFF, "1");
}

list.onclose = () => closed();
window.addEventListener("hearth:keys", show);

// ---- what is pressed

// Before anything else: what is open over the page, the innermost.
window.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || composing(event)) return;
  const layers = window.hearth?.layers ?? [];
  let over;
  while (!over && layers.length) over = layers.pop()() !== false; // false: it was gone already
  if (!over) return;
  event.preventDefault();
  event.stopImmediatePropagation();
}, true);

window.addEventListener("keydown", (event) => {
  if (event.defaultPrevented || composing(event)) return;
  if (event.key === "Escape") return leave(event);
  if (event.key === "/" && event.ctrlKey && !event.altKey) return act(event, list.open ? hide : show);
  if (event.ctrlKey || event.altKey || event.metaKey) return;
  if (event.target === box()) return event.key === "ArrowUp" && !box().value && act(event, ACTIONS.e[1]);
  const busy = event.repeat || event.target.closest?.(FIELD) || document.querySelector("dialog[open], .sheet");
  if (!busy && single.checked && Object.hasOwn(ACTIONS, event.key)) act(event, ACTIONS[event.key][1]);
});

function act(event, action) {
  event.preventDefault();
  action();
}

// With nothing open over the page: a sidebar that covers it, the answer, the box.
function leave(event) {
  const settings = document.querySelector("#settings.open");
  const covered = window.innerWidth < 768;
  if (event.target.closest?.("#model [aria-expanded=true]")) return;
  if (settings && (covered || settings.contains(event.target))) return press("#settings > .toggle-button");
  if (covered && document.querySelector("#sidebar.open")) return press("#sidebar > .toggle-button");
  if (document.body.classList.contains("hearth-busy")) return press("#ask .stop-button");
  if (settings) return press("#settings > .toggle-button");
  document.activeElement?.blur?.();
}
