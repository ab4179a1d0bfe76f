// Files on their way into collections, and where they are taken in.
const intakes = new Map(); // by collection
let arriving = null; // the one whose collection is being made
const view = new IntakeView(shownIntake, words.intake, () => words.arriving);
const files = make("input", { type: "file", multiple: true, hidden: true, onchange: pickedFiles });
const folder = make("input", { type: "file", webkitdirectory: true, hidden: true, onchange: pickedFiles });

function shownIntake() {
  return arriving ?? intakes.get(place().id);
}

function pickedFiles(event) {
  bring(picked(event.target.files));
  event.target.value = ""; // the same files may be picked again
}

// Into the open collection; else into a new one, which has the folder's name.
function bring(found) {
  if (!found.files.length) return tell(words.nothing);
  const open = collectionOf(place().id);
  const intake = open ? intakeOf(open) : arriving ?? newIntake(found);
  intake.note = leftOut(found);
  intake.closed = false;
  view.lines.open = true;
  intake.add(found.files);
  view.draw();
}

function newIntake(found) {
  const made = async ({ id }) => {
    intakes.set(id, arriving);
    arriving = null;
    await refreshNow();
    location.hash = hashOf(id);
  };
  arriving = new Intake({ name: nameFor(found), made, changed: onChange });
  return arriving;
}

function intakeOf({ id, name }) {
  const intake = intakes.get(id) ?? new Intake({ collection: id, name, changed: onChange });
  intakes.set(id, intake);
  return intake;
}

// What was begun before this page was, or by somebody else.
function resume(one) {
  if (one.file_counts.in_progress && isMine(one)) intakeOf(one).resume().catch(() => {});
}

// The lists show what the lines at the top no longer do.
function onChange(intake) {
  view.changed(intake);
  const over = intake.rows.filter((row) => OVER.has(row.state)).length;
  if (intake.over === over) return;
  intake.over = over;
  refreshSoon();
}

function dropZone(text) {
  const choose = make("span", { className: "choose" },
    plain("", words.chooseFiles, () => files.click()), plain("", words.chooseFolder, () => folder.click()));
  return make("div", { className: "zone" }, make("p", {}, text), choose, make("small", {}, words.formats));
}

// A page without collections, or about to get another one.
function drawWelcome(box) {
  if (!may.write) return box.append(make("p", { className: "nothing" }, words.nothingToRead));
  const first = !visible().length;
  const name = make("input", { maxLength: 200, required: true, placeholder: words.nameHint });
  const refusal = make("div", {});
  const createEmpty = does(async () => {
    const { id } = await ask("POST", STORES, { body: { name: printable(name.value, 200) || words.untitled } });
    await refresh();
    location.hash = hashOf(id);
  }, refusal);
  box.append(
    make("div", { className: "welcome" },
      make("h2", {}, first ? words.welcome : words.create),
      make("ol", { className: "steps" }, ...words.steps.map(([what, how]) => make("li", {}, make("strong", {}, what), make("span", {}, how)))),
      dropZone(words.dropNew), view.panel,
      make("form", { className: "row", onsubmit: createEmpty }, make("label", {}, words.orEmpty, name), make("button", { type: "submit" }, words.createEmpty)),
      refusal));
  if (first) box.querySelector(".zone").classList.add("large");
}

function leaving(event) {
  if ([arriving, ...intakes.values()].some((intake) => intake?.sending)) event.preventDefault();
}

function dropHint() {
  const open = collectionOf(place().id);
  return open ? said(words.dropInto, { name: open.name }) : words.dropNewShort;
}

function mayDrop() {
  const open = collectionOf(place().id);
  return open ? isMine(open) : may.write;
}

view.close.addEventListener("click", refreshNow);
window.addEventListener("beforeunload", leaving);
