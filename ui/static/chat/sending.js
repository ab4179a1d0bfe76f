// Enter in the box, or its button, sends what stands there. Part of prompt_shelf.js; needs slash.js,
// whose menu takes Enter first.
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
