// What is deleted here can be undone for ten seconds: it is hidden at once, and goes when the time
// is up or the page is left.
const GRACE = 10_000; // milliseconds
const LEFT = "hearth.deleting"; // what went as this tab's last page was left, and may be listed still
const doomed = new Map(); // by path: {path, timer, toast}
const gone = new Set(parsed(sessionStorage.getItem(LEFT)) ?? []); // paths that are not shown
sessionStorage.removeItem(LEFT);
const toasts = make("div", { className: "toasts" });
toasts.setAttribute("role", "status");

function deleteSoon({ path, name, undone }) {
  const one = { path };
  const undo = () => { spare(one); gone.delete(path); undone(); };
  one.toast = make("p", {}, make("span", {}, said(words.deleted, { name })), plain("undo", words.undo, undo));
  one.timer = setTimeout(() => finish(one), GRACE);
  doomed.set(path, one);
  gone.add(path);
  toasts.append(one.toast);
}

function spare({ path, timer, toast }) {
  clearTimeout(timer);
  toast.remove();
  doomed.delete(path);
}

async function finish(one) {
  spare(one);
  try {
    await call("DELETE", deletionOf(one));
  } catch (error) {
    if (error.status !== 404) {
      gone.delete(one.path);
      tell(error.message);
    }
  }
  refreshNow();
}

// Its files go with it, but those of other documents.
function deletionOf({ path }) {
  return `${path}?files=unused`;
}

// The browser sends these even when the page is no more.
function leave() {
  const left = [...doomed.values()];
  if (!left.length) return;
  const headers = { Authorization: `Bearer ${window.hearth.key}` };
  for (const one of left) {
    spare(one);
    fetch(deletionOf(one), { method: "DELETE", headers, keepalive: true, credentials: "omit" }).catch(() => {});
  }
  sessionStorage.setItem(LEFT, JSON.stringify(left.map(({ path }) => path)));
}

// Something that is only said, for a while.
function tell(text) {
  const toast = make("p", { className: "bad" }, make("span", {}, text));
  toasts.append(toast);
  setTimeout(() => toast.remove(), GRACE);
}

window.addEventListener("pagehide", leave);
