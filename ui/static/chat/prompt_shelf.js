// Where own prompts are saved, changed and taken from: a dialog behind a button of the composer.
// `element`, `props` come from Gradio. Needs prompts.js, slash.js and layers.js.
const words = props.words;

const face = button("prompt", words.prompts, open);
const shut = button("close", words.close, () => dialog.close());
const kept = make("ul", {});
const name = make("input", { maxLength: 40, required: true, placeholder: words.namePlaceholder });
const text = make("textarea", { maxLength: prompts.LONGEST, required: true, rows: 6 });
const fault = make("p", { className: "fault", role: "alert" });
const form = make("form", { onsubmit: save },
  make("label", {}, words.name, name),
  make("label", {}, words.text, text),
  make("small", {}, words.gaps), fault,
  make("div", { className: "choices" }, make("button", { type: "submit", className: "primary" }, words.savePrompt)));
const dialog = make("dialog", { className: "prompts", ariaLabel: words.prompts },
  make("header", {}, make("h2", {}, words.prompts), shut), kept, form);
element.replaceChildren(face, dialog, slashMenu);

let closed = () => {};
function open() {
  Object.assign(name, { value: "" });
  Object.assign(text, { value: box().value.startsWith("/") ? "" : box().value });
  fault.textContent = "";
  draw();
  closed = layer(() => dialog.close());
  dialog.showModal();
  (text.value || !prompts.list().length ? name : shut).focus();
}

dialog.onclose = () => closed();

function draw() {
  const all = prompts.list();
  kept.replaceChildren(...(all.length ? all.map(row) : [make("li", { className: "none" }, words.noPrompts)]));
}

function row(one) {
  const take = () => { dialog.close(); insert(one.text); };
  const change = () => { name.value = one.name; text.value = one.text; text.focus(); };
  const remove = () => { prompts.remove(one.name); draw(); (kept.querySelector("button") ?? shut).focus(); };
  return make("li", {},
    make("button", { type: "button", className: "take", title: words.insert, onclick: take },
      make("strong", {}, `/${one.name}`), make("span", {}, one.text)),
    button("edit", said(words.changeOf, one), change),
    button("remove", said(words.removeOf, one), remove));
}

function save(event) {
  event.preventDefault();
  const called = prompts.nameOf(name.value);
  const fresh = !prompts.list().some((one) => one.name === called);
  if (!called || !text.value.trim()) return tell(words.needed);
  if (fresh && prompts.list().length >= prompts.MOST) return tell(said(words.tooManyPrompts, { most: prompts.MOST }));
  try {
    prompts.save(called, text.value.trim());
  } catch {
    return tell(words.full);
  }
  form.reset();
  tell("");
  draw();
  kept.querySelectorAll(".take").forEach((one) => one.firstChild.textContent === `/${called}` && one.focus());
}

function tell(message) {
  fault.textContent = message;
}
