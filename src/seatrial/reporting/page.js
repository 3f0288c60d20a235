/* The report: its table of slices, its confusion matrices, its samples. */
const data = JSON.parse(document.getElementById("data").textContent);
const N = 0, VALUE = 1, LOW = 2, HIGH = 3, BASE_N = 4, BASE = 5, BASE_LOW = 6, BASE_HIGH = 7,
  DIFF = 8, DIFF_LOW = 9, DIFF_HIGH = 10, P = 11, WHY = 12, BASE_WHY = 13;
const PAGE = 100;
const level = `${+(data.confidence * 100).toPrecision(4)}${NARROW}%`;

/* ---- writing ---- */
const minus = (text) => text.replace("-", "−");
const value = (metric, x) => (metric.percent ? `${(x * 100).toFixed(1)}${NARROW}%` : x.toFixed(3));
const signed = (metric, x) => {
  const shown = metric.percent ? (x * 100).toFixed(1) : x.toFixed(3);
  return +shown === 0 ? shown.replace("-", "") : minus(x > 0 ? `+${shown}` : shown);
};
const between = (write, metric, low, high) => `${write(metric, low)} to ${write(metric, high)}`;
const gain = (metric, x) => (metric.higher ? x : -x);
function direction(metric, cell) {
  if (!cell || !has(cell[DIFF])) return "unclear";
  const ends = [gain(metric, cell[DIFF_LOW]), gain(metric, cell[DIFF_HIGH])];
  return Math.max(...ends) < 0 ? "worse" : Math.min(...ends) > 0 ? "better" : "unclear";
}
const signs = { worse: "▼", better: "▲", unclear: "·" };
function explain(metric, x, low, high, n) {
  const interval = has(low) ? `${level} interval ${between(value, metric, low, high)}` : "no interval";
  return `${metric.label} ${value(metric, x)}, ${interval}, n = ${count(n)}`;
}
function wilson(successes, n) {
  const z = data.z, share = successes / n, d = 1 + (z * z) / n;
  const middle = (share + (z * z) / (2 * n)) / d;
  const half = (z / d) * Math.sqrt((share * (1 - share)) / n + (z * z) / (4 * n * n));
  return [middle - half, middle + half];
}

/* ---- small interval figures ---- */
const WIDE = 192, TALL = 24, EDGE = 6;
function scaleOver(values) {
  const shown = values.filter(has);
  let low = Math.min(...shown), high = Math.max(...shown);
  if (!shown.length) { low = 0; high = 1; }
  const room = (high - low) * 0.03 || Math.abs(low) * 0.05 || 1;
  low -= room; high += room;
  const scale = (x) => EDGE + ((x - low) / (high - low)) * (WIDE - 2 * EDGE);
  scale.low = low; scale.high = high;
  return scale;
}
function axis(metric, scale, signs) { // round values only: multiples of 1, 2 or 5
  const raw = (scale.high - scale.low) / 5, power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((one) => one * power).find((one) => one >= raw);
  const labels = [];
  for (let i = Math.ceil(scale.low / step); i <= Math.floor(scale.high / step); i++) {
    const shown = +(i * step * (metric.percent ? 100 : 1)).toPrecision(6);
    labels.push(draw("text", { class: "st-tick", x: scale(i * step).toFixed(1), y: 12, "text-anchor": "middle" }, minus(signs && shown > 0 ? `+${shown}` : String(shown))));
  }
  return draw("svg", { viewBox: `0 0 ${WIDE} 16`, "aria-hidden": "true" }, ...labels);
}
function bar(scale, x, low, high, y, tone, hollow) {
  const parts = [];
  if (has(low)) parts.push(draw("line", { class: `st-bar st-${tone}`, x1: scale(low).toFixed(1), x2: scale(high).toFixed(1), y1: y, y2: y, "stroke-width": hollow ? 1.5 : 3, "stroke-linecap": "round" }));
  parts.push(draw("circle", { class: `${hollow ? "st-ring" : "st-dot"} st-${tone}`, cx: scale(x).toFixed(1), cy: y, r: hollow ? 3 : 4, "stroke-width": 1.5 }));
  return parts;
}
function figure(says, ...parts) {
  return draw("svg", { viewBox: `0 0 ${WIDE} ${TALL}`, role: "img", "aria-label": says }, draw("title", {}, says), ...parts.flat(Infinity));
}

/* ---- the table of slices ---- */
const state = { metric: data.first, sort: "change", down: false, rows: PAGE, open: new Set() };
const metricNamed = (wanted) => data.metrics.find((one) => one.name === wanted);
const columns = [
  { key: "name", title: "Slice" },
  { key: "n", title: "n", num: true },
  { key: "plot", title: "Interval", plain: true },
  { key: "candidate", title: "Candidate", num: true },
  { key: "champion", title: "Champion", num: true, paired: true },
  { key: "diffplot", title: "Change, interval", plain: true, paired: true },
  { key: "change", title: "Change", num: true, paired: true },
].filter((column) => data.champion || !column.paired);
if (!data.champion) { state.sort = "candidate"; }

function sortValue(metric, index) {
  const cell = data.cells[metric.name][index], slice = data.slices[index];
  switch (state.sort) {
    case "name": return slice.name;
    case "n": return slice.n;
    case "candidate": return cell && has(cell[VALUE]) ? gain(metric, cell[VALUE]) : null;
    case "champion": return cell && has(cell[BASE]) ? gain(metric, cell[BASE]) : null;
    default: return cell && has(cell[DIFF]) ? gain(metric, cell[DIFF]) : null;
  }
}
function chosen(metric) {
  const text = byId("filter").value.trim().toLowerCase(), family = byId("family").value, only = byId("worse-only").checked;
  const kept = [];
  data.slices.forEach((slice, index) => {
    if (family && slice.family !== family) return;
    if (text && !slice.name.toLowerCase().includes(text)) return;
    if (only && direction(metric, data.cells[metric.name][index]) !== "worse") return;
    kept.push(index);
  });
  const keys = new Map(kept.map((index) => [index, sortValue(metric, index)]));
  const way = state.down ? -1 : 1;
  return kept.sort((a, b) => {
    if ((a === 0) !== (b === 0)) return a === 0 ? -1 : 1; // the slice of everything stays on top
    const x = keys.get(a), y = keys.get(b);
    if (x === y) return a - b;
    if (x === null) return 1;
    if (y === null) return -1;
    return (x < y ? -1 : 1) * way;
  });
}
function head(metric, scales) {
  const cells = columns.map((column) => {
    if (column.plain) return el("th", { scope: "col", class: "plain" }, column.title, axis(metric, column.paired ? scales.change : scales.value, column.paired));
    const sorted = state.sort === column.key;
    const mark = sorted ? (state.down ? " ↓" : " ↑") : "";
    return el("th", { scope: "col", class: column.num ? "num" : null, "aria-sort": sorted ? (state.down ? "descending" : "ascending") : null },
      el("button", { type: "button", "data-sort": column.key }, column.title + mark));
  });
  byId("slice-table").tHead.replaceChildren(el("tr", {}, cells));
}
function numberCell(who, metric, x, low, high, n, why) {
  const role = who === "champion" ? " before" : "";
  if (!has(x)) return el("td", { class: `num small${role}`, "data-said": who, title: why || "not measured" }, "—");
  return el("td", { class: `num${role}`, "data-said": who, title: `${who}: ${explain(metric, x, low, high, n)}` }, value(metric, x));
}
function measured(metric, cell, scales) {
  const made = [];
  const marks = [], says = [];
  if (cell && has(cell[BASE]) && data.champion) {
    marks.push(bar(scales.value, cell[BASE], cell[BASE_LOW], cell[BASE_HIGH], 7, "baseline", true));
    says.push(`champion ${explain(metric, cell[BASE], cell[BASE_LOW], cell[BASE_HIGH], cell[BASE_N])}`);
  }
  if (cell && has(cell[VALUE])) {
    marks.push(bar(scales.value, cell[VALUE], cell[LOW], cell[HIGH], data.champion ? 17 : 12, "candidate", false));
    says.unshift(`candidate ${explain(metric, cell[VALUE], cell[LOW], cell[HIGH], cell[N])}`);
  }
  made.push(el("td", { class: "plot" }, marks.length ? figure(says.join("; "), marks) : el("span", { class: "small" }, (cell && cell[WHY]) || "not measured")));
  made.push(numberCell("candidate", metric, cell && cell[VALUE], cell && cell[LOW], cell && cell[HIGH], cell && cell[N], cell && cell[WHY]));
  if (!data.champion) return made;
  made.push(numberCell("champion", metric, cell && cell[BASE], cell && cell[BASE_LOW], cell && cell[BASE_HIGH], cell && cell[BASE_N], cell && cell[BASE_WHY]));
  if (!cell || !has(cell[DIFF])) {
    made.push(el("td", { class: "plot" }), el("td", { class: "num small" }, "—"));
    return made;
  }
  const way = direction(metric, cell);
  const sentence = `${metric.label} ${signed(metric, cell[DIFF])}${metric.percent ? " points" : ""} against the champion, ${level} interval ${between(signed, metric, cell[DIFF_LOW], cell[DIFF_HIGH])}, n = ${count(cell[BASE_N])}, p(worse) = ${cell[P].toPrecision(3)}`;
  const zero = scales.change(0).toFixed(1);
  made.push(el("td", { class: "plot" }, figure(sentence,
    draw("line", { class: "st-zero", x1: zero, x2: zero, y1: 0, y2: TALL }),
    bar(scales.change, cell[DIFF], cell[DIFF_LOW], cell[DIFF_HIGH], 12, way, false))));
  made.push(el("td", { class: "num", "data-direction": way, title: sentence },
    el("span", { class: "sign", "aria-label": way }, signs[way]), ` ${signed(metric, cell[DIFF])}`,
    el("span", { class: "small" }, ` [${signed(metric, cell[DIFF_LOW])}, ${signed(metric, cell[DIFF_HIGH])}]`)));
  return made;
}
function sliceRow(metric, index, scales) {
  const slice = data.slices[index], cell = data.cells[metric.name][index];
  const classes = (data.class_cells[metric.name] || {})[index];
  const open = state.open.has(index);
  const caret = classes ? el("button", { type: "button", class: "caret", "aria-expanded": String(open), "data-open": index, "aria-label": `classes of ${slice.name}` }, open ? "▾" : "▸") : null;
  const label = data.confusion[index] ? el("button", { type: "button", class: "link", "data-confusion": index, title: "show what is taken for what here" }, name(slice.name)) : name(slice.name);
  const blocks = slice.blocks ? [el("span", { class: "chip blocks" }, "blocks")] : [];
  const row = el("tr", { class: [index === 0 && slice.name === "all" ? "whole" : "", slice.blocks ? "blocks" : ""].join(" ").trim() || null, "data-outcome": slice.blocks || null },
    el("th", { scope: "row" }, el("div", { class: "slice" }, caret, label, ...blocks)),
    el("td", { class: "num small", "data-said": "n =", title: `${count(slice.n)} samples with a truth` }, count(slice.n)),
    measured(metric, cell, scales));
  if (!classes || !open) return [row];
  const shown = classes.slice().sort((a, b) => gain(metric, a[1 + DIFF] ?? 0) - gain(metric, b[1 + DIFF] ?? 0)).slice(0, 50);
  const subs = shown.map((one) => el("tr", { class: "sub" },
    el("th", { scope: "row" }, "class ", name(one[0])),
    el("td", { class: "num small" }, has(one[1]) ? count(one[1]) : ""),
    measured(metric, one.slice(1), scales)));
  if (classes.length > shown.length) subs.push(el("tr", { class: "sub" }, el("th", { colspan: columns.length }, `and ${count(classes.length - shown.length)} more classes`)));
  return [row, ...subs];
}
function table() {
  const metric = metricNamed(state.metric);
  if (!metric) return;
  const cells = data.cells[metric.name].filter(Boolean);
  const scales = {
    value: scaleOver(cells.flatMap((c) => [c[VALUE], c[LOW], c[HIGH], c[BASE], c[BASE_LOW], c[BASE_HIGH]])),
    change: scaleOver([0, ...cells.flatMap((c) => [c[DIFF], c[DIFF_LOW], c[DIFF_HIGH]])]),
  };
  const kept = chosen(metric);
  head(metric, scales);
  byId("slice-table").tBodies[0].replaceChildren(...kept.slice(0, state.rows).flatMap((index) => sliceRow(metric, index, scales)));
  const visible = Math.min(kept.length, state.rows);
  byId("shown").textContent = `${count(visible)} of ${count(data.slices.length)} slices`;
  byId("more-rows").hidden = kept.length <= state.rows;
  byId("more-rows").textContent = `Show ${count(Math.min(PAGE, kept.length - visible))} more`;
  byId("metric-about").textContent = `${metric.label}: ${metric.about} ${metric.higher ? "Higher" : "Lower"} is better.`.trim();
}
function options(select, pairs, current) {
  select.replaceChildren(...pairs.map(([key, text]) => el("option", { value: key, selected: key === current }, text)));
}
function startTable() {
  if (!data.metrics.length) { byId("slices").replaceChildren(el("p", { class: "empty" }, "No slice was measured.")); return; }
  options(byId("metric"), data.metrics.map((one) => [one.name, one.label]), state.metric);
  const families = [...new Set(data.slices.map((one) => one.family))].sort();
  options(byId("family"), [["", "every family"], ...families.map((one) => [one, one])], "");
  byId("slice-controls").hidden = false;
  byId("worse-only-label").hidden = !data.champion;
  byId("metric").addEventListener("change", (event) => { state.metric = event.target.value; table(); });
  for (const id of ["family", "worse-only"]) byId(id).addEventListener("change", () => { state.rows = PAGE; table(); });
  byId("filter").addEventListener("input", () => { state.rows = PAGE; table(); });
  byId("more-rows").addEventListener("click", () => { state.rows += PAGE; table(); });
  byId("slice-table").addEventListener("click", (event) => {
    const button = event.target.closest("button");
    if (!button) return;
    if (button.dataset.sort) {
      state.down = state.sort === button.dataset.sort ? !state.down : button.dataset.sort === "n";
      state.sort = button.dataset.sort;
      table();
      byId("slice-table").querySelector(`[data-sort=${state.sort}]`).focus();
    } else if (button.dataset.open !== undefined) {
      const index = +button.dataset.open;
      if (!state.open.delete(index)) state.open.add(index);
      table();
      byId("slice-table").querySelector(`[data-open="${index}"]`).focus();
    } else if (button.dataset.confusion !== undefined) {
      byId("confusion-slice").value = button.dataset.confusion;
      confusion();
      goTo(byId("confusion"));
    }
  });
  const legend = [el("span", { class: "swatch" }), `candidate with its ${level} interval`];
  if (data.champion) legend.push(el("span", { class: "swatch ring" }), "champion", " · ▼ worse, ▲ better: the interval of the paired difference lies wholly on that side");
  byId("slice-legend").replaceChildren(...legend);
  if (data.class_slices_left_out) byId("slice-legend").append(` · classes are listed for the largest slices only (${count(data.class_slices_left_out)} left out)`);
  table();
}

/* ---- confusion ---- */
function triples(flat) {
  const found = [];
  for (let i = 0; flat && i < flat.length; i += 3) found.push([flat[i], flat[i + 1], flat[i + 2]]);
  return found;
}
function matrix(flat) {
  const size = data.classes.length;
  const rows = Array.from({ length: size }, () => new Array(size).fill(0));
  for (const [truth, said, n] of triples(flat)) rows[truth][said] = n;
  return rows;
}
const sum = (row) => row.reduce((a, b) => a + b, 0);
function paint(cell, colour, strength) {
  cell.style.backgroundColor = `color-mix(in srgb, var(--${colour}) ${Math.round(strength * 80)}%, var(--sheet))`;
}
function heat(title, rows, write) {
  const many = data.classes.length > 6;
  return el("figure", {}, el("figcaption", {}, title),
    el("table", { class: many ? "heat many" : "heat" },
      el("thead", {}, el("tr", {}, el("th", {}, "truth ↓  says →"), data.classes.map((one) => el("th", { scope: "col", title: one }, name(one))))),
      el("tbody", {}, rows.map((row, truth) => el("tr", {}, el("th", { scope: "row", title: data.classes[truth] }, name(data.classes[truth])),
        row.map((n, said) => write(n, truth, said, many)))))));
}
// predictions where there is nothing: they are shares of nothing
const background = data.counted === "objects" ? data.classes.length - 1 : -1;
function madeUp(n, said, most, pictured) {
  const says = `${count(n)} predictions of ${data.classes[said]} where there is nothing`;
  const cell = el("td", { title: says }, opening(pictured, background, said, says, n ? count(n) : ""));
  if (n) paint(cell, "heat-bad", Math.sqrt(n / most) / 2);
  return cell;
}
function countCell(rows, pictured) {
  return (n, truth, said, many) => {
    if (truth === background) return madeUp(n, said, Math.max(...rows[truth]), pictured);
    const total = sum(rows[truth]), share = total ? n / total : 0;
    const [low, high] = total ? wilson(n, total) : [0, 1];
    const says = `${count(n)} of ${count(total)} that are ${data.classes[truth]} are called ${data.classes[said]}` + (total ? `: ${(share * 100).toFixed(1)} %, ${level} interval ${(low * 100).toFixed(1)} to ${(high * 100).toFixed(1)} %` : "");
    const cell = el("td", { title: says, class: truth === said ? "right" : null }, opening(pictured, truth, said, says, n ? count(n) : "", n && !many ? el("span", { class: "quiet" }, `${(share * 100).toFixed(1)}${NARROW}%`) : null));
    if (n) paint(cell, truth === said ? "heat" : "heat-bad", Math.sqrt(share));
    return cell;
  };
}
function changeCell(now, before) {
  return (_, truth, said, many) => {
    const n = sum(now[truth]), m = sum(before[truth]);
    if (truth === background) {
      const more = now[truth][said] - before[truth][said];
      const cell = el("td", { title: `${data.classes[said]} where there is nothing: ${count(before[truth][said])} by the champion, ${count(now[truth][said])} by the candidate` },
        more ? `${many ? "" : more < 0 ? "▲ " : "▼ "}${minus(`${more > 0 ? "+" : ""}${more}`)}` : "", more && !many ? el("span", { class: "quiet" }, "predictions") : null);
      if (more) paint(cell, more < 0 ? "heat-good" : "heat-bad", Math.min(1, Math.sqrt(Math.abs(more) / (m + n))));
      return cell;
    }
    if (!n || !m) return el("td", {}, "");
    const change = now[truth][said] / n - before[truth][said] / m;
    const good = truth === said ? change > 0 : change < 0;
    const text = minus(`${change > 0 ? "+" : ""}${(change * 100).toFixed(1)}`);
    const cell = el("td", { title: `${data.classes[truth]} called ${data.classes[said]}: ${count(before[truth][said])} of ${count(m)} by the champion, ${count(now[truth][said])} of ${count(n)} by the candidate`, class: truth === said ? "right" : null },
      change ? `${many ? "" : good ? "▲ " : "▼ "}${text}` : "", change && !many ? el("span", { class: "quiet" }, "points") : null);
    if (change) paint(cell, good ? "heat-good" : "heat-bad", Math.min(1, Math.sqrt(Math.abs(change) * 2)));
    return cell;
  };
}
function pairs(found) {
  const seen = new Map();
  for (const model of ["candidate", "baseline"]) for (const [truth, said, n] of triples(found[model])) {
    if (truth === said) continue;
    const key = `${truth} ${said}`;
    const one = seen.get(key) || { truth, said, candidate: 0, baseline: 0 };
    one[model] = n;
    seen.set(key, one);
  }
  const listed = [...seen.values()].sort((a, b) => b.candidate - a.candidate || b.baseline - a.baseline);
  return el("table", { class: "pairs" }, el("thead", {}, el("tr", {}, ["Truth", "Said"].map((one) => el("th", { scope: "col" }, one)), el("th", { scope: "col", class: "num" }, "Candidate"), data.champion ? el("th", { scope: "col", class: "num" }, "Champion") : null)),
    el("tbody", {}, listed.map((one) => el("tr", {}, el("td", {}, name(data.classes[one.truth])), el("td", {}, name(data.classes[one.said])),
      el("td", { class: "num" }, count(one.candidate)), data.champion ? el("td", { class: "num" }, count(one.baseline)) : null))));
}
function confusion() {
  const index = byId("confusion-slice").value, found = data.confusion[index];
  const views = byId("confusion-views");
  if (!found) { views.replaceChildren(); return; }
  const n = count(data.slices[index].n);
  if (!data.heat_map) {
    byId("confusion-note").textContent = `the most confused pairs of ${count(data.classes.length)} classes, n = ${n}`;
    views.replaceChildren(pairs(found));
    return;
  }
  byId("confusion-note").textContent = `n = ${n}; counts are of ${data.counted}, shares of the truth’s row`;
  const now = matrix(found.candidate), made = [];
  made.push(heat("Candidate", now, countCell(now, true)));
  if (found.baseline) {
    const before = matrix(found.baseline);
    made.push(heat("Champion", before, countCell(before, false)), heat("Change in points, ▲ better ▼ worse", now, changeCell(now, before)));
  }
  views.replaceChildren(...made);
}
function startConfusion() {
  const known = Object.keys(data.confusion).map(Number);
  if (!known.length) return;
  byId("confusion").hidden = false;
  const order = known.sort((a, b) => (a === 0 ? -1 : b === 0 ? 1 : data.slices[a].name < data.slices[b].name ? -1 : 1));
  const blocked = order.find((index) => data.slices[index].blocks);
  options(byId("confusion-slice"), order.map((index) => [String(index), data.slices[index].name + (data.slices[index].blocks ? " (blocks)" : "")]), String(blocked ?? order[0]));
  byId("confusion-slice").addEventListener("change", confusion);
  confusion();
}

/* ---- small pictures ---- */
function opening(pictured, truth, said, says, ...content) {
  const places = pictured && data.atlas.cells[`${truth}-${said}`];
  return places ? [el("button", { type: "button", class: "cellbutton", "data-cell": `${truth}-${said}`, "aria-label": `${says}: show the worst` }, ...content)] : content;
}
function small(place, cell) {
  const [id, truth, said, confidence, right, source] = data.atlas.pictures[place];
  const sure = has(confidence) ? `${(confidence * 100).toFixed(0)}${NARROW}%` : "", index = source ? mapOf(place, cell) : undefined;
  const says = `${id}: truth ${truth ?? "unknown"}, candidate says ${said}${sure && ` (${sure})`}${looked(index)}`;
  return el("li", { title: says }, source ? picture(el("img", { src: source, alt: says }), index) : el("span", { class: "noimage" }, "no image"),
    name(truth ?? "no truth"), el("span", { class: "says", "data-right": right ? "True" : "False" }, el("span", { "aria-hidden": "true" }, right ? "✓" : "✕"), name(said ?? ""), sure && el("span", { class: "quiet" }, sure)));
}
function openCell(key) {
  const [truth, said] = key.split("-").map(Number), places = data.atlas.cells[key];
  byId("pictures-title").replaceChildren(name(data.classes[truth]), truth === said ? " and right" : " taken for ", truth === said ? "" : name(data.classes[said]));
  byId("pictures-note").textContent = `The ${places.length === 1 ? "one" : `${count(places.length)} worst`} of the whole data set, in whichever slice.`;
  byId("pictures-looks").replaceChildren(...meanLooks(key));
  byId("pictures-list").replaceChildren(...places.map((place) => small(place, key)));
  byId("pictures").showModal();
}

/* ---- where it looked: small maps over the pictures ---- */
const RAMP = [[0, 0, 4], [87, 16, 110], [188, 55, 84], [249, 142, 9], [252, 255, 164]];
const TRUTH = 0, SAID = 1, CELLS = 2, FRAME = 3, WINDOW = 4, CORE = 5, OFF = 6;
const percent = (share) => `${(share * 100).toFixed(0)}${NARROW}%`;
function mapOf(place, cell) { // of an image with several objects, the one that the cell is about
  const known = (data.saliency && data.saliency.of[place]) || [];
  if (cell === undefined) return known[0];
  const [truth, said] = cell.split("-").map(Number);
  return known.find((index) => data.saliency.maps[index][TRUTH] === truth && data.saliency.maps[index][SAID] === said);
}
function looked(index) {
  const off = index === undefined ? null : data.saliency.maps[index][OFF];
  return has(off) ? `, ${percent(off)} of its saliency is outside of the core` : "";
}
function tinted(cells) {
  const side = data.saliency.side, made = el("canvas", { width: side, height: side }), pen = made.getContext("2d"), image = pen.createImageData(side, side);
  unpacked(cells, Uint8Array).forEach((salience, at) => {
    const share = (salience / 255) * (RAMP.length - 1), low = Math.min(RAMP.length - 2, Math.floor(share)), part = share - low;
    for (let c = 0; c < 3; c++) image.data[4 * at + c] = RAMP[low][c] * (1 - part) + RAMP[low + 1][c] * part;
    image.data[4 * at + 3] = 64 + salience / 2;
  });
  pen.putImageData(image, 0, 0);
  return made;
}
async function drawLook(canvas) {
  const image = canvas.previousElementSibling, one = data.saliency.maps[+canvas.dataset.look], side = data.saliency.side;
  canvas.dataset.drawn = "yes";
  await image.decode();
  const scale = Math.max(1, 288 / Math.max(image.naturalWidth, image.naturalHeight)); // lines on a tiny picture would hide it
  [canvas.width, canvas.height] = [Math.round(image.naturalWidth * scale), Math.round(image.naturalHeight * scale)];
  const [x, y, w, h] = data.saliency.frames[one[FRAME]].map((share, at) => share * (at % 2 ? canvas.height : canvas.width)), pen = canvas.getContext("2d");
  pen.imageSmoothingQuality = "high";
  pen.drawImage(tinted(one[CELLS]), x, y, w, h);
  pen.lineWidth = 3;
  if (one[CORE]) {
    const bits = unpacked(one[CORE], Uint8Array), inside = (row, column) => row >= 0 && column >= 0 && row < side && column < side && Boolean(bits[(row * side + column) >> 3] & (128 >> ((row * side + column) & 7)));
    pen.strokeStyle = "#00c8ff";
    pen.beginPath();
    for (let row = 0; row <= side; row++) for (let column = 0; column <= side; column++) {
      const [left, top] = [x + (column / side) * w, y + (row / side) * h];
      if (inside(row, column) !== inside(row - 1, column)) { pen.moveTo(left, top); pen.lineTo(left + w / side, top); }
      if (inside(row, column) !== inside(row, column - 1)) { pen.moveTo(left, top); pen.lineTo(left, top + h / side); }
    }
    pen.stroke();
  }
  if (one[WINDOW]) {
    const [left, top, across, down] = one[WINDOW];
    pen.strokeStyle = "#ffffff";
    pen.strokeRect(x + left * w, y + top * h, across * w, down * h);
  }
}
function picture(image, index) {
  if (index === undefined) return el("span", { class: "pic" }, image);
  const canvas = el("canvas", { "data-look": index, "aria-hidden": "true" });
  const made = el("span", { class: "pic mapped" }, image, canvas);
  if (document.documentElement.dataset.looking === "yes") drawLook(canvas);
  return made;
}
function meanLooks(key) {
  const kinds = (data.saliency && data.saliency.cells[key]) || [];
  return kinds.filter(([, , explained]) => explained).map(([kind, n, explained, off, mean]) => {
    const canvas = el("canvas", { width: 96, height: 96, role: "img", "aria-label": `mean of ${count(explained)} maps` });
    const pen = canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(tinted(mean), 0, 0, 96, 96);
    const share = off ? `${percent(off[0])} of the saliency lies outside of the core (${level} interval ${percent(off[1])} to ${percent(off[2])}, n = ${count(off[3])})` : "nobody said what is core";
    return el("figure", {}, canvas, el("figcaption", {}, `The mean of ${count(explained)} of ${count(n)} (${kind}) by ${data.saliency.method}: ${share}.`));
  });
}
function startLooks() {
  if (!data.saliency) return;
  const boxes = [...document.querySelectorAll("[data-looks]")];
  for (const one of boxes) {
    one.hidden = false;
    one.addEventListener("change", (event) => {
      const on = event.target.checked;
      document.documentElement.dataset.looking = on ? "yes" : "no";
      for (const other of boxes) other.querySelector("input").checked = on;
      if (on) document.querySelectorAll("canvas[data-look]:not([data-drawn])").forEach(drawLook);
    });
  }
}

/* ---- crosses of two attributes ---- */
function startCrosses() {
  const families = [...new Set(data.slices.filter((one) => one.at && one.at.length === 2).map((one) => one.family))];
  if (!families.length) return;
  byId("crosses").hidden = false;
  options(byId("cross"), families.map((one) => [one, one]), families[0]);
  byId("cross").addEventListener("change", crosses);
  byId("metric").addEventListener("change", crosses);
  crosses();
}
function crosses() {
  const metric = metricNamed(state.metric), family = byId("cross").value;
  const chosen = data.slices.map((one, index) => [one, index]).filter(([one]) => one.family === family);
  const axis = (place) => [...new Set(chosen.map(([one]) => one.at[place][1]))];
  const [rows, columns] = [axis(0), axis(1)], [down, across] = chosen[0][0].at.map((one) => one[0]);
  const whole = data.cells[metric.name][0], values = data.cells[metric.name];
  const far = Math.max(1e-9, ...chosen.map(([, index]) => (values[index] && has(values[index][VALUE]) && whole && has(whole[VALUE]) ? Math.abs(values[index][VALUE] - whole[VALUE]) : 0)));
  const cell = (row, column) => {
    const found = chosen.find(([one]) => one.at[0][1] === row && one.at[1][1] === column);
    const seen = found && values[found[1]];
    if (!seen || !has(seen[VALUE])) return el("td", { title: seen ? seen[WHY] || "not measured" : "no sample" }, seen ? "—" : "");
    const made = el("td", { title: `${down} ${row}, ${across} ${column}: ${explain(metric, seen[VALUE], seen[LOW], seen[HIGH], seen[N])}` }, value(metric, seen[VALUE]), el("span", { class: "quiet" }, `n = ${count(seen[N])}`));
    const gap = gain(metric, seen[VALUE] - whole[VALUE]);
    if (gap) paint(made, gap < 0 ? "heat-bad" : "heat-good", Math.abs(gap) / far);
    return made;
  };
  byId("cross-note").textContent = `${metric.label}; red is worse than on everything, green is better`;
  byId("cross-view").replaceChildren(el("table", { class: "heat cross" }, el("thead", {}, el("tr", {}, el("th", {}, `${down} ↓  ${across} →`), columns.map((one) => el("th", { scope: "col", title: one }, name(one))))),
    el("tbody", {}, rows.map((row) => el("tr", {}, el("th", { scope: "row", title: row }, name(row)), columns.map((column) => cell(row, column)))))));
}

/* ---- the map ---- */
function unpacked(text, Kind) {
  const raw = atob(text), bytes = new Uint8Array(raw.length);
  for (let i = 0; i < raw.length; i++) bytes[i] = raw.charCodeAt(i);
  return new Kind(bytes.buffer);
}
function startMap() {
  const map = data.map;
  if (!map) return;
  byId("map-view").hidden = false;
  byId("map-note").textContent = map.n < map.total ? `${count(map.n)} of ${count(map.total)} samples are drawn, errors before others.` : "";
  options(byId("map-colour"), map.colours.map((one) => [one.name, one.name]), "error");
  const pictures = unpacked(map.pictures, Int32Array);
  const show = (rows) => {
    const pictured = rows.map((row) => pictures[row]).filter((one) => one >= 0), right = (place) => data.atlas.pictures[place][4];
    const wrong = pictured.filter((place) => !right(place)), shown = [...wrong, ...pictured.filter(right)].slice(0, 90);
    byId("lasso-note").textContent = [`${count(rows.length)} samples`, pictured.length < rows.length ? `${count(pictured.length)} with pictures` : "", `${count(wrong.length)} of those wrong`, shown.length < pictured.length ? `${count(shown.length)} shown` : ""].filter(Boolean).join(", ");
    byId("lasso-pictures").replaceChildren(...shown.map((place) => small(place)));
    byId("lasso-note").scrollIntoView({ block: "nearest" }); // in a narrow window it lies below the map
  };
  const begin = () => {
    const points = new PointMap(byId("points"), { x: unpacked(map.x, Uint16Array), y: unpacked(map.y, Uint16Array), label: "Map of samples by their embeddings. Arrows move, plus and minus zoom, Enter chooses what is in view.", onLasso: show, onPick: (row) => show([row]) });
    const colour = () => {
      const chosen = map.colours.find((one) => one.name === byId("map-colour").value);
      const codes = unpacked(chosen.codes, Uint8Array), there = new Set(codes);
      points.colour(codes, new Uint8Array(map.n));
      byId("mapkey").replaceChildren(...chosen.labels.flatMap((label, code) => {
        if (!there.has(code)) return [];
        const swatch = el("span", { class: "swatch" });
        swatch.style.background = PointMap.PALETTE[code];
        return el("li", {}, swatch, name(label));
      }));
    };
    byId("map-colour").addEventListener("change", colour);
    colour();
  };
  // drawn when it comes into view: a page that is only read at the top does not pay for it
  const watch = new IntersectionObserver((seen) => { if (seen.some((one) => one.isIntersecting)) { watch.disconnect(); begin(); } }, { rootMargin: "400px" });
  watch.observe(byId("points"));
}

/* ---- one sample ---- */
function scores(title, listed) {
  if (!listed.length) return null;
  return el("div", {}, el("h4", {}, title), listed.map(([label, share]) => {
    const filled = el("span", { class: "filled" });
    filled.style.width = `${share * 100}%`;
    return el("div", { class: "score" }, name(label), el("span", { class: "track" }, filled), el("span", { class: "num" }, `${(share * 100).toFixed(1)}${NARROW}%`));
  }));
}
function openSample(card) {
  const sample = data.samples[+card.dataset.sample];
  const shown = card.querySelector("img"), before = card.querySelector("img.champions"), index = has(sample.place) ? mapOf(sample.place) : undefined;
  const details = el("div", {}, scores("Candidate", sample.scores), scores("Champion", sample.baseline_scores),
    el("table", {}, el("tbody", {}, sample.attributes.map(([key, text]) => el("tr", {}, el("th", { scope: "row" }, name(key)), el("td", {}, name(text)))))));
  byId("sample").append(byId("sample-looks")); // out of the body that is replaced
  byId("sample-looks").hidden = index === undefined;
  byId("sample-body").replaceChildren(
    el("h3", { id: "sample-title" }, name(sample.id)), el("p", { class: "quiet" }, card.getAttribute("aria-label") + looked(index)),
    el("div", { class: "sample" }, el("div", {}, shown ? picture(el("img", { src: shown.src, alt: before ? "what the candidate says" : "" }), index) : el("p", { class: "empty" }, "no image"), shown && index !== undefined ? byId("sample-looks") : null,
      before ? el("p", { class: "quiet" }, "Above the candidate, below the champion") : null, before ? el("img", { src: before.src, alt: "what the champion says" }) : null, sample.uri ? el("p", { class: "quiet" }, name(sample.uri)) : null), details));
  byId("sample").showModal();
}

/* ---- page ---- */
const COPIED = "Copied.";
function copyText(text, fallback) {
  const fill = (event) => { event.clipboardData.setData("text/plain", text); event.preventDefault(); };
  document.addEventListener("copy", fill, { once: true }); // needs no permission, which frames lack
  const done = document.execCommand("copy");
  document.removeEventListener("copy", fill);
  if (!done) window.getSelection().selectAllChildren(fallback);
  return done ? COPIED : "Selected: press Ctrl+C or ⌘C.";
}
function startCopy() {
  const button = byId("copy");
  if (button) {
    button.hidden = false;
    button.addEventListener("click", () => {
      const text = [...document.querySelectorAll("#steps li")].map((one, index) => `${index + 1}. ${[...one.querySelectorAll("p")].map((p) => p.innerText.trim()).join("\n   ")}`).join("\n");
      byId("copied").textContent = copyText(text, byId("steps"));
    });
  }
  for (const one of document.querySelectorAll("[data-copies]")) {
    one.hidden = false;
    one.addEventListener("click", () => {
      const from = byId(one.dataset.copies), done = copyText(from.textContent, from);
      if (done !== COPIED) from.closest("details").open = true;
      one.textContent = done;
    });
  }
}
function startFound() {
  for (const one of document.querySelectorAll("[data-places]")) {
    one.replaceChildren(...one.dataset.places.split(",").filter(Boolean).map((place) => small(+place)));
  }
}
function startPages() { // what lies beside the report can be opened where the report lies on a disk, and nowhere else
  if (window.location.protocol !== "file:") return;
  for (const one of document.querySelectorAll("[data-page]")) {
    const link = el("a", { href: one.dataset.page.split("/").map(encodeURIComponent).join("/"), target: "_blank", rel: "noopener" });
    one.replaceWith(link);
    link.append(one);
  }
}
// A frame whose document has no address of its own resolves "#where" against its parent: scroll by hand.
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link) { event.preventDefault(); goTo(byId(link.getAttribute("href").slice(1))); return; }
  const cell = event.target.closest(".cellbutton");
  if (cell) { openCell(cell.dataset.cell); return; }
  const card = event.target.closest(".card");
  if (card) openSample(card);
});
document.addEventListener("keydown", (event) => {
  if (event.key === "/" && !/^(INPUT|SELECT|TEXTAREA)$/.test(event.target.tagName) && !byId("slice-controls").hidden) {
    event.preventDefault();
    goTo(byId("where"));
    byId("filter").focus({ preventScroll: true });
  }
});
// no form: a sandboxed frame may not submit one, not even to close a dialog
for (const one of document.querySelectorAll("dialog")) one.addEventListener("click", (event) => { if (event.target === one || event.target.closest(".close")) one.close(); });
byId("print").hidden = false;
byId("print").addEventListener("click", () => window.print());
window.addEventListener("beforeprint", () => {
  for (const one of document.querySelectorAll("details")) one.open = true;
  for (const one of document.images) one.loading = "eager";
});
startTheme();
startTable();
startConfusion();
startCrosses();
startLooks();
startFound();
startPages();
startMap();
startCopy();
document.documentElement.dataset.ready = "yes";
