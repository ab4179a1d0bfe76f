// A search in one collection, and why each passage was found.
const STAGES = ["lexical", "words", "dense", "fused", "late", "blended", "reread", "coverage"];
const NEAR = 0.5, LITTLE = 0.25; // cosines; what is less is not said to be the best of anything
const UNLIKELY = 0.1; // below it, answers from documents alone leave a passage out
const wanted = { n: 10, rerank: true }; // as it was chosen last

async function drawSearch(box, one, [question = ""]) {
  const field = make("input", { type: "search", value: question, maxLength: 2000, placeholder: words.searchHint, ariaLabel: words.question });
  const number = make("select", { ariaLabel: words.howMany }, ...[5, 10, 20, 50].map((n) =>
    make("option", { value: n, selected: n === wanted.n }, said(words.most, { n }))));
  const rerank = make("input", { type: "checkbox", checked: wanted.rerank });
  const submit = (event) => {
    event.preventDefault();
    Object.assign(wanted, { n: Number(number.value), rerank: rerank.checked });
    const next = hashOf(...[one.id, "search", field.value.trim()].filter(Boolean));
    if (next === location.hash) show();
    else location.hash = next;
  };
  const form = make("form", { className: "search", role: "search", onsubmit: submit },
    make("div", { className: "row" }, field, make("button", { type: "submit", className: "primary" }, words.search)),
    make("div", { className: "options" }, number, make("label", {}, rerank, ` ${words.compareTokens}`)));
  const results = make("div", { className: "results" });
  const told = make("p", { className: "hint timings" });
  told.setAttribute("role", "status");
  box.append(form, told, results);
  if (!question || WIDE.matches) field.focus({ preventScroll: true }); // on a phone, keys would cover the answer
  if (!question) return results.append(make("p", { className: "nothing" }, words.searchIntro));
  told.textContent = words.searching;
  await drawResults(results, told, one, question);
}

async function drawResults(results, told, one, question) {
  const start = performance.now();
  const body = { query: question, max_num_results: wanted.n, ranking_options: { ranker: wanted.rerank ? "auto" : "none" } };
  const page = await ask("POST", pathOf(one.id, "search"), { body }).finally(() => { told.textContent = ""; });
  const all = performance.now() - start;
  const beginnings = Array.from(page.words, beginningOf);
  const stages = STAGES.filter((stage) => page.data.some((hit) => stage in hit.stages));
  const notes = page.notes.map((note) => make("p", { className: "hint" }, note));
  const hits = page.data.map((hit, i) => result(one, page.data, i, { stages, beginnings }));
  if (!hits.length) hits.push(make("p", { className: "nothing" }, words.nothingFound));
  told.textContent = timingsOf(page, all);
  results.replaceChildren(...notes, make("ol", {}, ...hits));
}

function timingsOf({ data, timings }, all) {
  const parts = Object.entries(timings).map(([stage, ms]) => `${words.timings[stage] ?? stage} ${inSeconds(ms / 1000)}`);
  const found = data.length === 1 ? words.foundOne : said(words.found, { n: data.length });
  return dotted(said(words.took, { found, time: inSeconds(all / 1000) }), ...parts);
}

function result(one, hits, place, { stages, beginnings }) {
  const hit = hits[place];
  const follow = () => { asked = { words: beginnings, passage: hit.passage }; };
  const score = make("strong", { className: "score", title: words.scoreHint }, inPercent(hit.score));
  const link = make("a", { href: hrefOf(one.id, "file", hit.file_id, hit.passage), onclick: follow }, hit.filename);
  return make("li", { className: hit.score < UNLIKELY ? "unlikely" : "" },
    make("header", {}, score, link, make("span", { className: "where" }, placeOf(hit))),
    make("p", { className: "text" }, ...matched(hit.content[0].text, beginnings)),
    make("p", { className: "why" }, reasons(hit, hits).join(" ")),
    stageTable(hits, hit, stages));
}

// The first line has the scores, the second the place that the passage has by each of them.
function stageTable(hits, hit, stages) {
  const cell = (tag, text, title = "") => make(tag, { title }, text);
  const score = (stage) => (stage in hit.stages ? inScore(stage, hit.stages[stage]) : UNKNOWN);
  const rank = (stage) => (stage in hit.stages ? `${placeBy(hits, hit, stage)}.` : UNKNOWN);
  const head = make("tr", {}, cell("th", words.stage), ...stages.map((stage) => cell("th", words.stages[stage], words.stageHints[stage])));
  const line = (label, of) => make("tr", {}, cell("th", label), ...stages.map((stage) => cell("td", of(stage))));
  return make("div", { className: "scroll" }, make("table", { className: "stages" },
    make("thead", {}, head), make("tbody", {}, line(words.scoreRow, score), line(words.placeRow, rank))));
}

function inScore(stage, value) {
  const digits = stage === "lexical" ? 2 : 3;
  return stage === "coverage" ? inPercent(value) : inNumbers(Number(value.toFixed(digits)) + 0, digits);
}

function placeBy(hits, hit, stage) {
  return 1 + hits.filter((other) => other.stages[stage] > hit.stages[stage]).length;
}

// What decided, in words.
function reasons(hit, hits) {
  const { coverage, dense } = hit.stages;
  const first = (stage) => hits.length > 1 && hit.stages[stage] > LITTLE && placeBy(hits, hit, stage) === 1;
  const share = coverage === 1 ? words.allWords : coverage ? said(words.someWords, { share: inPercent(coverage) }) : words.noWords;
  const best = ["lexical", "dense", "late", "reread"].filter(first).map((stage) => words.bestBy[stage]);
  return [
    share,
    best.length && said(words.bestOf, { stages: best.join(", ") }),
    dense > NEAR && words.nearMeaning,
    dense < LITTLE && words.farMeaning,
    hit.score < UNLIKELY && words.unlikely,
  ].filter(Boolean);
}
