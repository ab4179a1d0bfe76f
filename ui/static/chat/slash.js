// `/name` in the box: a menu of the prompts whose name goes on like that. The focus stays in the
// box. Part of prompt_shelf.js; needs prompts.js and layers.js.
const slashMenu = make("ul", { className: "slash", id: "slash", role: "listbox", hidden: true });
let offered = [];
let chosen = 0;
let slashClosed = () => {};

function box() {
  return document.querySelector("#ask textarea");
}

// In place of what stands in the box, as if it were typed: Gradio learns of it, and it can be undone.
function insert(text) {
  const area = box();
  area.focus();
  area.select();
  document.execCommand(text ? "insertText" : "delete", false, text);
  const gap = /\{[^{}\n]*\}/.exec(text);
  const end = gap ? gap.index + gap[0].length : text.length;
  area.setSelectionRange(gap?.index ?? end, end);
}

function offer() {
  const typed = /^\/(\S*)$/.exec(box()?.value ?? "")?.[1].toLocaleLowerCase();
  const all = typed === undefined ? [] : prompts.list();
  const begins = ({ name }) => name.toLocaleLowerCase().startsWith(typed);
  const has = (one) => !begins(one) && one.name.toLocaleLowerCase().includes(typed);
  offered = [...all.filter(begins), ...all.filter(has)].slice(0, 8);
  chosen = 0;
  drawOffer();
}

function drawOffer() {
  const open = offered.length > 0;
  if (open === slashMenu.hidden) {
    slashClosed();
    if (open) slashClosed = layer(noOffer);
  }
  slashMenu.hidden = !open;
  slashMenu.ariaLabel = words.prompts;
  slashMenu.replaceChildren(...offered.map(option));
  slashMenu.children[chosen]?.scrollIntoView({ block: "nearest" });
  const area = box();
  area?.setAttribute("aria-controls", "slash");
  if (open) area?.setAttribute("aria-activedescendant", `slash-${chosen}`);
  else area?.removeAttribute("aria-activedescendant");
}

function option({ name, text }, n) {
  const node = make("li", { id: `slash-${n}`, role: "option", ariaSelected: String(n === chosen) },
    make("strong", {}, `/${name}`), make("span", {}, text));
  node.onpointerdown = (event) => { event.preventDefault(); take(n); };
  return node;
}

function take(n) {
  const { text } = offered[n];
  noOffer();
  insert(text);
}

function noOffer() {
  offered = [];
  drawOffer();
}

window.addEventListener("input", (event) => event.target === box() && offer());
window.addEventListener("focusout", (event) => event.target === box() && offered.length && noOffer());
window.addEventListener("hearth:insert", (event) => insert(event.detail));
// Before Gradio's box takes Enter for sending.
window.addEventListener("keydown", (event) => {
  if (event.target !== box() || !offered.length || composing(event)) return;
  const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
  if (!step && !["Enter", "Tab"].includes(event.key)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  if (!step) return take(chosen);
  chosen = (chosen + step + offered.length) % offered.length;
  drawOffer();
}, true);
