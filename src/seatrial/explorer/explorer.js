/* The explorer: a choice of samples (query), and three views of it. */
const query = { where: "", outcome: "wrong", tag: "", rows: null, sort: "worst" };
const state = { overview: null, shown: 0, tab: "samples", asked: 0, map: null, saving: null };
const points = (x) => `${(x * 100).toFixed(1)}${NARROW}%`;

async function ask(path, body) {
  const answer = await fetch(path, body === undefined ? {} : { method: "POST", headers: { "Content-Type": "application/json", "X-Seatrial": "explorer" }, body: JSON.stringify(body) });
  if (answer.ok) return answer;
  const said = answer.headers.get("Content-Type") === "application/json" ? await answer.json() : { error: await answer.text() };
  throw new Error(said.error || JSON.stringify(said.detail));
}
const json = async (path, body) => (await ask(path, body)).json();
function problem(id, text) { byId(id).textContent = text; byId(id).hidden = !text; }

/* ---- samples ---- */
function card(one) {
  const right = one.error === 0, judged = one.error !== null;
  const says = [one.truth === null ? "no truth" : `truth ${one.truth}`, `says ${one.said}`, one.confidence === null ? "" : `confidence ${points(one.confidence)}`, has(one.distance) ? `cosine distance ${one.distance.toFixed(3)}` : ""].filter(Boolean).join(", ");
  const picture = el("img", { src: `/api/image/${one.row}?side=256`, alt: "", loading: "lazy", decoding: "async" });
  picture.addEventListener("error", () => picture.replaceWith(el("span", { class: "noimage" }, "cannot be read")));
  return el("li", {}, el("button", { type: "button", class: "card", "data-row": one.row, "aria-label": `${one.id}: ${says}`, title: says },
    one.pictured ? picture : el("span", { class: "noimage" }, "no image"),
    el("span", { class: "truth" }, name(one.truth ?? "no truth")),
    el("span", { class: "says", "data-right": !judged || right ? "True" : "False" }, el("span", { "aria-hidden": "true" }, judged ? (right ? "✓" : "✕") : "·"), " ", name(one.said ?? ""), " ", el("span", { class: "quiet" }, one.confidence === null ? "" : points(one.confidence))),
    one.tags.length ? el("span", { class: "tags" }, name(one.tags.join(", "))) : null));
}
function summary(found) {
  const wrong = state.overview.task === "classification" ? "wrong" : "mean error";
  const parts = [el("strong", {}, count(found.n)), ` of ${count(state.overview.n)} samples`];
  const chosenBy = wrong === "wrong" && query.outcome !== "all"; // then its share of errors says nothing
  if (chosenBy) parts.push(query.outcome === "unlabelled" ? " without a truth" : `, the ${query.outcome} ones`);
  else if (has(found.error)) parts.push(", ", el("strong", {}, points(found.error)), el("span", { class: "quiet", title: `n = ${count(found.known)} with a truth` }, ` ${wrong} (95${NARROW}% interval ${points(found.low)} to ${points(found.high)})`));
  byId("summary").replaceChildren(...parts);
}
function chips() {
  const chip = (text, drop) => el("li", {}, el("button", { type: "button", onclick: drop, "aria-label": `remove ${text}` }, `${text} ✕`));
  const listed = [];
  if (query.rows) listed.push(chip(`lasso: ${count(query.rows.length)}`, () => { query.rows = null; refresh(); }));
  if (query.tag) listed.push(chip(`tag: ${query.tag}`, () => { query.tag = ""; refresh(); }));
  byId("chips").replaceChildren(...listed);
}
function fields() {
  byId("where").value = query.where;
  for (const key of ["outcome", "sort", "tag"]) byId(key).value = query[key];
}
async function refresh() {
  const mine = ++state.asked;
  fields();
  chips();
  problem("problem", "");
  byId("likeness").hidden = true;
  try {
    const found = await json("/api/samples", { query, offset: 0 });
    if (mine !== state.asked) return;
    state.shown = found.rows.length;
    summary(found);
    byId("gallery").replaceChildren(...(found.rows.length ? found.rows.map(card) : [el("li", { class: "empty" }, "No sample is chosen.")]));
    byId("more").hidden = state.shown >= found.n;
    await Promise.all([facet(mine), state.tab === "map" ? drawMap(mine) : null, state.tab === "confusion" ? confusion(mine) : null]);
    document.documentElement.dataset.ready = String(mine);
  } catch (error) { problem("problem", error.message); }
}
async function more() {
  const found = await json("/api/samples", { query, offset: state.shown });
  byId("gallery").append(...found.rows.map(card));
  state.shown += found.rows.length;
  byId("more").hidden = state.shown >= found.n;
}
function likeness(title, found) {
  selectTab("samples");
  byId("likeness").hidden = false;
  byId("likeness").textContent = title;
  byId("gallery").replaceChildren(...found.map(card));
  byId("more").hidden = true;
}

/* ---- facets ---- */
async function facet(mine) {
  const attribute = byId("attribute").value;
  if (!attribute) return;
  const parts = await json("/api/facet", { query: { ...query, outcome: query.outcome === "unlabelled" ? query.outcome : "all" }, name: attribute });
  if (mine !== state.asked) return;
  const most = Math.max(1, ...parts.map((one) => one.n));
  byId("facet").replaceChildren(...parts.map((one) => {
    const all = el("span", {}), bad = el("span", { class: "bad" });
    all.style.width = `${(100 * one.n) / most}%`;
    bad.style.width = `${(100 * one.n * (one.error || 0)) / most}%`;
    return el("li", {}, el("button", { type: "button", disabled: !one.n, onclick: () => narrow(one.where), title: has(one.error) ? `${count(one.n)} samples, mean error ${points(one.error)}` : `${count(one.n)} samples` },
      name(one.label), el("span", { class: "quiet" }, `${count(one.n)}${has(one.error) ? ` · ${points(one.error)}` : ""}`), el("span", { class: "track" }, all, bad)));
  }));
}
function narrow(where) {
  const wrap = (text) => (/ or /.test(text) ? `(${text})` : text);
  query.where = query.where.trim() ? `${wrap(query.where.trim())} and ${where}` : where;
  refresh();
}

/* ---- the map ---- */
async function drawMap(mine) {
  const why = state.overview.map;
  if (why) { byId("points").replaceChildren(el("p", { class: "empty" }, why)); return; }
  const n = state.overview.n;
  if (!state.map) byId("points").replaceChildren(el("p", { class: "empty" }, "The map is being laid out; on many samples this takes a minute, once."));
  const bytes = await (await ask("/api/map", { query, colour: byId("colour").value })).arrayBuffer();
  if (mine !== state.asked) return;
  const chosen = new Uint8Array(bytes, 4 * n, n), codes = new Uint8Array(bytes, 5 * n, n);
  if (!state.map) state.map = new PointMap(byId("points"), {
    x: new Uint16Array(bytes, 0, n), y: new Uint16Array(bytes, 2 * n, n),
    label: "Map of all samples by their embeddings. Arrows move, plus and minus zoom, Enter chooses what is in view.",
    onLasso: (rows) => { query.rows = rows; query.outcome = "all"; refresh().then(() => selectTab("samples")); },
    onPick: openSample,
  });
  state.map.colour(codes, chosen.map((one) => 1 - one));
  const labels = JSON.parse(new TextDecoder().decode(new Uint8Array(bytes, 6 * n)));
  byId("mapkey").replaceChildren(...labels.map((label, code) => {
    const swatch = el("span", { class: "swatch" });
    swatch.style.background = PointMap.PALETTE[code];
    return el("li", {}, swatch, name(label));
  }));
}

/* ---- what is taken for what ---- */
async function confusion(mine) {
  const pairs = await json("/api/confusion", { query });
  if (mine !== state.asked) return;
  byId("pairs").tBodies[0].replaceChildren(...(pairs.length ? pairs.map((one) => el("tr", {}, el("td", {}, name(one.truth)), el("td", {}, el("button", { type: "button", onclick: () => { narrow(one.where); selectTab("samples"); } }, name(one.said)), one.right ? el("span", { class: "quiet" }, " ✓") : null),
    el("td", { class: "num" }, count(one.n)), el("td", { class: "num" }, points(one.n / one.of)))) : [el("tr", {}, el("td", { colspan: 4 }, state.overview.task === "classification" ? "No sample is chosen." : "Counted for classifiers; the report shows a detector’s."))]));
}

/* ---- one sample ---- */
async function openSample(row) {
  const one = await json(`/api/sample/${row}`);
  const scores = one.scores.map(([label, share]) => {
    const filled = el("span", { class: "filled" });
    filled.style.width = `${share * 100}%`;
    return el("div", { class: "score" }, name(label), el("span", { class: "track" }, filled), el("span", { class: "num" }, points(share)));
  });
  const tag = el("input", { "aria-label": "tag", maxlength: 80, list: "known-tags", placeholder: "tag" });
  const retag = async (text, on) => { tags(await json("/api/tag", { query: {}, tag: text, on, only: [row] })); byId("sample").close(); refresh(); };
  byId("sample-body").replaceChildren(el("h3", { id: "sample-title" }, name(one.id)),
    el("p", { class: "quiet" }, one.truth === null ? "no truth" : `truth: ${one.truth}`, ` · says: ${one.said}`),
    el("div", { class: "sample" }, el("div", {}, one.pictured ? el("img", { src: `/api/image/${row}?side=640`, alt: "the sample" }) : el("p", { class: "empty" }, "no image"), el("p", { class: "quiet small" }, name(one.uri)),
      el("div", { class: "actions" }, state.overview.similar ? null : el("button", { type: "button", onclick: () => { byId("sample").close(); similar(row, one.id); } }, "What is like this?"))),
    el("div", {}, scores, el("form", { class: "dialogtags", onsubmit: (event) => { event.preventDefault(); retag(tag.value, true); } }, tag, el("button", { type: "submit" }, "Tag")),
      el("ul", { class: "chips" }, one.tags.map((text) => el("li", {}, el("button", { type: "button", onclick: () => retag(text, false), "aria-label": `remove the tag ${text}` }, `${text} ✕`)))),
      el("table", {}, el("tbody", {}, one.attributes.map(([key, text]) => el("tr", {}, el("th", { scope: "row" }, name(key)), el("td", {}, name(text)))))))));
  byId("sample").showModal();
}
async function similar(row, id) { likeness(`Most like ${id}`, await json(`/api/similar/${row}`)); }

/* ---- keeping ---- */
const kinds = {
  slice: ["Save as a slice", "A predicate alone is kept as one and can be measured on any data; anything else as a list of these samples."],
  scenario: ["Save as a scenario", "These samples are frozen: what the champion solves there has to stay solved."],
  labelling: ["Save as a batch to label", "Written for Label Studio, CVAT, COCO and as CSV, with what the model says as the suggestion."],
  tag: ["Tag the chosen samples", ""],
};
function keep(kind) {
  state.saving = kind;
  byId("keep-title").textContent = kinds[kind][0];
  byId("keep-about").textContent = kinds[kind][1];
  byId("keep-because-label").hidden = kind === "slice" || kind === "tag";
  byId("keep-because").required = kind === "scenario";
  byId("keep-solved").hidden = kind !== "scenario" || state.overview.task === "classification"; // which has every sample right
  byId("keep-form").hidden = false;
  byId("kept").hidden = true;
  problem("keep-problem", "");
  byId("keep").showModal();
}
function solved() {
  return byId("keep-solved").hidden ? {} : { metric: byId("keep-metric").value, least: +byId("keep-least").value };
}
async function kept(event) {
  event.preventDefault();
  problem("keep-problem", "");
  try {
    if (state.saving === "tag") {
      tags(await json("/api/tag", { query, tag: byId("keep-name").value }));
      byId("keep").close();
      refresh();
      return;
    }
    const made = await json("/api/save", { query, kind: state.saving, name: byId("keep-name").value, because: byId("keep-because").value, ...solved() });
    byId("keep-form").hidden = true;
    byId("kept").hidden = false;
    byId("kept-path").textContent = `Saved in ${made.path}`;
    byId("kept-text").value = made.text;
  } catch (error) { problem("keep-problem", error.message); }
}
function tags(found) {
  state.overview.tags = found;
  byId("tag").replaceChildren(el("option", { value: "" }, "any"), ...Object.entries(found).map(([tag, n]) => el("option", { value: tag, selected: tag === query.tag }, `${tag} (${n})`)));
}

/* ---- page ---- */
function selectTab(wanted) {
  state.tab = wanted;
  for (const button of document.querySelectorAll("[role=tab]")) {
    const on = button.id === `tab-${wanted}`;
    button.setAttribute("aria-selected", String(on));
    button.tabIndex = on ? 0 : -1;
    byId(button.getAttribute("aria-controls")).hidden = !on;
  }
}
async function start() {
  startTheme();
  const overview = state.overview = await json("/api/overview");
  byId("about").replaceChildren(name(overview.model), ` on `, name(overview.dataset), ` · ${count(overview.n)} samples${overview.failures ? `, ${count(overview.failures)} unreadable` : ""}`);
  byId("attribute").replaceChildren(...overview.attributes.map(([key, shown]) => el("option", { value: key }, shown)));
  byId("colour").replaceChildren(el("option", { value: "" }, "error"), ...overview.attributes.map(([key, shown]) => el("option", { value: key }, shown)));
  byId("search-note").textContent = overview.text;
  byId("search").disabled = byId("search-form").querySelector("button").disabled = Boolean(overview.text);
  byId("keep-metric").replaceChildren(...overview.metrics.map((one) => el("option", { value: one }, one)));
  tags(overview.tags);
  byId("filter-form").addEventListener("submit", (event) => { event.preventDefault(); query.where = byId("where").value; refresh(); });
  byId("where").addEventListener("keydown", (event) => { if (event.key === "Enter" && !event.shiftKey) { event.preventDefault(); byId("filter-form").requestSubmit(); } });
  for (const key of ["outcome", "sort", "tag"]) byId(key).addEventListener("change", () => { query[key] = byId(key).value; query.where = byId("where").value; refresh(); });
  byId("clear").addEventListener("click", () => { Object.assign(query, { where: "", outcome: "all", tag: "", rows: null }); refresh(); });
  byId("attribute").addEventListener("change", () => facet(state.asked));
  byId("colour").addEventListener("change", () => drawMap(state.asked));
  byId("more").addEventListener("click", more);
  byId("gallery").addEventListener("click", (event) => { const found = event.target.closest(".card"); if (found) openSample(+found.dataset.row); });
  byId("search-form").addEventListener("submit", async (event) => { event.preventDefault(); const text = byId("search").value; try { likeness(`Described best by “${text}”`, await json("/api/search", { text })); } catch (error) { problem("problem", error.message); } });
  for (const button of document.querySelectorAll("[role=tab]")) {
    button.addEventListener("click", () => { selectTab(button.id.slice(4)); refresh(); });
    button.addEventListener("keydown", (event) => {
      const all = [...document.querySelectorAll("[role=tab]")], step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
      if (step) { const next = all[(all.indexOf(button) + step + all.length) % all.length]; next.focus(); next.click(); }
    });
  }
  for (const button of document.querySelectorAll("[data-save]")) button.addEventListener("click", () => keep(button.dataset.save));
  byId("tag-all").addEventListener("click", () => keep("tag"));
  byId("keep-form").addEventListener("submit", kept);
  for (const one of document.querySelectorAll("dialog")) one.addEventListener("click", (event) => { if (event.target === one) one.close(); });
  await refresh();
}
start();
