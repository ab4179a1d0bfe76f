// Which documents the open conversation answers from. Part of transcript.js, which has `chat`.
//
// A conversation has its own choice, `chat.documents`: {collections: [{id, name}], only, own}; `own`
// is the collection of the files that were brought for it. A new one begins with the last choice
// that was made by hand.
const CHOICE = "hearth.documents";
const NOTHING = { collections: [], only: false };

function lastChoice() {
  return { ...NOTHING, ...parsed(localStorage.getItem(CHOICE)) };
}

function documents() {
  return chat.documents ?? NOTHING;
}

function choose(change) {
  chat.documents = { ...documents(), ...change };
  const { own, collections, only } = chat.documents;
  const others = collections.filter((one) => one.id !== own?.id);
  whereRoom(() => localStorage.setItem(CHOICE, JSON.stringify({ collections: others, only })));
  if (chat.turns.length || own) keep(chat);
  say("hearth:chosen");
}

// `collection` was made for the conversation `id`, which may be closed by now.
function own(id, collection) {
  const open = [chat, live?.chat].find((one) => one?.id === id);
  const target = open ?? store.read(id) ?? { id, turns: [] };
  const { collections, only } = target.documents ?? NOTHING;
  target.documents = { collections: [...collections, collection], only, own: collection };
  keep(target);
  say("hearth:chosen");
}

function conversation() {
  return { id: chat.id, title: chat.turns[0]?.text.slice(0, 60) ?? "", own: documents().own };
}

// What the server is told.
function asked() {
  const { collections, only } = documents();
  return { collections: collections.map((one) => one.id), only };
}
