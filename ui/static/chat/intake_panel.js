// Documents on their way into the open conversation, whose own collection they make. `element`,
// `props` come from Gradio.
const words = props.words;
const intakes = new Map(); // by conversation

const view = new IntakeView(() => intakes.get(window.hearth.conversation?.().id), words.intake);
element.replaceChildren(view.panel);

function intakeOf(chat, known) {
  const metadata = { made_by: "chat" };
  const made = (collection) => window.hearth.own(chat, collection);
  const options = { collection: known?.id, name: known?.name, metadata, whole: true, made };
  const intake = new Intake({ ...options, changed: (one) => view.changed(one) });
  intakes.set(chat, intake);
  return intake;
}

function bring(found) {
  if (!found.files.length) return window.hearth.warn(words.nothing);
  const { id, title: talk, own } = window.hearth.conversation();
  const intake = intakes.get(id) ?? intakeOf(id, own);
  intake.name ||= nameFor(found, talk);
  intake.note = leftOut(found);
  intake.closed = false;
  view.lines.open = true;
  intake.add(found.files);
  view.draw();
}

// The panel of the conversation that was opened; jobs that this page did not begin are found again.
async function reopened() {
  view.draw();
  const { id, own } = window.hearth.conversation?.() ?? {};
  if (!own || !window.hearth.key || intakes.has(id)) return;
  await intakeOf(id, own).resume().catch(() => {}); // nothing is under way in a collection that is gone
}

// With a conversation goes what was brought for it, files and all.
async function forget({ chat, own }) {
  await intakes.get(chat)?.cancel();
  intakes.delete(chat);
  const path = `${STORES}/${own.id}`;
  const told = await listed(`${path}/files`).catch(() => []);
  for (const { id } of told.filter((one) => String(one.id).startsWith("file-"))) {
    await call("DELETE", `/v1/files/${id}`).catch(() => {});
  }
  await call("DELETE", path).catch((error) => window.hearth.warn(error.message));
}

function leaving(event) {
  if ([...intakes.values()].some((intake) => intake.sending)) event.preventDefault();
}

window.hearth.preparing = () => {
  const intake = view.shown();
  return Boolean(intake?.busy && !intake.count("ready"));
};
window.hearth.bring = bring;
takeDrops(element, bring);
for (const name of ["hearth:opened", "hearth:unlocked"]) window.addEventListener(name, reopened);
window.addEventListener("hearth:forget", (event) => forget(event.detail));
window.addEventListener("hearth:asked", () => { view.lines.open = false; });
window.addEventListener("beforeunload", leaving);
reopened();
