// A button that copies what `text()` gives, and says that it did. Needs store.js.
function copyButton(className, label, done, text) {
  const one = make("button", { type: "button", className }, label);
  one.onclick = async () => {
    await toClipboard(text(), one);
    one.textContent = done;
    setTimeout(() => (one.textContent = label), 2000);
  };
  return one;
}

// Browsers offer the clipboard only to https and to this machine; elsewhere, what is marked is copied:
// beside a node, as nothing outside of an open dialog can be.
async function toClipboard(text, beside) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text });
    beside.after(area);
    area.select();
    document.execCommand("copy");
    area.remove();
    beside.focus({ preventScroll: true });
  }
}
