// Who may read a collection, whether answers from it are kept, and what made its vectors.
async function drawSettings(box, one) {
  const parts = [sharing(one), keeping(one), embedding(one)];
  box.append(make("div", { className: "panels" }, ...parts.map((part) => part.panel)));
  renew = async () => {};
  for (const part of parts) await part.load();
}

function panelOf(title, hint) {
  const inside = make("div", {});
  const refusal = make("div", {});
  return { inside, refusal, panel: make("section", { className: "panel" }, make("h3", {}, title), make("p", { className: "hint" }, hint), inside, refusal) };
}

// ---- with whom it is shared

function sharing(one) {
  const { inside, refusal, panel } = panelOf(words.sharing, words.sharingHint);
  const path = pathOf(one.id, "readers");
  const field = make("input", { maxLength: 128, required: true, placeholder: words.keyHint, ariaLabel: words.keyHint });
  const readers = make("ul", { className: "readers" });
  const share = does(async () => {
    await ask("POST", path, { body: { key: field.value.trim() } });
    field.value = "";
    await load();
  }, refusal);
  inside.append(readers, make("form", { className: "row", onsubmit: share }, field, make("button", { type: "submit" }, words.share)));

  async function load() {
    const { data } = await ask("GET", path);
    const unshare = (id) => does(() => ask("DELETE", `${path}/${id}`).then(load), refusal);
    const line = ({ id, names }) => {
      const label = names.join(", ") || said(words.keysGone, { id });
      return make("li", {}, make("span", {}, label), button("close", said(words.unshare, { name: label }), unshare(id)));
    };
    readers.replaceChildren(...data.map(line));
    if (!data.length) readers.append(make("li", { className: "none" }, words.notShared));
    if (may.admin && !field.list) await suggest();
  }

  // Its owner knows the keys.
  async function suggest() {
    const keys = await ask("GET", "/admin/keys").catch(() => ({ data: [] }));
    const names = [...new Set((keys.data ?? []).filter((key) => key.state === "active").map((key) => key.name))];
    const options = make("datalist", { id: "documents-keys" }, ...names.map((value) => make("option", { value })));
    inside.append(options);
    field.setAttribute("list", options.id);
  }
  return { panel, load };
}

// ---- whether answers may be kept

function keeping(one) {
  const { inside, refusal, panel } = panelOf(words.keeping, words.keepingHint);
  const box = make("input", { type: "checkbox", role: "switch", checked: one.cache === "on" });
  box.onchange = async () => {
    refusal.replaceChildren();
    try {
      await ask("POST", pathOf(one.id), { body: { cache: box.checked ? "on" : "off" } });
      await loadCollections();
    } catch (error) {
      box.checked = !box.checked;
      refusal.replaceChildren(complaint(error));
    }
  };
  inside.append(make("label", { className: "switch" }, box, ` ${words.keepAnswers}`));
  return { panel, load: async () => {} };
}

// ---- what made its vectors

function embedding(one) {
  const { inside, refusal, panel } = panelOf(words.embedder, words.embedderHint);
  const path = pathOf(one.id, "embedder");
  let following = false;

  async function load() {
    const told = await ask("GET", path);
    const lines = told.sets.map((set) => vectorSet(set, told));
    inside.replaceChildren(make("ul", { className: "sets" }, ...lines), ...former(told));
    if (told.sets.some(({ use }) => use === "coming")) later(current.signal);
  }

  async function later(signal) {
    if (following) return;
    following = true;
    await pause(PERIODS, signal).then(() => seen(signal)).catch(() => {});
    following = false;
    if (!signal.aborted) await load().catch((error) => refusal.replaceChildren(complaint(error)));
  }

  function former({ sets }) {
    if (!sets.some(({ use }) => use === "former")) return [];
    const go = does(() => ask("POST", `${path}/back`).then(load), refusal);
    const confirm = does(() => ask("DELETE", `${path}/former`).then(load), refusal);
    return [make("div", { className: "row" }, plain("", words.goBack, go), plain("", words.confirmNew, confirm)), make("small", {}, words.formerHint)];
  }
  return { panel, load };
}

function vectorSet({ embedder, use, passages, since }, told) {
  const whole = told.passages || passages;
  const far = use === "coming" ? said(words.comingOf, { n: inNumbers(passages), total: inNumbers(whole) }) : passageCount(passages);
  const line = make("li", {}, make("strong", {}, embedder), make("small", {}, dotted(words.uses[use], far, since && said(words.made, { day: dayOf(since) }))));
  if (use === "coming") line.append(make("progress", { max: whole || 1, value: passages, ariaLabel: words.uses.coming }));
  return line;
}
