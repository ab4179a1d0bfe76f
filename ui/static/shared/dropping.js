// Files that are dropped anywhere on a page, under a curtain that says so. Needs store.js and
// folder.js. `bring(found)` gets what folder.js makes of them; `allowed()`: whether there is a place
// for them at present; `hint()`: what the curtain says.
function takeDrops(element, bring, hint = () => words.drop, allowed = () => true) {
  const title = make("strong", {});
  const curtain = make("div", { className: "curtain", hidden: true },
    make("div", {}, title, make("span", {}, words.dropInfo)));
  (element.closest(".gradio-container") ?? document.body).append(curtain);

  function onDrag(event) {
    if (![...(event.dataTransfer?.types ?? [])].includes("Files")) return;
    event.preventDefault();
    event.stopPropagation();
    if (!allowed()) return;
    if (event.type === "dragleave" && event.relatedTarget) return; // only from one element to the next
    title.textContent = hint();
    curtain.hidden = event.type === "drop" || event.type === "dragleave";
    if (event.type === "drop") dropped(event.dataTransfer).then(bring);
  }

  for (const type of ["dragenter", "dragover", "dragleave", "drop"]) window.addEventListener(type, onDrag, true);
}
