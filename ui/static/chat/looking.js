// Above the list of conversations: the search, and the menu by which they leave and come. Part of
// chats.js; needs search.js, exchange.js and menu.js.
const PAUSE = 120; // milliseconds between the last key and the search
const seeker = make("input", { type: "search", maxLength: 200 });
const picker = make("input", { type: "file", accept: ".json,.zip,application/json,application/zip", multiple: true, hidden: true });
const told = make("p", { className: "told", role: "status", hidden: true });
let searching = null;

function head() {
  const dots = button("dots", words.menu, () => openMenu(dots, entries()));
  dots.setAttribute("aria-haspopup", "menu");
  Object.assign(seeker, { placeholder: words.search, ariaLabel: words.search });
  shelf.addEventListener("keydown", walkList);
  return make("div", { className: "head" }, seeker, dots, picker, told);
}

function lookedFor() {
  return seeker.value.trim();
}

function search(query) {
  return store.list().flatMap((chat) => {
    const said = found(chat, query);
    return said === null ? [] : [{ ...chat, said }];
  });
}

seeker.oninput = () => {
  clearTimeout(searching);
  searching = setTimeout(list, PAUSE);
};
seeker.onkeydown = (event) => {
  if (composing(event)) return;
  const first = () => shelf.querySelector(".title");
  if (event.key === "Escape" && seeker.value) {
    event.stopPropagation();
    event.preventDefault();
    seeker.value = "";
  }
  if (["Enter", "Escape"].includes(event.key)) list();
  if (event.key === "Enter" && lookedFor()) first()?.click();
  if (event.key === "ArrowDown") { event.preventDefault(); first()?.focus(); }
};

function walkList(event) {
  const titles = [...shelf.querySelectorAll(".title")];
  const at = titles.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1 }[event.key];
  if (at < 0 || to === undefined) return;
  event.preventDefault();
  (titles[to] ?? (to < 0 ? seeker : titles[at])).focus();
}

window.addEventListener("hearth:search", () => {
  document.querySelector("#sidebar:not(.open) > .toggle-button")?.click();
  seeker.focus();
  seeker.select();
});

// ---- files

function entries() {
  const { id } = window.hearth.conversation();
  const open = store.list().find((chat) => chat.id === id);
  const all = store.list().map((chat) => chat.id);
  const day = new Date().toISOString().slice(0, 10);
  const written = () => download(fileName(open.title, "md"), "text/markdown", asMarkdown(store.read(id), open.title));
  const packed = () => download(fileName(open.title, "json"), "application/json", asJson([id]));
  const everything = () => download(`hearth-${day}.json`, "application/json", asJson(all));
  return [
    { text: words.exportMarkdown, act: open && written },
    { text: words.exportJson, act: open && packed },
    { text: words.exportAll, small: String(all.length), act: all.length > 0 && everything },
    { text: words.bringIn, act: () => picker.click() },
    null,
    { text: words.keys, small: "?", act: () => say("hearth:keys") },
  ];
}

picker.onchange = async () => {
  const files = [...picker.files];
  if (!files.length) return;
  told.hidden = true; // what was said of other files
  if (files.some(({ size }) => size > LARGEST)) tell(words.reading);
  try {
    tell(await bringIn(files));
  } catch (error) {
    tell(error.message, true);
  }
  picker.value = ""; // the same file may be picked again
};

let silence = null;
function tell(text, fault = false) {
  clearTimeout(silence);
  Object.assign(told, { textContent: text, hidden: false });
  told.classList.toggle("fault", fault);
  silence = setTimeout(() => (told.hidden = true), fault || text.length > 80 ? 20_000 : 6000);
}
