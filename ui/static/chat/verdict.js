// What the reader thinks of an answer: a thumb, and a comment if they like. It is kept with the
// conversation, and with the answer's receipts at the appliance. Part of transcript.js, which has `chat`
// and `words`; needs library.js.
const THUMBS = ["up", "down"];
const LONGEST_COMMENT = 2000; // characters
const KEPT_WITHIN = 15_000; // milliseconds

function thumbs(place) {
  return THUMBS.map((rating) => button(rating, words.verdict[rating], (event) => thumb(event.currentTarget, place, rating)));
}

// Answers without a receipt are judged nowhere.
function fillThumbs(tools, turn) {
  for (const rating of THUMBS) {
    const node = tools.querySelector(`.${rating}`);
    if (!node) return;
    node.hidden = !turn.receipts?.length;
    node.setAttribute("aria-pressed", String(turn.verdict?.rating === rating));
  }
}

async function thumb(face, place, rating) {
  const turn = chat.turns[place];
  const box = face.closest(".turn").querySelector(".verdict");
  if (turn.verdict?.rating === rating) return box.childElementCount ? box.replaceChildren() : commentOn(box, place);
  commentOn(box, place, rating);
  await judge(box, place, { rating, comment: "" });
}

// A field for a comment on the answer at `place`.
function commentOn(box, place, rating = chat.turns[place].verdict.rating) {
  const asked = { up: words.verdict.goodComment, down: words.verdict.badComment }[rating];
  const field = make("textarea", { rows: 1, maxLength: LONGEST_COMMENT, placeholder: asked, ariaLabel: asked });
  const same = chat.turns[place].verdict;
  field.value = (same?.rating === rating && same.comment) || "";
  const told = make("p", { role: "status" });
  const back = () => box.closest(".turn").querySelector(`.tools .${rating}`).focus();
  const leave = () => { box.replaceChildren(); back(); };
  const send = async () => {
    if (!(await judge(box, place, { rating, comment: field.value.trim() }))) return;
    if (form.contains(document.activeElement)) back();
    form.replaceWith(make("p", { role: "status" }, words.verdict.thanks));
  };
  const form = make("form", { onsubmit: (event) => { event.preventDefault(); send(); } },
    field, make("button", { type: "submit" }, words.verdict.send), button("close", words.cancel, leave));
  field.onkeydown = (event) => {
    if (composing(event)) return;
    if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); send(); }
    if (event.key === "Escape") { event.stopPropagation(); leave(); }
  };
  box.replaceChildren(form, told);
}

// Whether it was kept. A thumb is shown at once, and taken back where it could not be kept; a comment stays
// in its field then.
async function judge(box, place, verdict) {
  const its = chat;
  const turn = chat.turns[place];
  const before = turn.verdict;
  const show = () => fillThumbs(box.closest(".turn").querySelector(".tools"), turn);
  const mine = (turn.verdict = { ...before, ...verdict });
  show();
  try {
    const answers = await Promise.all(turn.receipts.map((id) => opinion(id, verdict)));
    mine.forgotten = answers.some((one) => one.answer_forgotten);
    if (store.read(its.id)) keep(its); // else it was deleted meanwhile
    tellOf(box, mine.forgotten ? words.verdict.forgotten : "");
    return true;
  } catch (error) {
    if (turn.verdict === mine) turn.verdict = before;
    show();
    if (verdict.comment) tellOf(box, unkept(error));
    else box.replaceChildren(make("p", { role: "alert" }, unkept(error)));
    return false;
  }
}

function opinion(id, verdict) {
  return call("POST", "/v1/feedback", { body: { receipt_id: id, ...verdict }, signal: AbortSignal.timeout(KEPT_WITHIN) });
}

function tellOf(box, text) {
  box.querySelector("[role=status]")?.replaceChildren(text);
}

function unkept({ status, code, message }) {
  if (status === 404) return code === "off" ? words.verdict.off : words.verdict.gone;
  return said(words.verdict.failed, { message });
}
