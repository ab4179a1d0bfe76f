// Dialogs with fields. What the API refuses is said at the field that it names.
//
// A field is {name, box, read()}; `read` gives its value, undefined where it says nothing, and may
// throw a `Refusal` with `param`.

let fieldCount = 0;

// `control`: what is filled in; `several`: it is a group of controls.
function field(name, { label, hint = "", several = false }, control, read) {
  const id = `field-${++fieldCount}`;
  const fault = make("p", { className: "fault", id: `${id}-fault`, role: "alert", hidden: true });
  const note = make("small", { id: `${id}-hint`, hidden: !hint }, hint);
  const named = several ? make("legend", {}, label) : make("label", { htmlFor: id }, label);
  const box = make(several ? "fieldset" : "div", { className: "field" }, named, control, note, fault);
  if (!several) control.id = id;
  (several ? box : control).setAttribute("aria-describedby", `${id}-hint ${id}-fault`);
  return { name, box, read };
}

function textField(name, { value = "", ...more }) {
  const control = make("input", { type: "text", value, autocomplete: "off", spellcheck: false });
  return field(name, more, control, () => control.value.trim());
}

// Names with commas between them; null for none of them.
function namesField(name, { value, ...more }) {
  const one = textField(name, { value: (value ?? []).join(", "), ...more });
  const read = () => one.read().split(",").map((part) => part.trim()).filter(Boolean);
  return { ...one, read: () => (read().length ? read() : null) };
}

// `choices`: [value, label] each; values are strings.
function choiceField(name, { value = "", choices, ...more }) {
  const options = choices.map(([of, label]) => make("option", { value: of, selected: of === value }, label));
  const control = make("select", {}, ...options);
  return field(name, more, control, () => control.value);
}

// `choices`: [value, label, explanation] each. Gives those that are ticked.
function checksField(name, { value, choices, ...more }) {
  const lines = choices.map(([of, label, explained]) =>
    make("label", { className: "check" },
      make("input", { type: "checkbox", name, value: of, checked: value.includes(of) }),
      make("span", {}, make("strong", {}, label), " ", make("span", { className: "quiet" }, explained ?? ""))));
  const control = make("div", { className: "checks" }, ...lines);
  const ticked = () => [...control.querySelectorAll("input:checked")].map((box) => box.value);
  return field(name, { ...more, several: true }, control, ticked);
}

// A dialog; what `send(values)` gives, or null when it was left. `text`: paragraphs above the fields.
function askedFor({ title, text = [], fields = [], go, danger = false, wide = false, send, signal }) {
  return new Promise((resolve) => {
    const trouble = make("p", { className: "fault", role: "alert", hidden: true });
    const leave = make("button", { type: "button", className: "act", onclick: () => box.close() }, words.forms.cancel);
    const submit = make("button", { type: "submit", className: danger ? "act danger" : "act primary" }, go);
    const form = make("form", { noValidate: true },
      make("h2", {}, title), ...text.map((each) => make("p", {}, each)),
      make("div", { className: "fields" }, ...fields.map(({ box }) => box)),
      trouble, make("div", { className: "acts" }, leave, submit));
    const box = make("dialog", { className: wide ? "dialog wide" : "dialog", ariaLabel: title }, form);
    let result = null;
    const stop = new AbortController();
    form.onsubmit = async (event) => {
      event.preventDefault();
      clear(fields, trouble);
      submit.disabled = true;
      try {
        result = await send(valuesOf(fields), stop.signal);
        box.close();
      } catch (error) {
        if (error.name !== "AbortError") tell(error, fields, trouble);
      }
      submit.disabled = false;
    };
    box.onclose = () => {
      stop.abort();
      box.remove();
      resolve(result);
    };
    signal.addEventListener("abort", () => box.close(), { signal: stop.signal });
    element.append(box);
    box.showModal();
    if (danger) leave.focus();
  });
}

function valuesOf(fields) {
  const said = fields.map(({ name, read }) => [name, read()]);
  return Object.fromEntries(said.filter(([, value]) => value !== undefined));
}

function clear(fields, trouble) {
  for (const fault of [trouble, ...fields.flatMap(({ box }) => [...box.querySelectorAll(".fault")])]) fault.hidden = true;
}

// At the field that the refusal names, by the longest name: limits.day.tokens is limits', too.
function tell(error, fields, trouble) {
  const at = error.param ?? "";
  const one = fields.find(({ name }) => at === name || at.startsWith(`${name}.`) || at.startsWith(`${name}[`));
  const fault = one?.box.querySelector(".fault") ?? trouble;
  fault.textContent = error.message;
  fault.hidden = false;
  const control = one?.box.querySelector(`[name="${CSS.escape(at)}"]`) ?? one?.box.querySelector("input, select");
  control?.focus();
}
