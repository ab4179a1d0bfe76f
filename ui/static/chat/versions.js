// Versions of a turn: answers of several models, questions that were written anew. Part of
// transcript.js, which has `chat`, `live` and `words`; needs tree.js and menu.js.

// ‹ 2/3 › and who wrote it. `box` is filled again only when something in it changed.
function fillVersions(box, turn, place) {
  const { at = 0, others = [], model = "" } = turn;
  const drawn = JSON.stringify([at, others.length, model]);
  if (box.drawn === drawn) return;
  box.drawn = drawn;
  const total = others.length + 1;
  const step = (name, label, to) =>
    Object.assign(button(name, label, () => leaf(place, to, name)), { disabled: to < 0 || to >= total });
  const count = make("span", { className: "count" }, `${at + 1}/${total}`);
  count.setAttribute("aria-label", said(words.versionOf, { n: at + 1, total }));
  const leaves = [step("previous", words.previousVersion, at - 1), count, step("next", words.nextVersion, at + 1)];
  const side = () => compare(place, at ? at - 1 : at + 1);
  const beside = make("button", { type: "button", className: "beside", onclick: side }, words.compare);
  box.replaceChildren(
    ...(total > 1 ? leaves : []),
    ...(model && total > 1 ? [make("span", { className: "by" }, model)] : []),
    ...(total > 1 && turn.role === "assistant" ? [beside] : []),
  );
}

// `focus`: the button whose like has the focus afterwards.
function leaf(place, at, focus) {
  if (live?.chat === chat) return;
  chat.turns = leafed(chat.turns, place, at);
  keep(chat);
  const from = document.documentElement.scrollTop;
  drawFrom(place);
  window.scrollTo({ top: from, behavior: "instant" });
  tell("show");
  const tools = turns.children[place].querySelector(".versions");
  (tools.querySelector(`.${focus}:enabled`) ?? tools.querySelector("button:enabled"))?.focus({ preventScroll: true });
}

// Which of `models` shall try. `face`: the button that opens the menu.
async function choices(face, place) {
  if (live) return;
  const { model = "", others = [], at = 0 } = chat.turns[place];
  const again = { text: words.sameModel, small: model, act: () => retry(place, model) };
  const names = await modelNames();
  if (live || !face.isConnected) return; // the page went on meanwhile
  const rest = names.filter((name) => name !== model);
  const pair = { text: words.compare, small: said(words.versions, { n: others.length + 1 }), act: () => compare(place, at ? at - 1 : at + 1) };
  openMenu(face, [
    again,
    ...rest.map((name) => ({ text: name, act: () => retry(place, name) })),
    ...(others.length ? [null, pair] : []),
  ]);
}

// The page's list of models. What cannot be asked for now is what was known last.
let known = [];
async function modelNames() {
  try {
    const { data } = await call("GET", "/v1/models", { signal: AbortSignal.timeout(3000) });
    known = data.filter(({ tier }) => tier !== "embeddings").map(({ id }) => String(id));
  } catch (error) {
    if (!known.length) warn(error.message);
  }
  return known;
}
