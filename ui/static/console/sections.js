// The console's sections, each of a script of its own that calls `section`, in their order.
//
// `open(box, signal)` fills a section's box whenever it is shown; `signal` ends what it began (calls,
// timers) when another one is. What it throws is shown in the box. `rest`: what stands behind the
// section's name in the address, as in #receipts/ID.
const sections = [];

function section(name, open) {
  sections.push({ name, open });
}

// Calls `draw` now and every `seconds` until `signal`, one call after the other.
async function repeatedly(seconds, signal, draw) {
  while (!signal.aborted) {
    await draw();
    await pause(seconds * 1000, signal);
  }
}
