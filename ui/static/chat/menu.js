// A menu over the page. Needs store.js and layers.js.
//
// openMenu(face, [{text, small, act}, null, ...]): `face` is the button it hangs at, and closes it, too;
// `null` a line between two groups. It is no child of what it hangs at: that would cut it off.
let shutMenu = () => {};

function openMenu(face, items) {
  const isOpen = face.getAttribute("aria-expanded") === "true";
  shutMenu();
  if (isOpen) return;
  const choose = (act) => () => { shut(); act(); };
  const entry = (item) =>
    item
      ? make("button", { type: "button", role: "menuitem", tabIndex: -1, disabled: !item.act, onclick: choose(item.act) },
          make("span", {}, item.text), make("small", {}, item.small ?? ""))
      : make("hr", {});
  const menu = make("div", { className: "sheet", role: "menu", ariaLabel: face.ariaLabel ?? face.textContent }, ...items.map(entry));
  const closed = layer(shut);
  const aside = ({ target }) => menu.contains(target) || face.contains(target) || shut(false);
  const scrolled = () => shut(false);

  function shut(back = true) {
    closed();
    menu.remove();
    face.setAttribute("aria-expanded", "false");
    window.removeEventListener("pointerdown", aside, true);
    window.removeEventListener("scroll", scrolled, true);
    window.removeEventListener("resize", scrolled);
    shutMenu = () => {};
    if (back) face.focus();
  }

  menu.onkeydown = (event) => walk(event, menu, shut);
  (face.closest(".gradio-container") ?? document.body).append(menu);
  hang(menu, face);
  face.setAttribute("aria-expanded", "true");
  menu.querySelector("button:enabled")?.focus({ preventScroll: true });
  window.addEventListener("pointerdown", aside, true);
  window.addEventListener("scroll", scrolled, true);
  window.addEventListener("resize", scrolled);
  shutMenu = shut;
}

function walk(event, menu, shut) {
  const entries = [...menu.querySelectorAll("button:enabled")];
  const at = entries.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: -1 }[event.key];
  if (event.key === "Tab") shut();
  if (to === undefined) return;
  event.preventDefault();
  event.stopPropagation();
  entries.at(to % entries.length)?.focus();
}

// Where there is room: below what it hangs at, or above.
function hang(menu, face) {
  const { left, top, bottom } = face.getBoundingClientRect();
  const { width, height } = menu.getBoundingClientRect();
  const below = bottom + height + 8 <= window.innerHeight || top < height + 8;
  menu.style.left = `${Math.max(8, Math.min(left, window.innerWidth - width - 8))}px`;
  menu.style.top = `${Math.max(8, below ? bottom + 4 : top - height - 4)}px`;
}
