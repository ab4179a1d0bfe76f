// The console: one section at a time, named in the address. `element`, `props` come from Gradio.
const words = props.words;
let current = new AbortController();

const tabs = sections.map(({ name }) => make("a", { href: `#${name}`, className: name }, words.sections[name]));
const nav = make("nav", { ariaLabel: words.title }, ...tabs);
const box = make("section", {});
element.replaceChildren(nav, box);

async function show() {
  const [name, ...rest] = decodeURIComponent(location.hash.slice(1)).split("/");
  const chosen = sections.find((one) => one.name === name) ?? sections[0];
  for (const tab of tabs) {
    if (tab.classList.contains(chosen.name)) tab.setAttribute("aria-current", "true");
    else tab.removeAttribute("aria-current");
  }
  current.abort();
  current = new AbortController();
  const { signal } = current;
  const inside = make("div", { className: chosen.name });
  box.replaceChildren(inside);
  box.setAttribute("aria-label", words.sections[chosen.name]);
  try {
    await chosen.open(inside, signal, rest.join("/"));
  } catch (error) {
    if (!signal.aborted) inside.prepend(make("p", { className: "refusal", role: "alert" }, error.message));
  }
}

window.addEventListener("hearth:unlocked", show);
window.addEventListener("hashchange", show);
