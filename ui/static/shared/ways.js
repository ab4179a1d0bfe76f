// The ways to the other pages. The console is its owner's. `element`, `props` come from Gradio.
const words = props.words;
const PAGES = { chat: "./", documents: "documents", playground: "playground", console: "console" };
const CONSOLE = "console";

const links = Object.entries(PAGES).map(([name, href]) =>
  make("a", { href, className: name, hidden: name === CONSOLE && words.here !== CONSOLE }, words[name]));
const current = links.find((link) => link.classList.contains(words.here));
current.setAttribute("aria-current", "page");
element.replaceChildren(make("nav", { ariaLabel: words.pages }, ...links));

async function unlock() {
  const key = await call("GET", "/v1/key").catch(() => ({}));
  for (const link of links) if (link.matches(`.${CONSOLE}`)) link.hidden = !key.scopes?.includes("admin");
  if (element.closest("#bar")) current.scrollIntoView({ block: "nearest", inline: "nearest" });
}

onceUnlocked(unlock);
