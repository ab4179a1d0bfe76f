// "How this answer came about": a panel under it, from the receipts of the requests that made it. Part of
// transcript.js, which has `chat` and `words`; needs library.js, time.js and receipt.js.
const TOLD_WITHIN = 15_000; // milliseconds

function accounting(place) {
  const node = make("button", { type: "button", className: "how", onclick: () => account(node, place) }, words.account.open);
  node.setAttribute("aria-expanded", "false");
  return node;
}

function fillAccounting(tools, turn) {
  const node = tools.querySelector(".how");
  if (node) node.hidden = !turn.receipts?.length;
}

async function account(face, place) {
  const box = face.closest(".turn").querySelector(".account");
  const open = !box.childElementCount;
  face.setAttribute("aria-expanded", String(open));
  if (!open) return box.replaceChildren();
  const panel = make("section", { ariaLabel: words.account.title });
  const looking = make("p", { className: "quiet", role: "status" }, words.account.looking);
  panel.append(looking);
  box.replaceChildren(panel);
  try {
    const ids = chat.turns[place].receipts;
    const [admin, ...receipts] = await Promise.all([isAdmin(), ...ids.map(receiptOf)]);
    looking.replaceWith(...receipts.flatMap((one, n) => part(one, admin, ids.length > 1 && n + 1)));
  } catch (error) {
    looking.textContent = untold(error);
  }
}

// `n`: which part of an answer that was continued.
function part(one, admin, n) {
  const rows = accountOf(one).flatMap(([title, texts]) =>
    [make("dt", {}, title), make("dd", {}, ...texts.map((text) => make("p", {}, text)))]);
  const link = make("a", { href: `console#receipts/${one.request_id}` }, words.account.console);
  return [
    ...(n ? [make("h4", {}, said(words.account.part, { n }))] : []),
    make("dl", {}, ...rows),
    ...(one.time?.length ? [timeBar(one.time, words.time)] : []),
    ...(admin ? [make("p", { className: "quiet" }, link)] : []),
  ];
}

// A receipt does not change once it is written.
const receipts = new Map();
async function receiptOf(id) {
  if (!receipts.has(id)) receipts.set(id, await asking(`/v1/receipts/${encodeURIComponent(id)}`));
  return receipts.get(id);
}

let admin = null;
async function isAdmin() {
  admin ??= asking("/v1/key").then((key) => Boolean(key.admin), () => (admin = null));
  return await admin;
}

function asking(path) {
  return call("GET", path, { signal: AbortSignal.timeout(TOLD_WITHIN) });
}

function untold({ status, code, message }) {
  if (status === 404) return code === "off" ? words.account.off : words.account.gone;
  return said(words.account.failed, { message });
}
