// The paperclip in the composer. `element`, `props` come from Gradio.
const words = props.words;

const files = make("input", { type: "file", multiple: true, hidden: true });
const folder = make("input", { type: "file", webkitdirectory: true, hidden: true });
const menu = make("div", { className: "menu", hidden: true },
  make("button", { type: "button", onclick: () => pick(files) }, words.attachFiles),
  make("button", { type: "button", onclick: () => pick(folder) }, words.attachFolder));
const clip = button("clip", words.attach, () => toggle(menu.hidden));
clip.setAttribute("aria-expanded", "false");

let closed = () => {};
function toggle(open) {
  menu.hidden = !open;
  clip.setAttribute("aria-expanded", String(open));
  closed();
  if (!open) return;
  closed = layer(() => { toggle(false); clip.focus(); });
  menu.firstChild.focus();
}

function pick(input) {
  toggle(false);
  input.click();
}

for (const input of [files, folder]) {
  input.onchange = () => {
    window.hearth.bring(picked(input.files));
    input.value = ""; // the same files may be picked again
  };
}
element.replaceChildren(clip, menu, files, folder);
window.addEventListener("click", (event) => element.contains(event.target) || toggle(false));
