/* Several runs: one row a slice, one column a run. */
const data = JSON.parse(byId("data").textContent);
const N = 0, VALUE = 1, LOW = 2, HIGH = 3, DIFF = 4, DIFF_LOW = 5, DIFF_HIGH = 6, PAGE = 100;
const state = { rows: PAGE };
const minus = (text) => text.replace("-", "−");
const write = (metric, x) => (metric.percent ? `${(x * 100).toFixed(1)}${NARROW}%` : minus(x.toFixed(3)));
const signed = (metric, x) => minus(`${x > 0 ? "+" : ""}${metric.percent ? (x * 100).toFixed(1) : x.toFixed(3)}`);
const measured = (cell) => cell && typeof cell[VALUE] === "number";
const ends = (cell) => [has(cell[LOW]) ? cell[LOW] : cell[VALUE], has(cell[HIGH]) ? cell[HIGH] : cell[VALUE]];
function apart(metric, row) { // how far the best run's interval lies above the worst's; negative where they meet
  const known = row.filter(measured);
  if (known.length < 2) return -Infinity;
  return Math.max(...known.map((cell) => ends(cell)[0])) - Math.min(...known.map((cell) => ends(cell)[1]));
}
function chosen(metric) {
  const text = byId("filter").value.trim().toLowerCase(), family = byId("family").value, rows = data.cells[metric.name];
  const kept = data.slices.map((_, at) => at).filter((at) => (!family || data.slices[at].family === family) && data.slices[at].name.toLowerCase().includes(text) && rows[at].some(Boolean));
  const worst = (at) => Math.min(...rows[at].filter(measured).map((cell) => (metric.higher ? cell[VALUE] : -cell[VALUE])));
  const keys = { apart: (at) => -apart(metric, rows[at]), worst, name: () => 0 };
  const key = new Map(kept.map((at) => [at, keys[byId("order").value](at)]));
  return kept.sort((a, b) => (a === 0) - (b === 0) ? (b === 0) - (a === 0) : key.get(a) - key.get(b) || (data.slices[a].name < data.slices[b].name ? -1 : 1));
}
function figure(metric, scale, cell, says) {
  const [low, high] = ends(cell).map(scale), x = scale(cell[VALUE]);
  return draw("svg", { viewBox: "0 0 120 14", role: "img", "aria-label": says, class: "small-interval" },
    draw("line", { class: "st-bar st-candidate", x1: low.toFixed(1), x2: high.toFixed(1), y1: 7, y2: 7, "stroke-width": 2.5, "stroke-linecap": "round" }),
    draw("circle", { class: "st-dot st-candidate", cx: x.toFixed(1), cy: 7, r: 3.5, "stroke-width": 1.2 }));
}
function table() {
  const metric = data.metrics.find((one) => one.name === byId("metric").value), kept = chosen(metric);
  const all = data.cells[metric.name].flat().filter(measured).flatMap(ends);
  const least = Math.min(...all), most = Math.max(...all), room = (most - least) * 0.04 || 0.01;
  const scale = (x) => 4 + ((x - least + room) / (most - least + 2 * room)) * 112;
  byId("matrix").tHead.replaceChildren(el("tr", {}, el("th", { scope: "col" }, "Slice"), el("th", { scope: "col", class: "num" }, "n"), data.runs.map((run) => el("th", { scope: "col" }, name(run)))));
  byId("matrix").tBodies[0].replaceChildren(...kept.slice(0, state.rows).map((at) => {
    const row = data.cells[metric.name][at], known = row.filter(measured), differ = apart(metric, row) > 0;
    const best = differ ? known.reduce((a, b) => ((metric.higher ? a[VALUE] > b[VALUE] : a[VALUE] < b[VALUE]) ? a : b)) : null;
    const worst = differ ? known.reduce((a, b) => ((metric.higher ? a[VALUE] < b[VALUE] : a[VALUE] > b[VALUE]) ? a : b)) : null;
    const sizes = [...new Set(row.filter(Boolean).map((cell) => cell[N]))];
    return el("tr", { class: at === 0 ? "whole" : null }, el("th", { scope: "row" }, name(data.slices[at].name)), el("td", { class: "num quiet" }, sizes.map(count).join(", ")),
      row.map((cell) => {
        if (!measured(cell)) return el("td", { class: "quiet", title: cell ? cell[1] : "not measured" }, "—");
        const paired = has(cell[DIFF]) ? `, ${signed(metric, cell[DIFF])} against its champion (${signed(metric, cell[DIFF_LOW])} to ${signed(metric, cell[DIFF_HIGH])})` : "";
        const says = `${metric.label} ${write(metric, cell[VALUE])}${has(cell[LOW]) ? ` (${write(metric, cell[LOW])} to ${write(metric, cell[HIGH])})` : ""}, n = ${count(cell[N])}${paired}`;
        return el("td", { title: says, "data-direction": cell === best ? "better" : cell === worst ? "worse" : null }, write(metric, cell[VALUE]), cell === best ? " ▲" : cell === worst ? " ▼" : "", figure(metric, scale, cell, says));
      }));
  }));
  byId("shown").textContent = `${count(Math.min(kept.length, state.rows))} of ${count(data.slices.length)} slices`;
  byId("more-rows").hidden = kept.length <= state.rows;
}
function options(select, pairs, current) { select.replaceChildren(...pairs.map(([key, text]) => el("option", { value: key, selected: key === current }, text))); }
options(byId("metric"), data.metrics.map((one) => [one.name, one.label]), data.first);
options(byId("family"), [["", "every family"], ...[...new Set(data.slices.map((one) => one.family))].sort().map((one) => [one, one])], "");
for (const id of ["metric", "family", "order"]) byId(id).addEventListener("change", () => { state.rows = PAGE; table(); });
byId("filter").addEventListener("input", () => { state.rows = PAGE; table(); });
byId("more-rows").addEventListener("click", () => { state.rows += PAGE; table(); });
document.addEventListener("click", (event) => {
  const link = event.target.closest('a[href^="#"]');
  if (link) { event.preventDefault(); goTo(byId(link.getAttribute("href").slice(1))); }
});
startTheme();
table();
document.documentElement.dataset.ready = "yes";
