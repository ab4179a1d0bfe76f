// The open conversation. `element`, `props`, `trigger`, `watch` come from Gradio.
//
// The page owns the conversation; the server only draws. `props.value` goes out with the events
// "show" and "ask" as {id, run, turns}, and comes back as a painting {chat, run, first, turns}.
const words = props.words;
let chat = null;
let live = null; // the answer being written: {chat, run}
let runs = 0;

const empty = make("div", { className: "empty" });
const turns = make("ol", { className: "turns" });
const latest = button("latest", words.latest, () => toEnd("smooth"));
element.replaceChildren(empty, turns, latest);

window.hearth = { ask, stop, rest };

// ---- opening and keeping

function open(id) {
  const stored = live?.chat.id === id ? live.chat : id && store.read(id);
  chat = stored || { id: crypto.randomUUID(), turns: [] };
  sessionStorage.setItem("hearth.open", chat.id);
  turns.replaceChildren(...chat.turns.map(drawTurn));
  refresh();
  toEnd("instant");
  if (stored) send("show");
  say("hearth:opened");
  closeSidebar();
}

// On a narrow screen the sidebar covers the conversation.
function closeSidebar() {
  if (window.innerWidth < 768) document.querySelector("#sidebar.open .toggle-button")?.click();
}

function keep(kept) {
  try {
    store.write(kept);
  } catch {
    warn(words.full);
  }
}

function send(event) {
  const plain = chat.turns.map(({ role, text, note, state }) => ({ role, text, note, state }));
  props.value = { id: chat.id, run: runs, turns: plain };
  trigger(event);
}

// ---- asking

function ask(text, place = chat.turns.length) {
  if (live || !text.trim()) return false;
  chat.turns.length = place;
  chat.turns.push({ role: "user", text: text.trim() });
  answer();
  return true;
}

function retry() {
  if (live) return;
  while (chat.turns.at(-1)?.role === "assistant") chat.turns.pop();
  if (chat.turns.length) answer();
}

function answer() {
  live = { chat, run: ++runs };
  keep(chat);
  turns.replaceChildren(...chat.turns.map(drawTurn));
  turns.append(drawTurn({ role: "assistant", text: "", state: "waiting" }, chat.turns.length));
  refresh();
  toEnd("smooth");
  send("ask");
}

function stop() {
  end("stopped", words.stopped);
}

// The event behind an answer is over. If the answer is not, the connection was lost.
function rest() {
  end("failed", words.lost);
}

function end(state, note) {
  if (!live) return;
  const unfinished = live.chat;
  live = null;
  const last = unfinished.turns.at(-1);
  const turn = last.role === "assistant" ? last : { role: "assistant", text: "" };
  if (turn !== last) unfinished.turns.push(turn);
  Object.assign(turn, { state, note });
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
  painting.turns.forEach((turn, place) => {
    if (!chat.turns[place] || chat.turns[place].text !== turn.text) return;
    chat.turns[place].html = turn.html;
    redraw(place);
  });
  toEnd("instant");
}

function grown(painting) {
  const near = atEnd();
  const [turn] = painting.turns;
  const target = live.chat;
  target.turns[painting.first] = turn;
  const over = turn.state === "done" || turn.state === "failed";
  if (over) {
    live = null;
    keep(target);
  }
  if (target === chat) redraw(painting.first);
  refresh();
  if (near && target === chat) toEnd("instant");
}

// ---- drawing

function drawTurn(turn, place) {
  const node = make("li", { className: `turn ${turn.role}` });
  node.setAttribute("aria-label", turn.role === "user" ? words.you : words.model);
  node.append(
    make("div", { className: "body" }),
    make("div", { className: "note" }),
    make("div", { className: "tools" }),
  );
  fill(node, turn, place);
  return node;
}

function redraw(place) {
  const node = turns.children[place];
  if (node) fill(node, chat.turns[place], place);
  else turns.append(drawTurn(chat.turns[place], place));
}

function fill(node, turn, place) {
  const [body, note, tools] = node.children;
  node.dataset.state = turn.state ?? "done";
  body.ariaBusy = String(turn.state === "waiting" || turn.state === "writing");
  if (turn.html) patch(body, turn.html);
  else body.textContent = turn.text;
  body.classList.toggle("plain", !turn.html);
  if (turn.state === "waiting") body.replaceChildren(make("span", { className: "pulse", title: words.waiting }));
  note.textContent = turn.note ?? "";
  if (!tools.children.length) tools.append(...toolsOf(turn, place, node));
}

// `html` was made harmless by the server. Unchanged blocks stay, so that a selection survives.
function patch(body, html) {
  const next = make("template", { innerHTML: html }).content;
  const nodes = [...next.childNodes];
  nodes.forEach((node, i) => {
    const old = body.childNodes[i];
    if (!old) body.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (body.childNodes.length > nodes.length) body.lastChild.remove();
}

function toolsOf(turn, place, node) {
  if (turn.role === "user") return [button("edit", words.edit, () => edit(place, node))];
  return [
    button("copy", words.copyAnswer, (event) => copy(chat.turns[place].text, event.currentTarget)),
    button("retry", words.retry, retry),
  ];
}

function edit(place, node) {
  if (live) return;
  const area = make("textarea", { value: chat.turns[place].text, ariaLabel: words.edit });
  const again = () => ask(area.value, place);
  const cancel = () => node.replaceWith(drawTurn(chat.turns[place], place));
  area.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); again(); }
    if (event.key === "Escape") { event.stopPropagation(); cancel(); }
  };
  const choices = make(
    "div",
    { className: "choices" },
    make("button", { type: "button", onclick: cancel }, words.cancel),
    make("button", { type: "button", className: "primary", onclick: again }, words.save),
  );
  node.classList.add("editing");
  node.firstChild.replaceChildren(area, choices);
  area.style.height = `${area.scrollHeight}px`;
  area.focus();
}

function refresh() {
  document.body.classList.toggle("hearth-busy", live !== null);
  document.body.classList.toggle("hearth-empty", !chat.turns.length);
  empty.hidden = chat.turns.length > 0;
  turns.hidden = !empty.hidden;
}

function greet() {
  const card = ([name, text]) =>
    make("button", { type: "button", className: "example", onclick: () => ask(text) },
      make("strong", {}, name), make("span", {}, text));
  empty.append(
    make("h1", {}, words.greeting),
    make("p", {}, words.privacy),
    make("div", { className: "examples" }, ...words.examples.map(card)),
  );
}

function warn(text) {
  const box = make("div", { className: "warning", role: "alert" }, text);
  element.append(box);
  setTimeout(() => box.remove(), 8000);
}

// ---- copying and scrolling

async function copy(text, node) {
  if (navigator.clipboard) await navigator.clipboard.writeText(text);
  else copyByHand(text);
  node.classList.add("copied");
  setTimeout(() => node.classList.remove("copied"), 1500);
}

// Browsers offer the clipboard only to https and to this machine.
function copyByHand(text) {
  const area = make("textarea", { value: text });
  document.body.append(area);
  area.select();
  document.execCommand("copy");
  area.remove();
}

function atEnd() {
  const page = document.documentElement;
  return page.scrollHeight - page.scrollTop - page.clientHeight < 120;
}

function toEnd(behavior) {
  window.scrollTo({ top: document.documentElement.scrollHeight, behavior });
}

element.addEventListener("click", (event) => {
  const node = event.target.closest(".copy-code");
  if (node) copy(node.closest(".code").querySelector("code").textContent, node);
});
window.addEventListener("scroll", () => latest.classList.toggle("shown", !atEnd()), { passive: true });
window.addEventListener("hearth:open", (event) => open(event.detail));
window.addEventListener("hearth:removed", (event) => event.detail === chat.id && open(null));
window.addEventListener("pagehide", stop);
window.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && live) document.querySelector("#ask .stop-button")?.click();
});

greet();
open(sessionStorage.getItem("hearth.open"));
