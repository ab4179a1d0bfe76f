// What an answer waits for, and the way on where it ended early: "Try again" after a refusal, as soon as
// the appliance has room, or "Continue". Part of transcript.js, which has `chat`, `live` and `words`;
// needs store.js and amounts.js.
const COUNTED = 600; // seconds that are counted down; nobody sits before the page for longer

// The line under an answer: what it waits for, or how it came.
function fillNote(box, turn) {
  const waits = turn.state === "waiting" || turn.state === "writing";
  const text = waits && turn.stage ? stageText(turn.stage) : turn.note ?? "";
  if (box.textContent !== text) box.textContent = text;
}

function stageText({ state, position, wait }) {
  const line = { 1: words.stages.next }[position] ?? said(words.stages.queued, { n: position });
  const what = state !== "queued" ? words.stages[state] ?? state : position ? line : words.stages.waits;
  return wait > 0 ? said(words.stages.about, { what, time: inSeconds(Math.ceil(wait)) }) : what;
}

// Remembers when a refusal is worth another try.
function due(turn) {
  turn.until = turn.retry_after ? Date.now() + 1000 * turn.retry_after : null;
}

function fillOffer(box, turn, place) {
  const [what, act] = offerOf(turn, place) ?? [];
  const drawn = what && `${what} ${turn.until}`;
  if (box.drawn === drawn) return;
  box.drawn = drawn;
  box.classList.toggle("again", what === words.retry);
  box.replaceChildren();
  if (!what) return;
  const node = make("button", { type: "button", onclick: act });
  box.append(node);
  count(node, what, turn.until ?? 0);
}

function offerOf(turn, place) {
  const early = turn.finish === "length" || turn.state === "stopped" || turn.state === "failed";
  if (turn.role === "user" || !early || turn.state === "writing") return null;
  if (turn.text) return [words.offer.proceed, proceed];
  return turn.until ? [words.retry, () => retry(place)] : null;
}

// Until it is time, the button says how long that is.
function count(node, what, until) {
  const left = until - Date.now();
  node.disabled = left > 0 && left <= 1000 * COUNTED;
  node.textContent = node.disabled ? said(words.offer.later, { what, time: inSeconds(Math.ceil(left / 1000)) }) : what;
  if (node.disabled) setTimeout(() => node.isConnected && count(node, what, until), left % 1000 || 1000);
}

// The rest of the last answer, which grows at its end.
function proceed() {
  if (live) return;
  comparing?.close();
  const place = chat.turns.length - 1;
  const begun = { state: "writing", note: "", finish: "", verdict: null };
  live = { chat, run: ++runs };
  Object.assign(chat.turns[place], begun);
  redraw(place);
  refresh();
  tell("ask", { proceed: true });
  say("hearth:asked");
}
