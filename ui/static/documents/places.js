// The page "documents". `props` comes from Gradio.
//
// What is shown stands in the address: #COLLECTION, #COLLECTION/search/QUESTION,
// #COLLECTION/settings, #COLLECTION/file/DOCUMENT/PASSAGE, #new.
const words = props.words;
const NEW = "new";
const WIDE = window.matchMedia("(min-width: 800px)");
const DEADLINE = 60_000; // milliseconds
let current = new AbortController(); // until something else is shown
let may = { write: false, admin: false }; // what the visitor's key allows

function place() {
  const [id = "", view = "", ...rest] = location.hash.slice(1).split("/").map(decoded);
  return { id, view, rest };
}

function hashOf(...parts) {
  return `#${parts.map(encodeURIComponent).join("/")}`;
}

// Gradio's page has another base than its own address.
function hrefOf(...parts) {
  return `${location.pathname}${hashOf(...parts)}`;
}

function pathOf(...parts) {
  return [STORES, ...parts.map(encodeURIComponent)].join("/");
}

// One request, for as long as what is shown stays, and for a minute at most.
function ask(method, path, { body, signal = current.signal } = {}) {
  return limited((both) => call(method, path, { body, signal: both }), signal);
}

// `run(signal)`, which ends with the deadline, or by `signal`. Without a valid key, the page's door is
// the place to be.
async function limited(run, signal) {
  const deadline = AbortSignal.timeout(DEADLINE);
  try {
    return await run(signal ? AbortSignal.any([signal, deadline]) : deadline);
  } catch (error) {
    if (error.status === 401) location.reload();
    throw error;
  }
}

// A line for what went wrong; nothing where it only ended because something else is shown.
function complaint(error) {
  if (error.name === "AbortError") return "";
  return make("p", { className: "refusal", role: "alert" }, error.message);
}

// What a button does: not twice at the same time, and its refusal stands in `box`.
function does(work, box) {
  return async (event) => {
    event?.preventDefault();
    if (box.working) return;
    box.working = true;
    box.replaceChildren();
    try {
      await work();
    } catch (error) {
      box.replaceChildren(complaint(error));
    }
    box.working = false;
  };
}

function plain(name, label, onclick) {
  return make("button", { type: "button", className: name, onclick }, label);
}

function countOf(n) {
  return n === 1 ? words.countOne : said(words.count, { n: inNumbers(n) });
}

function passageCount(n) {
  return n === 1 ? words.passageOne : said(words.passageCount, { n: inNumbers(n) });
}

function dotted(...texts) {
  return texts.filter(Boolean).join(" · ");
}
