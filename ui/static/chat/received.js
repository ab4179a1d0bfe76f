// A file of conversations, checked: what comes out has the shape that the page keeps, whatever came
// in. Needs store.js. Throws an `Error` in words for people.
const FORMAT = "hearth-conversations";
const VERSION = 1;
const MOST_CHATS = 2000;
const MOST_TURNS = 2000; // of one conversation, all its branches together
const LONGEST = 200_000; // characters of a turn; the box takes no more
const DEEPEST = 200; // branches in branches
const STATES = ["done", "failed", "stopped"];

// [{chat, title, at}]
function received(value) {
  if (value?.format !== FORMAT || !Array.isArray(value.conversations)) throw new Error(words.notOurs);
  if (value.version !== VERSION) throw new Error(said(words.otherVersion, { version: text(value.version, 20) }));
  const { conversations } = value;
  if (conversations.length > MOST_CHATS) throw new Error(said(words.tooMany, { most: MOST_CHATS }));
  return conversations.map(conversation);
}

function conversation(value, n) {
  const left = { turns: MOST_TURNS };
  const fault = (message, values = {}) => new Error(said(words.inConversation, { n: n + 1, message: said(message, values) }));
  const chat = {
    id: /^[\w-]{1,64}$/.test(text(value?.id, 65)) ? value.id : crypto.randomUUID(),
    turns: way(value?.turns, left, 0, fault),
    documents: documentsOf(value?.documents),
  };
  const title = text(value.title, 80).trim() || chat.turns[0].text.trim().slice(0, 60);
  return { chat, title, at: Number.isFinite(value.at) ? Math.min(value.at, Date.now()) : Date.now() };
}

// Turns one after the other, never none.
function way(turns, left, depth, fault) {
  if (!Array.isArray(turns) || !turns.length) throw fault(words.badTurns);
  if ((left.turns -= turns.length) < 0 || depth > DEEPEST) throw fault(words.tooManyTurns, { most: MOST_TURNS });
  return turns.map((turn) => ({ ...turnOf(turn, fault), ...branches(turn, left, depth, fault) }));
}

function turnOf(turn, fault) {
  if (!["user", "assistant"].includes(turn?.role)) throw fault(words.badRole);
  if (typeof turn.text !== "string" || turn.text.length > LONGEST) throw fault(words.badText, { most: LONGEST });
  return {
    role: turn.role,
    text: turn.text,
    model: text(turn.model, 256),
    note: text(turn.note, 1000),
    state: STATES.includes(turn.state) ? turn.state : "done",
    sources: listOf(turn.sources).map(source),
    citations: listOf(turn.citations).filter(({ verdict }) => typeof verdict === "string").map(citation),
    receipts: listOf(turn.receipts, "string").map((id) => id.slice(0, 64)).slice(0, 50),
  };
}

function branches({ at, others }, left, depth, fault) {
  if (others === undefined) return {};
  if (!Array.isArray(others)) throw fault(words.badOthers);
  if (!(Number.isInteger(at) && at >= 0 && at <= others.length)) throw fault(words.badAt);
  return others.length ? { at, others: others.map((one) => way(one, left, depth + 1, fault)) } : {};
}

// Its files belong to the conversation that they were brought for, so `own` does not come along.
function documentsOf(value) {
  const known = ({ id, name }) => typeof id === "string" && id.length <= 128 && typeof name === "string";
  const collections = listOf(value?.collections).filter(known).slice(0, 16);
  return { collections: collections.map(({ id, name }) => ({ id, name })), only: value?.only === true };
}

function source(value) {
  const passage = ["string", "number"].includes(typeof value.passage) ? value.passage : null;
  return {
    number: whole(value.number) ?? 0,
    document: text(value.document, 128),
    document_name: text(value.document_name, 1024),
    collection: text(value.collection, 128),
    passage,
    page: whole(value.page),
    heading: typeof value.heading === "string" ? value.heading : null,
  };
}

function citation(value) {
  const places = ["start", "end", "sentence_start", "sentence_end"].map((name) => [name, whole(value[name]) ?? 0]);
  const { verdict } = value;
  return { ...source(value), ...Object.fromEntries(places), verdict, quote: text(value.quote, 20_000), missing: listOf(value.missing, "string") };
}

function whole(value) {
  return Number.isInteger(value) ? value : null;
}

function text(value, most) {
  return typeof value === "string" ? value.slice(0, most) : "";
}

function listOf(value, type = "object") {
  return Array.isArray(value) ? value.filter((one) => typeof one === type && one !== null).slice(0, 200) : [];
}
