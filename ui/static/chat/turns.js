// How a turn of the conversation looks, and its buttons. Part of transcript.js, which has `chat`,
// `live` and `words`; needs clipboard.js.

function drawTurn(turn, place) {
  const node = make("li", { className: `turn ${turn.role}` });
  node.setAttribute("aria-label", turn.role === "user" ? words.you : words.model);
  node.append(
    make("div", { className: "body" }),
    make("div", { className: "sources" }),
    make("div", { className: "note", role: "status" }),
    make("div", { className: "offer" }),
    make("div", { className: "tools" }),
    make("div", { className: "verdict" }),
    make("div", { className: "account" }),
  );
  fill(node, turn, place);
  return node;
}

// The turns from `place` on; those before stay as they are.
function drawFrom(place) {
  while (turns.children.length > place) turns.lastChild.remove();
  turns.append(...chat.turns.slice(place).map((turn, n) => drawTurn(turn, place + n)));
}

function redraw(place) {
  const node = turns.children[place];
  if (node) fill(node, chat.turns[place], place);
  else turns.append(drawTurn(chat.turns[place], place));
}

function fill(node, turn, place) {
  const [body, sources, note, offer, tools] = node.children;
  node.dataset.state = turn.state ?? "done";
  body.ariaBusy = String(turn.state === "waiting" || turn.state === "writing");
  if (turn.html) patch(body, turn.html);
  else body.textContent = turn.text;
  body.classList.toggle("plain", !turn.html);
  if (turn.state === "waiting") body.replaceChildren(make("span", { className: "pulse", title: words.waiting }));
  fillSources(sources, turn);
  fillNote(note, turn);
  fillOffer(offer, turn, place);
  if (!tools.children.length) tools.append(...toolsOf(turn, place, node), make("div", { className: "versions" }));
  fillVersions(tools.querySelector(".versions"), turn, place);
  fillThumbs(tools, turn);
  fillAccounting(tools, turn);
}

// `html` was made harmless by the server. Unchanged blocks stay, so that a selection survives.
function patch(body, html) {
  const next = make("template", { innerHTML: html }).content;
  const nodes = [...next.childNodes];
  nodes.forEach((node, i) => {
    const old = body.childNodes[i];
    if (!old) body.append(node);
    else if (!old.isEqualNode(node)) old.replaceWith(node);
  });
  while (body.childNodes.length > nodes.length) body.lastChild.remove();
}

function toolsOf(turn, place, node) {
  if (turn.role === "user") return [button("edit", words.edit, () => edit(place, node))];
  return [
    button("copy", words.copyAnswer, (event) => copy(chat.turns[place].text, event.currentTarget)),
    button("retry", words.retry, () => retry(place)),
    Object.assign(button("more", words.retryWith, (event) => choices(event.currentTarget, place)), { ariaHasPopup: "menu" }),
    ...thumbs(place),
    accounting(place),
  ];
}

function edit(place, node) {
  if (live) return;
  const area = make("textarea", { value: chat.turns[place].text, ariaLabel: words.edit });
  const again = () => ask(area.value, place);
  const closed = layer(cancel);
  function cancel() {
    closed();
    if (!node.isConnected) return false;
    node.replaceWith(drawTurn(chat.turns[place], place));
    document.querySelector("#ask textarea")?.focus();
  }
  area.onkeydown = (event) => {
    if (event.key === "Enter" && !event.shiftKey && !composing(event)) { event.preventDefault(); again(); }
  };
  const choices = make(
    "div",
    { className: "choices" },
    make("button", { type: "button", onclick: cancel }, words.cancel),
    make("button", { type: "button", className: "primary", onclick: again }, words.save),
  );
  node.classList.add("editing");
  node.firstChild.replaceChildren(area, choices);
  area.style.height = `${area.scrollHeight}px`;
  area.focus();
}

// What a key does with the last answer, or question.
function last(what) {
  const role = what === "edit" ? "user" : "assistant";
  const place = chat.turns.findLastIndex((turn) => turn.role === role);
  const node = turns.children[place]?.querySelector(`.tools > .${what}`);
  if (!node || live) return;
  node.scrollIntoView({ block: "nearest" });
  node.click();
}

async function copy(text, node) {
  await toClipboard(text, node);
  node.classList.add("copied");
  setTimeout(() => node.classList.remove("copied"), 1500);
}
