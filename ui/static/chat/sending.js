// Enter in the box, or its button, sends what stands there; a draft survives a reload. Part of
// prompt_shelf.js; needs slash.js, whose menu takes Enter first.
//
// Gradio would read the box some moments later, with what was typed since, and empty it later still.
function sendBox(event) {
  event.preventDefault();
  event.stopImmediatePropagation();
  if (window.hearth.ask(box().value)) insert("");
  else box().focus();
}

window.addEventListener("keydown", (event) => {
  const sends = event.key === "Enter" && !event.shiftKey && !composing(event);
  if (sends && event.target === box()) sendBox(event);
}, true);
window.addEventListener("click", (event) => event.target.closest?.("#ask .submit-button") && sendBox(event), true);

// Gradio loads the page again when it had lost its server.
const DRAFT = "hearth.draft";
window.addEventListener("pagehide", () => sessionStorage.setItem(DRAFT, box()?.value ?? ""));

// The box may come after this script, and be written into before it.
function restore(_changes, observer) {
  if (!box()) return;
  observer.disconnect();
  const draft = sessionStorage.getItem(DRAFT);
  if (draft && !box().value) insert(draft);
}

const arrival = new MutationObserver(restore);
arrival.observe(document.body, { childList: true, subtree: true });
restore([], arrival);
