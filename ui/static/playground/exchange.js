// One request and its answer as they travel. `told` hears of it: `head(status, headers)`,
// `event(text, seconds)` for each event or comment of a stream, `body(text)` where it is none.
const LONGEST = 900_000; // milliseconds

async function exchange({ path, body }, signal, told) {
  const began = performance.now();
  const headers = { Authorization: `Bearer ${window.hearth.key}` };
  if (body !== undefined) headers["Content-Type"] = "application/json";
  if (parsed(body)?.stream) headers["x-hearth-progress"] = "1";
  const options = { method: body === undefined ? "GET" : "POST", headers, body, credentials: "omit" };
  const until = AbortSignal.any([signal, AbortSignal.timeout(LONGEST)]);
  const response = await fetch(path, { ...options, signal: until });
  told.head(response.status, response.headers);
  if (response.headers.get("content-type")?.startsWith("text/event-stream")) {
    for await (const event of events(response.body)) told.event(event, (performance.now() - began) / 1000);
  } else {
    told.body(await response.text());
  }
  return (performance.now() - began) / 1000;
}

// The events of a stream as they were written: what stands between two empty lines.
async function* events(stream) {
  const reader = stream.pipeThrough(new TextDecoderStream()).getReader();
  for (let rest = ""; ; ) {
    const { done, value } = await reader.read();
    const parts = (rest + (value ?? "")).split("\n\n");
    rest = parts.pop();
    yield* parts;
    if (done && rest) yield rest; // it broke off
    if (done) return;
  }
}

// What an event of a stream adds to the answer.
function added(event) {
  const choice = parsed(event.replace(/^data: /, ""))?.choices?.[0];
  return choice?.delta?.content ?? choice?.text ?? "";
}
