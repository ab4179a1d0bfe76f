// Conversations in this browser's localStorage, one entry each, so that two tabs never overwrite
// each other's. Titles have entries of their own: the list does not read whole conversations.
const store = {
  read(id) {
    return parsed(store.kept(id));
  },
  kept(id) {
    return localStorage.getItem(`hearth.chat.${id}`);
  },
  list() {
    return Object.keys(localStorage)
      .filter((key) => key.startsWith("hearth.title."))
      .map((key) => ({ id: key.slice("hearth.title.".length), ...parsed(localStorage.getItem(key)) }))
      .sort((a, b) => b.at - a.at);
  },
  // `told`: its title and time, where they are known.
  write(chat, told = {}) {
    const known = parsed(localStorage.getItem(`hearth.title.${chat.id}`));
    const title = told.title ?? known?.title ?? (chat.turns[0]?.text ?? chat.documents.own.name).trim().slice(0, 60);
    localStorage.setItem(`hearth.chat.${chat.id}`, JSON.stringify(chat));
    localStorage.setItem(`hearth.title.${chat.id}`, JSON.stringify({ title, at: told.at ?? Date.now() }));
    say("hearth:changed");
  },
  rename(id, title) {
    const known = parsed(localStorage.getItem(`hearth.title.${id}`));
    localStorage.setItem(`hearth.title.${id}`, JSON.stringify({ ...known, title }));
    say("hearth:changed");
  },
  remove(id) {
    localStorage.removeItem(`hearth.chat.${id}`);
    localStorage.removeItem(`hearth.title.${id}`);
    say("hearth:changed");
  },
};

function parsed(text) {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

function say(name, detail) {
  window.dispatchEvent(new CustomEvent(name, { detail }));
}

// make("button", { className: "x", onclick }, "text", child, ...). A `href` of "#…" stays on this page:
// the base of Gradio's pages is not their own address.
function make(tag, properties, ...children) {
  const node = Object.assign(document.createElement(tag), properties);
  if (properties.href?.startsWith("#")) node.href = location.pathname + properties.href;
  node.append(...children);
  return node;
}

function button(name, label, onclick) {
  const node = make("button", { type: "button", className: `tool ${name}`, title: label, onclick });
  node.setAttribute("aria-label", label);
  return node;
}

// Whether a key belongs to a word that is still being put together. Safari says so of the last Enter only
// by its code.
function composing(event) {
  return event.isComposing || event.keyCode === 229;
}

// said("{n} of {m}", {n: 1, m: 2})
function said(text, values) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => String(values[name] ?? whole));
}
