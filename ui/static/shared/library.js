// The appliance's documents over HTTP, with the visitor's key. Needs store.js and `words`.
//
// Files go straight to the appliance: what passed through Gradio's uploads could be read by every
// visitor of the page.
const STORES = "/v1/vector_stores";
const TRIES = 8; // of what the appliance is too busy for, or a reading that got lost
const LONGEST_WAIT = 60_000; // milliseconds; of one try, where nobody says otherwise, too

let clockAhead = 0; // seconds by which the appliance's clock is ahead of this machine's

class Refusal extends Error {
  // `passing`: it may go well another time; `param`: the field that is at fault.
  constructor(message, passing = false, status = 0, { param = null, code = null } = {}) {
    super(message);
    Object.assign(this, { passing, status, param, code });
  }
}

// Calls `begin` once there is a key. The door may have told before the script of a page runs, and tells
// of none, too.
function onceUnlocked(begin) {
  if (window.hearth?.key) begin();
  else window.addEventListener("hearth:unlocked", () => onceUnlocked(begin), { once: true });
}

// The body of the answer. `signal` ends it, waits included.
async function call(method, path, { body, signal } = {}) {
  const headers = { Authorization: `Bearer ${window.hearth.key}` };
  if (body) headers["Content-Type"] = "application/json";
  const options = { method, headers, body: body && JSON.stringify(body), credentials: "omit" };
  const failed = (error) => lost(error, method === "GET");
  return patiently(signal, async () => {
    const deadline = signal ?? AbortSignal.timeout(LONGEST_WAIT);
    const response = await fetch(path, { ...options, signal: deadline }).catch(failed);
    const date = Date.parse(response.headers.get("date"));
    if (date) clockAhead = (date - Date.now()) / 1000;
    const json = parsed(await response.text().catch(failed));
    return { status: response.status, after: response.headers.get("retry-after"), json };
  });
}

// Unix seconds, by the clock that times of receipts, budgets and keys are by.
function applianceTime() {
  return Date.now() / 1000 + clockAhead;
}

// Every item of a list, page by page, `most` pages at most. `cursor`: behind which id it begins.
async function listed(path, { cursor = null, most = 20, query = "limit=100&order=asc", signal } = {}) {
  const items = [];
  for (let page = 0; page < most; page++) {
    const from = cursor ? `&after=${encodeURIComponent(cursor)}` : "";
    const answer = await call("GET", `${path}?${query}${from}`, { signal });
    items.push(...(answer.data ?? []));
    cursor = answer.last_id;
    if (!answer.has_more || !cursor) break;
  }
  return items;
}

// Takes a file to the appliance; `onsent(bytes)` while it goes, `onbusy()` when it has to wait.
async function upload(file, { onsent, onbusy, signal }) {
  const form = new FormData();
  form.append("purpose", "assistants");
  form.append("file", file, file.name);
  return patiently(signal, () => send(form, onsent, signal), onbusy);
}

// `fetch` does not tell how far an upload is.
function send(form, onsent, signal) {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const done = () =>
      resolve({
        status: request.status,
        after: request.getResponseHeader("retry-after"),
        json: parsed(request.responseText),
      });
    request.open("POST", "/v1/files");
    request.setRequestHeader("Authorization", `Bearer ${window.hearth.key}`);
    request.upload.onprogress = (event) => onsent(event.loaded);
    request.onload = done;
    request.onerror = () => reject(new Refusal(words.unreachable, true));
    request.onabort = () => reject(new DOMException("", "AbortError"));
    const stop = () => request.abort();
    signal.addEventListener("abort", stop, { once: true });
    request.onloadend = () => signal.removeEventListener("abort", stop);
    if (signal.aborted) return request.onabort();
    request.send(form);
  });
}

// Asks again while the appliance is too busy, as late as it wishes.
async function patiently(signal, ask, onbusy = () => {}) {
  for (let left = TRIES; ; left--) {
    let answer;
    try {
      answer = await ask();
    } catch (error) {
      if (!(error.again && left > 1)) throw error;
      answer = { status: 503, after: 1 };
    }
    if (answer.status >= 200 && answer.status < 300) return answer.json ?? {};
    const busy = answer.status === 429 || answer.status === 503;
    if (!busy || left <= 1) throw refusalOf(answer, busy);
    onbusy();
    await pause(Math.min(LONGEST_WAIT, 1000 * (Number(answer.after) || 2)), signal);
  }
}

// What took too long is not asked again.
function lost(error, again = false) {
  if (error.name === "AbortError") throw error;
  throw Object.assign(new Refusal(words.unreachable, true), { again: again && error.name !== "TimeoutError" });
}

function refusalOf({ status, json }, busy) {
  const own = { 401: words.signInAgain, 413: words.largest }[status] ?? said(words.refusal, { status });
  const message = status !== 401 && json?.error?.message;
  return new Refusal(typeof message === "string" ? message : own, busy || status >= 500, status, json?.error ?? {});
}

function pause(milliseconds, signal) {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(signal.reason.name === "TimeoutError" ? new Refusal(words.unreachable, true) : signal.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener("abort", stop);
      resolve();
    }, milliseconds);
    if (signal?.aborted) stop();
    signal?.addEventListener("abort", stop, { once: true });
  });
}

// Comes back once the page is visible, or `signal` has ended it.
async function seen(signal) {
  while (document.hidden && !signal?.aborted) {
    await new Promise((resolve) => {
      document.addEventListener("visibilitychange", resolve, { once: true, signal });
      signal?.addEventListener("abort", resolve, { once: true });
    });
  }
}

// What is told aloud is not told twice.
function tellOnce(node, text) {
  if (node.textContent !== text) node.textContent = text;
}

// A part of an address, as it is where it is none.
function decoded(part) {
  try {
    return decodeURIComponent(part);
  } catch {
    return part;
  }
}

// What the appliance takes as a name: no control characters, no spaces but the common one.
function printable(text, most) {
  return text.replace(/[\p{C}\p{Z}]/gu, " ").trim().slice(0, most);
}
