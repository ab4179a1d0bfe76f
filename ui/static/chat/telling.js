// What the server is told: `props.value` goes out with the events "show" and "ask" as {id, run, turns,
// documents}. Part of transcript.js, which has `chat`, `live` and `runs`. `props`, `trigger` come from Gradio.
const MOST = 2000; // turns that the server takes at once, and
const ROOM = 3_900_000; // bytes of them
let engaged = 0; // the run whose event is not over: Gradio would drop another question
let next = null; // what goes out when it is
let expected = 0; // failures that come of a stop, not of a fault

// "show": draw everything, what is beside the path, too. "ask": answer the turns before the last, or
// `proceed` with that.
let told = [];
function tell(event, options = {}) {
  const plain = ({ role, text, note, state, citations }) => ({ role, text, note, state, citations });
  const whole = ({ sources, receipts, model, ...turn }) => ({ ...plain(turn), sources, receipts, model });
  const turns = event === "show" ? drawable() : chat.turns.slice(0, options.proceed ? undefined : -1);
  told = portion(turns);
  const value = { id: chat.id, run: runs, ...options, turns: told.map(options.proceed ? whole : plain), documents: asked() };
  if (event === "show") tellGradio(event, value);
  else if (told.length < turns.length) end("failed", said(words.tooLong, { turns: MOST, megabytes: ROOM / 1e6 }));
  else if (engaged) next = value;
  else engage(value);
}

// The end of the path first, where people look; what is beside it last.
function drawable() {
  return [...chat.turns.toReversed(), ...everyTurn(chat.turns).slice(chat.turns.length)];
}

// As many from the first on as the server takes at once.
function portion(turns) {
  let room = ROOM;
  const most = turns.findIndex((turn, n) => n >= MOST || (room -= bytesOf(turn)) < 0);
  return most < 0 ? turns : turns.slice(0, most);
}

function bytesOf({ html, others, ...turn }) {
  return new Blob([JSON.stringify(turn)]).size;
}

function engage(value) {
  engaged = value.run;
  tellGradio("ask", value);
}

function tellGradio(event, value) {
  props.value = value;
  trigger(event);
}

// The event behind an answer is over. If the answer is not, the connection was lost. A question that had to
// wait for this goes out now.
function rest() {
  const [over, waits] = [engaged, next];
  [engaged, next] = [0, null];
  if (live && live.run === waits?.run) engage(waits);
  else if (live?.run === over) end("failed", words.lost);
}

// It failed, and `rest` does not come.
function failed() {
  if (expected) expected -= 1;
  else rest();
}

// It will be cancelled: Gradio tells of two failures, in whichever order with `rest`.
function leave() {
  if (live?.run === engaged) expected += 2;
}
