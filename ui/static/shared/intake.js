// Documents on their way into a collection: waiting, going up, being read. Needs library.js;
// intake_view.js draws it.
const AT_ONCE = 3; // uploads
const PERIOD = 1000; // milliseconds between two looks at the jobs
const LOOKED = 3; // pages of 100 documents, in one go
const OVER = new Set(["ready", "refused", "cancelled"]);

class Intake {
  // `collection`: null until something is there to be put into it; then `made({id, name})` is told,
  // and `metadata` says whose doing it is. `changed(intake)`: something in it is to be drawn.
  // `whole`: all documents of the collection have a line, not only those that come.
  constructor({ collection = null, name = "", metadata = {}, whole = false, made = () => {}, changed }) {
    Object.assign(this, { collection, name, metadata, whole, made, changed, rows: [], byId: new Map() });
    this.note = ""; // what of the last drop was left out
    this.fault = ""; // why the jobs cannot be looked at
    this.cursor = null; // behind it, documents may still be under way
    this.uploads = 0;
    this.watching = false;
    this.stopped = new AbortController();
  }

  get busy() {
    return this.rows.some((row) => !OVER.has(row.state));
  }

  // Files whose way here is not over: they are lost with the page.
  get sending() {
    return this.rows.some((row) => row.state === "waiting" || row.state === "uploading");
  }

  count(state) {
    return this.rows.filter((row) => row.state === state).length;
  }

  // 0 to 1: half of the work on a file is its way here, half is reading it.
  get progress() {
    const share = (row) => {
      if (OVER.has(row.state)) return 1;
      if (row.state === "uploading") return row.size ? (0.5 * row.sent) / row.size : 0;
      return row.id ? 0.5 + (row.total ? (0.5 * row.done) / row.total : 0) : 0;
    };
    return this.rows.length ? this.rows.reduce((sum, row) => sum + share(row), 0) / this.rows.length : 0;
  }

  add(files) {
    const row = ({ path, file }) => ({
      path: printable(path, 1024), file, size: file.size, sent: 0, state: "waiting", text: "",
    });
    const rows = files.map(row);
    const paths = new Set(rows.map((one) => one.path));
    const stay = (one) => !(OVER.has(one.state) && paths.has(one.path));
    this.rows = [...this.rows.filter(stay), ...rows];
    this.go();
  }

  // What this page did not bring itself: jobs that were begun before it was loaded.
  async resume() {
    const counts = (await call("GET", `${STORES}/${this.collection}`)).file_counts;
    if (counts?.in_progress) this.watch();
  }

  // A file that the appliance has is only read again.
  again(row) {
    Object.assign(row, { state: "waiting", text: "", sent: 0, id: row.file ? null : row.id });
    this.go();
  }

  go() {
    if (this.stopped.signal.aborted) this.stopped = new AbortController();
    while (this.uploads < AT_ONCE && this.rows.some((row) => row.state === "waiting")) this.work();
    this.changed(this);
  }

  async work() {
    this.uploads++;
    let row;
    while ((row = this.rows.find((one) => one.state === "waiting"))) await this.bring(row);
    this.uploads--;
  }

  async bring(row) {
    const { signal } = this.stopped;
    row.state = "uploading";
    this.changed(this);
    let file = row.id;
    try {
      const collection = await this.opened();
      const onsent = (sent) => { Object.assign(row, { sent: Math.min(sent, row.size), text: "" }); this.changed(this); };
      const onbusy = () => { row.text = words.busy; this.changed(this); };
      file ??= (await upload(row.file, { onsent, onbusy, signal })).id;
      const body = { file_id: file, name: row.path };
      this.learn(await call("POST", `${STORES}/${collection}/files`, { body, signal }), row);
      this.watch();
    } catch (error) {
      if (error.name === "AbortError") row.state = "cancelled";
      else Object.assign(row, { state: "refused", text: error.message, passing: error.passing });
      if (file && file !== row.id) call("DELETE", `/v1/files/${file}`).catch(() => {});
    }
    if (row.state !== "refused" || !row.passing) row.file = null;
    this.changed(this);
  }

  // The collection, made when the first file needs it.
  async opened() {
    this.opening ??= this.collection ? this.collection : this.open();
    try {
      return await this.opening;
    } catch (error) {
      this.opening = null; // the next file tries again
      throw error;
    }
  }

  async open() {
    const { id } = await call("POST", STORES, { body: { name: this.name, metadata: this.metadata } });
    this.collection = id;
    this.made({ id, name: this.name });
    return id;
  }

  // What the appliance says of a document. `row`: the line that it belongs to, if there is one.
  learn(told, row = this.byId.get(told.id) ?? this.coming(told.name) ?? this.line(told)) {
    if (!row) return;
    this.byId.set(told.id, row);
    const { stage, done, total } = told.progress ?? {};
    const state = { completed: "ready", failed: "refused", cancelled: "cancelled" }[told.status] ?? "queued";
    Object.assign(row, { id: told.id, state, stage, done, total, passages: told.passages, text: "" });
    if (state === "refused") row.text = told.last_error?.message ?? "";
    row.passing = told.last_error?.code === "server_error" && told.id.startsWith("file-");
    if (state === "ready") row.text = (told.notes ?? []).join(" ");
  }

  // The line of a document that the appliance took, but has not answered yet.
  coming(name) {
    return this.rows.find((row) => row.state === "uploading" && !row.id && row.path === name);
  }

  line(told) {
    if (!this.whole && told.status !== "in_progress") return null;
    const row = { path: String(told.name ?? told.id), size: 0, sent: 0, state: "queued" };
    this.rows.push(row);
    return row;
  }

  async watch() {
    if (this.watching) return;
    this.watching = true;
    let going = true;
    while (going) {
      going = await this.look().then(() => true, ({ message, passing }) => {
        this.fault = message;
        return passing; // the next look may go well
      });
      this.changed(this);
      await pause(PERIOD);
      await seen();
      going &&= this.rows.some((row) => row.state === "queued");
    }
    this.watching = false;
  }

  // Jobs begin in the order in which documents came: what is over at the front stays so.
  async look() {
    let front = true, found;
    do {
      found = await this.unseen();
      for (const told of found) {
        front &&= told.status !== "in_progress";
        if (front) this.cursor = told.id;
        this.learn(told);
      }
    } while (front && found.length === LOOKED * 100);
    this.fault = "";
  }

  // The documents behind the cursor, as far as one looks in one go.
  async unseen() {
    const from = (cursor) => listed(`${STORES}/${this.collection}/files`, { cursor, most: LOOKED });
    try {
      return await from(this.cursor);
    } catch (error) {
      if (!this.cursor || ![400, 404].includes(error.status)) throw error;
      return from(null); // the document at the cursor is gone
    }
  }

  async cancel() {
    this.stopped.abort();
    for (const row of this.rows) if (row.state === "waiting") row.state = "cancelled";
    this.changed(this);
    const begun = this.rows.filter((row) => row.state === "queued");
    const cancel = (row) => call("POST", `${STORES}/${this.collection}/files/${row.id}/cancel`).catch(() => {});
    for (const row of begun) await cancel(row);
  }
}
