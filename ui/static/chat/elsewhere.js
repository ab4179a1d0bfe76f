// What happens to conversations elsewhere: in the list beside them, and in other tabs. Part of transcript.js,
// which has `chat`, `live` and `turns`; needs store.js and tree.js.

// An answer that is under way would bring the conversation back, so it ends, at the appliance, too.
function removed(id) {
  if (live?.chat.id === id) {
    leave();
    live = null;
    document.querySelector("#ask .stop-button")?.click();
  }
  if (id === chat.id) open(null);
  else refresh();
}

// As it was kept when this tab read or wrote it last.
const lastKept = new WeakMap();

function remember(kept) {
  lastKept.set(kept, store.kept(kept.id));
}

// What another tab kept of it since then becomes a part of it: two may be answered at once.
function join(kept) {
  const now = store.kept(kept.id);
  if (now === null || now === lastKept.get(kept)) return;
  const theirs = parsed(now)?.turns ?? [];
  if (!grow(theirs)) kept.turns = merged(kept.turns, theirs);
}

// What grows in another tab is kept again there, and joined with what is kept here meanwhile.
function grow(theirs) {
  return ["waiting", "writing"].includes(theirs.at(-1)?.state);
}

// What another tab kept of the open conversation is shown here, too.
function keptElsewhere({ key, newValue }) {
  const [, id] = /^hearth\.chat\.(.+)/.exec(key) ?? [];
  if (id && newValue === null) return removed(id);
  if (id !== chat.id || live?.chat === chat || turns.querySelector(".editing")) return;
  if (!grow(parsed(newValue)?.turns ?? [])) open(id);
}

window.addEventListener("hearth:removed", (event) => removed(event.detail));
window.addEventListener("storage", keptElsewhere);
