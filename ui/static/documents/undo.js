// What is deleted here can be undone for ten seconds: it is hidden at once, and goes when the time
// is up or the page is left.
const GRACE = 10_000; // milliseconds
const LEFT = "hearth.deleting"; // what went as the page was left, whose end nobody saw
const doomed = new Map(); // by path: {path, files, timer, toast}
const gone = new Set(); // paths that are not shown
const toasts = make("div", { className: "toasts" });
toasts.setAttribute("role", "status");

// `files`: ids of files that documents were made from; those of no other document go, too.
function deleteSoon({ path, name, files = [], undone }) {
  const one = { path, files };
  const undo = () => { spare(one); gone.delete(path); undone(); };
  one.toast = make("p", {}, make("span", {}, said(words.deleted, { name })), plain("undo", words.undo, undo));
  one.timer = setTimeout(() => finish(one), GRACE);
  doomed.set(path, one);
  gone.add(path);
  toasts.append(one.toast);
  return one;
}

function spare({ path, timer, toast }) {
  clearTimeout(timer);
  toast.remove();
  doomed.delete(path);
}

async function finish(one) {
  spare(one);
  try {
    await remove(one);
  } catch (error) {
    gone.delete(one.path);
    tell(error.message);
  }
  refresh();
}

async function remove({ path, files }) {
  await unlessGone(call("DELETE", path));
  const others = visible().map(({ id }) => pathOf(id)).filter((store) => !`${path}/`.startsWith(`${store}/`));
  for (const file of files) if (!(await isUsed(file, others))) await unlessGone(call("DELETE", `/v1/files/${file}`));
}

async function isUsed(file, stores) {
  for (const store of stores) if (await unlessGone(call("GET", `${store}/files/${file}`))) return true;
  return false;
}

function unlessGone(answer) {
  return answer.catch((error) => {
    if (error.status !== 404) throw error;
  });
}

// The browser sends these even when the page is no more.
function leave() {
  const left = [...doomed.values()];
  const headers = { Authorization: `Bearer ${window.hearth.key}` };
  for (const one of left) {
    spare(one);
    fetch(one.path, { method: "DELETE", headers, keepalive: true, credentials: "omit" }).catch(() => {});
  }
  if (left.length) sessionStorage.setItem(LEFT, JSON.stringify(left.map(({ path, files }) => ({ path, files }))));
}

// Whether there was something: it is gone now in any case, before anything is shown.
async function finishLeft() {
  const left = parsed(sessionStorage.getItem(LEFT)) ?? [];
  for (const one of left) await remove(one).catch(() => {});
  sessionStorage.removeItem(LEFT);
  return left.length > 0;
}

// Something that is only said, for a while.
function tell(text) {
  const toast = make("p", { className: "bad" }, make("span", {}, text));
  toasts.append(toast);
  setTimeout(() => toast.remove(), GRACE);
}

window.addEventListener("pagehide", leave);
