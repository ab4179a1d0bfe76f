// The console's sections, each of a script of its own that calls `section`, in their order.
//
// `open(box, signal, rest)` fills a section's box whenever it is shown; `signal` ends what it began
// (calls, timers) when another one is. What it throws is shown in the box. `rest`: what stands
// behind the section's name in the address, as it stands there: of #receipts/ID or #receipts/?a=b.
const sections = [];
const DEADLINE = 15_000; // milliseconds for an answer, waits for a busy appliance included

function section(name, open) {
  sections.push({ name, open });
}

// Asks the appliance, and not for ever. Raises `Refusal`, and AbortError once `signal` has ended it.
// Without a valid key, the page's door is the place to be.
async function ask(method, path, signal, body) {
  try {
    return await call(method, path, { body, signal: AbortSignal.any([signal, AbortSignal.timeout(DEADLINE)]) });
  } catch (error) {
    if (error.status === 401) location.reload();
    throw error;
  }
}

// Signals for what is asked over and over: each ends the one before it, and `signal` ends all.
function replacing(signal) {
  let last = new AbortController();
  return () => {
    last.abort();
    last = new AbortController();
    return AbortSignal.any([signal, last.signal]);
  };
}

// Calls `draw` now and every `seconds` until `signal`, one call after the other, and not while the
// page is hidden. With `failed` it goes on after a refusal: that gets it, and null once it is over.
async function repeatedly(seconds, signal, draw, failed) {
  while (!signal.aborted) {
    try {
      await draw();
      failed?.(null);
    } catch (error) {
      const passing = error instanceof Refusal && ![401, 403].includes(error.status);
      if (signal.aborted || !failed || !passing) throw error;
      failed(error);
    }
    await pause(seconds * 1000, signal);
    await seen(signal);
  }
}
