// The list of conversations in the sidebar. `element`, `props` come from Gradio.
const words = props.words;
let renaming = null;
let removing = null;
let listing = null;
const shelf = make("div", { className: "shelf" });

function list() {
  cancelAnimationFrame(listing);
  const query = lookedFor();
  const chats = query ? search(query) : store.list();
  const open = sessionStorage.getItem("hearth.open");
  shelf.replaceChildren(
    chats.length
      ? make("ul", { className: "chats", ariaLabel: words.chats }, ...chats.map((c) => item(c, open)))
      : make("p", { className: "no-chats" }, query ? words.nothingFound : words.noChats),
  );
  shelf.querySelector("input, .sure")?.focus();
}

// Many may change at once.
function soon() {
  cancelAnimationFrame(listing);
  listing = requestAnimationFrame(list);
}

function item(chat, open) {
  const row = make("li", { className: chat.id === open ? "open" : "" });
  row.append(...(chat.id === renaming ? [nameField(chat)] : [title(chat), ...tools(chat)]));
  return row;
}

// `said`: where in the text the search found something.
function title(chat) {
  const onclick = () => say("hearth:open", chat.id);
  const node = make("button", { type: "button", className: "title", onclick }, chat.title || words.untitled);
  const [before, it, behind] = chat.said ?? [];
  if (it) node.append(make("small", {}, before, make("mark", {}, it), behind));
  return node;
}

function tools(chat) {
  if (chat.id === removing) {
    const own = store.read(chat.id)?.documents?.own;
    const remove = () => {
      if (own) say("hearth:forget", { chat: chat.id, own });
      store.remove(chat.id);
      say("hearth:removed", chat.id);
    };
    const onblur = () => { removing = null; list(); };
    const really = own ? words.reallyDocuments : words.really;
    return [make("button", { type: "button", className: "sure", onclick: remove, onblur }, really)];
  }
  return [
    button("rename", words.rename, () => { renaming = chat.id; list(); }),
    button("remove", words.remove, () => { removing = chat.id; list(); }),
  ];
}

function nameField(chat) {
  const input = make("input", { value: chat.title, maxLength: 80, ariaLabel: words.rename });
  const done = (keep) => {
    if (renaming !== chat.id) return;
    renaming = null;
    if (keep && input.value.trim()) store.rename(chat.id, input.value.trim());
    else list();
  };
  input.onblur = () => done(true);
  input.onkeydown = (event) => {
    if (composing(event)) return;
    if (event.key === "Enter") done(true);
    if (event.key === "Escape") { event.stopPropagation(); done(false); }
  };
  return input;
}

element.replaceChildren(head(), shelf);
for (const name of ["hearth:changed", "hearth:opened"]) window.addEventListener(name, soon);
window.addEventListener("storage", soon); // another tab changed something
list();
