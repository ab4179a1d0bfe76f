// The console: one section at a time, named in the address. `element`, `props` come from Gradio.
const words = props.words;
let current = new AbortController();
let open = false; // once the key is an owner's

const tabs = sections.map(({ name }) => make("a", { href: `#${name}`, className: name }, words.sections[name]));
const nav = make("nav", { className: "tabs", ariaLabel: words.title, hidden: true }, ...tabs);
const box = make("div", {});
element.replaceChildren(nav, box);

async function enter() {
  try {
    open = (await ask("GET", "/v1/key", current.signal)).admin;
  } catch (error) {
    return box.replaceChildren(refused(error));
  }
  nav.hidden = !open;
  if (open) await show();
  else box.replaceChildren(make("p", { className: "closed" }, words.closed));
}

// `event`: of another address, or none where the same is drawn again.
async function show(event) {
  if (!open) return;
  const [name, ...rest] = location.hash.slice(1).split("/");
  const chosen = sections.find((one) => one.name === name) ?? sections[0];
  mark(chosen.name);
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const wasInside = box.contains(document.activeElement);
  const inside = make("section", { className: chosen.name, ariaLabel: words.sections[chosen.name], tabIndex: -1 });
  box.replaceChildren(make("h1", { className: "unseen" }, words.sections[chosen.name]), inside);
  if (wasInside) inside.focus({ preventScroll: true });
  if (event?.newURL) scrollTo(0, 0);
  try {
    await chosen.open(inside, signal, rest.join("/"));
  } catch (error) {
    if (!signal.aborted) inside.prepend(refused(error));
  }
}

function mark(name) {
  for (const tab of tabs) {
    if (tab.classList.contains(name)) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  const tab = nav.querySelector("[aria-current]");
  nav.scrollLeft = tab.offsetLeft - (nav.clientWidth - tab.offsetWidth) / 2;
}

function refused(error) {
  if (!(error instanceof Refusal)) reportError(error);
  const node = make("p", { className: "refusal" }, error.message);
  node.setAttribute("role", "alert");
  return node;
}

onceUnlocked(enter);
window.addEventListener("hashchange", show);
