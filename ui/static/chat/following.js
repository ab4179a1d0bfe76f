// The page stays at the end of the conversation while it grows, until somebody scrolls up: while an
// answer is written, and while one that was opened is drawn (turns out of sight have guessed heights).
const NEAR = 120; // pixels from the end within which nobody needs a button to get there
const GLIDES = !matchMedia("(prefers-reduced-motion: reduce)").matches && "onscrollend" in window;
let following = true;
let gliding = false; // on the way to the end
let fresh = false; // opened, and nothing was touched since
let former = 0; // where the page was

function fromEnd() {
  const page = document.documentElement;
  return page.scrollHeight - page.scrollTop - page.clientHeight;
}

function toEnd(behavior) {
  following = true;
  gliding = behavior === "smooth" && GLIDES && fromEnd() > 1;
  window.scrollTo({ top: document.documentElement.scrollHeight, behavior: gliding ? "smooth" : "instant" });
}

function openAtEnd() {
  fresh = true;
  toEnd("instant");
}

function stay() {
  if (following && !gliding) toEnd("instant");
}

// `grows()`: whether more is to come. `way`: a button that leads to the end, seen where that is far.
function follow(list, way, grows) {
  const offer = () => way.classList.toggle("shown", fromEnd() > NEAR);
  new ResizeObserver(() => {
    if (fresh || grows()) stay();
    offer();
  }).observe(list);
  window.addEventListener("scroll", () => {
    if (fromEnd() < 8) following = true;
    else if (window.scrollY < former && !gliding) following = false;
    former = window.scrollY;
    offer();
  }, { passive: true });
}

window.addEventListener("scrollend", () => {
  const arrived = gliding;
  gliding = false;
  if (arrived) stay(); // it may have grown on the way
});
for (const touch of ["wheel", "touchmove"]) {
  window.addEventListener(touch, () => { gliding = false; }, { passive: true });
}
for (const touch of ["pointerdown", "keydown"]) {
  window.addEventListener(touch, () => { fresh = false; }, { capture: true, passive: true });
}
