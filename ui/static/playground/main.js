// The playground: a request as it is, its answer as it comes, and the program that would do the
// same. `element`, `props` come from Gradio.
const words = props.words;
let models = [];
let running = null;

const options = (entries) => entries.map(([value, label]) => make("option", { value }, label));
const field = (label, control) => make("label", { className: "field" }, make("span", {}, label), control);

const kind = make("select", { onchange: begin }, ...options(Object.keys(KINDS).map((name) => [name, words.kinds[name]])));
const model = make("select", { onchange: () => { body.value = withModel(body.value, model.value); changed(); } });
const other = make("select", { onchange: changed });
const path = make("code", { className: "path" });
const body = make("textarea", { spellcheck: false, rows: 18, ariaLabel: words.body, oninput: changed });
const fault = make("p", { className: "refusal", hidden: true });
fault.setAttribute("role", "alert");
const sending = make("button", { type: "button", className: "send", onclick: () => (running ? running.abort() : ask()) });
const panes = make("div", { className: "panes" }, make("p", { className: "nothing" }, words.nothing));

const language = make("div", { className: "languages" });
language.setAttribute("role", "group");
language.setAttribute("aria-label", words.snippet);
const snippet = make("pre", { className: "text", tabIndex: 0, ariaLabel: words.snippet });
const copying = copyButton("quiet", words.copy, words.copied, () => snippet.textContent);
const choices = Object.keys(SNIPPETS).map((name) =>
  make("button", { type: "button", onclick: () => speak(name) }, words.languages[name]));
language.append(...choices, copying);
let spoken = "curl";

element.replaceChildren(
  make("h1", {}, words.title),
  make("div", { className: "bench" },
    make("div", { className: "request" },
      make("div", { className: "row" }, field(words.kind, kind), field(words.model, model), field(words.beside, other)),
      make("div", { className: "row" }, path, sending),
      body, fault, language, snippet),
    panes));

function begin() {
  const chosen = KINDS[kind.value];
  const fitting = chosen.fits ? models.filter(chosen.fits).map(({ id }) => [id, id]) : [];
  model.replaceChildren(...options(fitting));
  other.replaceChildren(...options([["", words.none], ...fitting]));
  for (const one of [model, other]) one.disabled = !fitting.length;
  body.value = draft(chosen, models);
  body.hidden = !chosen.body;
  changed();
}

// What is to be sent; throws what is wrong with it.
function request(named = null) {
  const { path: to, body: first } = KINDS[kind.value];
  if (!first) return { path: to };
  const read = JSON.parse(body.value);
  return { path: to, body: named ? { ...read, model: named } : read };
}

function changed() {
  const { path: to, body: first } = KINDS[kind.value];
  path.textContent = `${first ? "POST" : "GET"} ${to}`;
  try {
    snippet.textContent = SNIPPETS[spoken](request());
    fault.hidden = true;
  } catch (error) {
    complain(said(words.notJson, { why: error.message }));
  }
  choices.forEach((one, i) => one.setAttribute("aria-pressed", String(Object.keys(SNIPPETS)[i] === spoken)));
  sending.disabled = !fault.hidden && !running;
  sending.textContent = running ? words.stop : words.send;
}

function complain(text) {
  fault.textContent = text;
  fault.hidden = false;
}

function speak(name) {
  spoken = name;
  changed();
}

async function ask() {
  const own = request().body?.model ?? "";
  const asked = other.value && other.value !== own ? [own, other.value] : [own];
  const all = asked.map((named) => [pane(asked.length > 1 ? named : ""), request(asked.length > 1 ? named : null)]);
  panes.replaceChildren(...all.map(([one]) => one.node));
  panes.classList.toggle("two", all.length > 1);
  running = new AbortController();
  changed();
  const { signal } = running;
  await Promise.all(all.map(([one, { path: to, body: sent }]) => one.run({ path: to, body: sent && JSON.stringify(sent) }, signal)));
  running = null;
  changed();
}

element.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey) && !sending.disabled && !running) ask();
  if (event.key === "Escape") running?.abort();
});
onceUnlocked(async () => {
  const { data, message } = await call("GET", "/v1/models").catch((error) => error);
  models = data ?? [];
  begin();
  if (message) complain(message);
});
