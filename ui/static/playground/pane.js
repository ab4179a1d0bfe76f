// An answer: what came together, its events one by one, its headers.
const HEADERS = /^(x-|retry-after|content-type|cache-control)/;

function pane(name) {
  const status = make("span", { className: "status" });
  const time = make("span", { className: "time", role: "status" });
  const text = make("pre", { className: "text", tabIndex: 0, ariaLabel: words.answer });
  const stream = make("ol", { className: "events", tabIndex: 0, ariaLabel: words.events });
  const count = make("summary", {});
  const list = make("details", { className: "stream", hidden: true }, count, stream);
  const heads = make("dl", {});
  const headers = make("details", { className: "headers", hidden: true }, make("summary", {}, words.headers), heads);
  const node = make("section", { className: "pane", ariaLabel: name || words.answer },
    make("header", {}, make("h2", {}, name || words.answer), status, time), text, list, headers);
  node.setAttribute("role", "group");
  let first = null;

  const told = {
    head(code, given) {
      status.textContent = String(code);
      node.dataset.state = code < 400 ? "good" : "bad";
      const shown = [...given].filter(([header]) => HEADERS.test(header));
      heads.replaceChildren(...shown.flatMap(([header, value]) => [make("dt", {}, header), make("dd", {}, value)]));
      headers.hidden = false;
    },
    event(event, seconds) {
      list.hidden = false;
      const more = added(event);
      if (more) first ??= seconds;
      text.append(more);
      stream.append(make("li", {}, make("time", {}, said(words.seconds, { n: seconds.toFixed(3) })), make("code", {}, event)));
      count.textContent = said(words.eventsOf, { n: stream.children.length });
    },
    body(body) {
      const json = parsed(body);
      text.textContent = json === null ? body : JSON.stringify(json, null, 2);
    },
  };

  // Sends the request; what goes wrong on the way is said here.
  async function run(request, signal) {
    node.dataset.state = "busy";
    time.textContent = words.busy;
    try {
      const whole = await exchange(request, signal, told);
      const parts = { first: first?.toFixed(3), whole: whole.toFixed(3) };
      time.textContent = said(first === null ? words.took : words.tookStreamed, parts);
    } catch (error) {
      node.dataset.state = "bad";
      time.textContent = signal.aborted ? words.stopped : words.unreachable;
    }
  }

  return { node, run };
}
