// What the sections of records share: tables, pairs, buttons, and what is not there.

// `rows`: {href, cells, className}; a cell is text, a node or several of them. `numbers`: columns of
// numbers, `whole`: those that stay in one line, `minor`: those that small screens go without.
function tableOf(titles, rows, { numbers = [], whole = [], minor = [], label = "" } = {}) {
  const kinds = Object.entries({ number: numbers, whole, minor });
  const looks = (n) => kinds.filter(([, columns]) => columns.includes(n)).map(([kind]) => kind).join(" ");
  const head = make("tr", {}, ...titles.map((title, n) => make("th", { scope: "col", className: looks(n) }, title)));
  const body = make("tbody", {}, ...rows.map((row) => tableRow(row, titles, looks)));
  const table = make("table", { className: "table folding" }, make("thead", {}, head), body);
  if (label) table.setAttribute("aria-label", label);
  return make("div", { className: "scroll" }, table);
}

// A whole row leads where its first link does. Small screens show a row's cells below each other, each
// behind its title.
function tableRow({ cells, href, className = "" }, titles, looks) {
  const line = make("tr", { className: href ? `opens ${className}` : className }, ...cells.map((cell, n) => {
    const one = make("td", { className: looks(n) }, ...(Array.isArray(cell) ? cell : [cell]));
    one.dataset.title = titles[n];
    return one;
  }));
  if (href) line.onclick = (event) => {
    if (!event.target.closest("a, button") && getSelection().isCollapsed) location.hash = href;
  };
  return line;
}

// Pairs of a name and what stands for it; those without are left out.
function factList(pairs) {
  return make("dl", { className: "facts" }, ...pairs.filter(([, value]) => value != null && value !== "").flatMap(
    ([name, value]) => [make("dt", {}, name), make("dd", {}, ...(Array.isArray(value) ? value : [value]))]));
}

function panel(title, ...children) {
  return make("section", { className: "panel" }, make("h3", {}, title), ...children);
}

function tileOf(label, value, detail = "", className = "") {
  return make("div", { className: `tile ${className}` },
    make("span", { className: "label" }, label), make("span", { className: "value" }, value), make("span", { className: "detail" }, detail));
}

// It does what it does not twice at the same time; what goes wrong stands behind it.
function plainButton(label, work, className = "") {
  let working = false, fault = null;
  const one = make("button", { type: "button", className: `act ${className}` }, label);
  one.onclick = async () => {
    if (working) return;
    working = true;
    fault?.remove();
    try {
      await work();
    } catch (error) {
      if (error.name !== "AbortError") one.after((fault = refused(error)));
    }
    working = false;
  };
  return one;
}

// A line for what goes wrong time and again: its node, and what tells it the error, or null once that
// is over.
function troubleLine() {
  const node = make("p", { className: "refusal", role: "alert", hidden: true });
  const told = (error) => {
    node.hidden = !error;
    tellOnce(node, error?.message ?? "");
  };
  return [node, told];
}

// Only what is other than before takes the place of it, so that a text that somebody marks stays.
function renew(box, nodes) {
  nodes.forEach((node, n) => {
    const before = box.children[n];
    if (!before) box.append(node);
    else if (!before.isEqualNode(node)) before.replaceWith(node);
  });
  while (box.children.length > nodes.length) box.lastChild.remove();
}

function badge(text, tone = "") {
  return make("span", { className: `badge ${tone}` }, text);
}

function quiet(text) {
  return make("p", { className: "quiet" }, text);
}

// What `get()` gives; null, and the appliance's words in `box`, where that is switched off.
async function unlessOff(box, get) {
  try {
    return await get();
  } catch (error) {
    if (error.code !== "off") throw error;
    box.append(make("p", { className: "nothing" }, error.message));
    return null;
  }
}

// The first cause of a failure, in words where there are some.
function causeInWords(cause) {
  return words.time.causes[cause] ?? cause;
}
