// The open conversation; turns.js draws it. `element`, `props`, `watch` come from Gradio.
//
// The page owns the conversation; the server only draws: telling.js tells it what, and `props.value` comes
// back as a painting {chat, run, first, turns}.
const words = props.words;
let chat = null;
let live = null; // the answer being written: {chat, run}
let runs = 0;

const empty = make("div", { className: "empty" });
const turns = make("ol", { className: "turns" });
const latest = button("latest", words.latest, () => toEnd("smooth"));
element.replaceChildren(empty, turns, latest);
follow(turns, latest, () => live?.chat === chat);

window.hearth = Object.assign(window.hearth ?? {}, {
  ask, stop, rest, failed, warn, documents, choose, own, conversation, last,
});

// ---- opening and keeping

function open(id) {
  comparing?.close();
  const running = live?.chat.id === id && live.chat;
  const stored = running || (id && store.read(id));
  chat = stored || { id: crypto.randomUUID(), turns: [], documents: lastChoice() };
  if (!running) chat.turns = ripe(chat.turns);
  if (stored) remember(chat);
  sessionStorage.setItem("hearth.open", chat.id);
  drawFrom(0);
  refresh();
  openAtEnd();
  if (stored) tell("show");
  say("hearth:opened");
  closeSidebar();
}

// On a narrow screen the sidebar covers the conversation.
function closeSidebar() {
  if (window.innerWidth < 768) document.querySelector("#sidebar.open .toggle-button")?.click();
}

function keep(kept) {
  join(kept);
  whereRoom(() => store.write(kept));
  remember(kept);
}

function whereRoom(write) {
  try {
    write();
  } catch {
    warn(words.full);
  }
}

// ---- asking

function ask(text, place = chat.turns.length) {
  if (live || !text.trim()) return false;
  if (window.hearth.preparing?.()) return warn(words.notYet);
  comparing?.close();
  chat.turns = forked(chat.turns, place, { role: "user", text: text.trim() });
  answer(place + 1);
  return true;
}

// Another version of the answer at `place`, by `model` or else the chosen one. The former stays,
// unless there is not a word in it.
function retry(place, model = "") {
  if (live) return;
  comparing?.close();
  const again = Boolean(chat.turns[place].text);
  if (place === chat.turns.length - 1 && !again) chat.turns = felled(chat.turns, place);
  answer(place, { again, model });
}

function answer(place, options) {
  live = { chat, run: ++runs };
  chat.turns = forked(chat.turns, place, { role: "assistant", text: "", state: "waiting" });
  keep(chat);
  drawFrom(Math.max(0, place - 1));
  refresh();
  toEnd("smooth");
  tell("ask", options);
  say("hearth:asked");
}

function stop() {
  leave();
  end("stopped", words.stopped);
}

function end(state, note) {
  if (!live) return;
  const unfinished = live.chat;
  live = null;
  Object.assign(unfinished.turns.at(-1), { state, note, stage: null });
  keep(unfinished);
  if (unfinished === chat) redraw(unfinished.turns.length - 1);
  refresh();
}

// ---- what the server drew

watch("value", () => {
  const painting = props.value;
  if (!painting?.chat) return;
  if (painting.first === 0) return shown(painting);
  if (live?.chat.id === painting.chat && live.run === painting.run) grown(painting);
});

function shown(painting) {
  if (painting.chat !== chat.id) return;
  painting.turns.forEach((drawn, n) => {
    const turn = told[n];
    if (turn?.text !== drawn.text) return;
    Object.assign(turn, { html: drawn.html, citations: drawn.citations }); // marks count the readable ones
    const place = chat.turns.indexOf(turn);
    if (place >= 0) redraw(place);
  });
  if (comparing) refillComparison();
  stay();
}

function grown(painting) {
  const [turn] = painting.turns;
  const target = live.chat;
  Object.assign(target.turns[painting.first], turn); // which versions there are, the server does not know
  const over = turn.state === "done" || turn.state === "failed";
  if (over) {
    live = null;
    due(target.turns[painting.first]);
    keep(target);
  }
  if (target === chat) redraw(painting.first);
  refresh();
  if (target === chat) stay();
}

// ---- the page around it

function refresh() {
  document.body.classList.toggle("hearth-busy", live !== null);
  document.body.classList.toggle("hearth-empty", !chat.turns.length);
  empty.hidden = chat.turns.length > 0;
  turns.hidden = !empty.hidden;
}

// Four cards to begin with: own prompts, which go into the box, before examples, which are asked.
function greet() {
  const card = (name, text, onclick) =>
    make("button", { type: "button", className: "example", onclick }, make("strong", {}, name), make("span", {}, text));
  const own = prompts.list().map(({ name, text }) => card(`/${name}`, text, () => say("hearth:insert", text)));
  const examples = words.examples.map(([name, text]) => card(name, text, () => ask(text)));
  empty.replaceChildren(
    make("h1", {}, words.greeting),
    make("p", {}, words.privacy),
    make("div", { className: "examples" }, ...[...own, ...examples].slice(0, 4)),
  );
}

function warn(text) {
  const box = make("div", { className: "warning", role: "alert" }, text);
  element.append(box);
  setTimeout(() => box.remove(), 8000);
  return false;
}

element.addEventListener("click", (event) => {
  const node = event.target.closest(".copy-code, .mark");
  if (node?.matches(".mark")) openMark(node);
  else if (node) copy(node.closest(".code").querySelector("code").textContent, node);
});
window.addEventListener("hearth:prompts", greet);
window.addEventListener("hearth:open", (event) => open(event.detail));
window.addEventListener("pagehide", stop);

// Gradio gives these buttons icons only, and makes them when it likes.
function nameButtons(_changes, observer) {
  const names = {
    "#ask .submit-button": words.send,
    "#ask .stop-button": words.stop,
    "#sidebar > .toggle-button": words.chats,
    "#settings > .toggle-button": words.settings,
  };
  const nodes = Object.keys(names).map((place) => document.querySelector(place));
  if (!nodes.every(Boolean)) return;
  nodes.forEach((node, i) => Object.assign(node, { ariaLabel: Object.values(names)[i] }));
  observer.disconnect();
}

greet();
new MutationObserver(nameButtons).observe(document.body, { childList: true, subtree: true });
open(sessionStorage.getItem("hearth.open"));
