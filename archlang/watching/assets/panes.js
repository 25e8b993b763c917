// What stands around the figure: diagnostics, totals, the summary, and the tooltip.
"use strict";

/** The diagnostics as the terminal shows them; their places lead to the lines. */
function showProblems(problems) {
  const room = byId("problems");
  room.hidden = problems.length === 0;
  room.replaceChildren(...problems.map((problem) => make("pre", { class: `problem ${problem.severity}` },
    ...problem.pieces.map((piece) => {
      if (piece.style !== "place") return make("span", { class: piece.style }, piece.text);
      return make("a", { href: "#", class: "place", click: (event) => { event.preventDefault(); page.goTo(piece); } },
        piece.text);
    }))));
}

function showFacts(facts) {
  byId("facts").replaceChildren(...facts.map(([name, value]) =>
    make("div", {}, make("dt", {}, name), make("dd", {}, value))));
}

const COLUMNS = ["path", "layer", "output", "field", "params", "MACs", "line"];
const NUMBERS = new Set(["field", "params", "MACs", "line"]);

function showSummary(summary) {
  const head = make("tr", {}, ...COLUMNS.map((name) =>
    make("th", { scope: "col", class: NUMBERS.has(name) ? "number" : "" }, name)));
  const rows = summary.rows.map((row) => {
    const cells = [row.path, row.label, row.out, row.field, row.params ? counted(row.params) : "",
      row.macs ? brief(row.macs) : ""];
    const go = (event) => { event.preventDefault(); page.goTo({ file: row.file, line: row.line, column: 1 }); };
    return make("tr", { "data-path": row.path },
      ...cells.map((text, i) => make("td", { class: NUMBERS.has(COLUMNS[i]) ? "number" : "",
        title: COLUMNS[i] === "MACs" && row.macs ? counted(row.macs) : false }, text)),
      make("td", { class: "number" }, make("a", { href: "#", click: go }, String(row.line))));
  });
  const more = summary.more ? [make("p", { class: "quiet" }, `… and ${counted(summary.more)} more rows`)] : [];
  byId("summary").replaceChildren(make("table", {}, make("thead", {}, head), make("tbody", {}, ...rows)), ...more);
}

function showTip(facts, folds, opened, x, y) {
  const rows = [];
  const row = (name, value) => { if (value) rows.push(make("dt", {}, name), make("dd", {}, value)); };
  if (facts.out) row("shape", facts.in ? `${facts.in} → ${facts.out}` : facts.out);
  if (facts.params !== undefined) {
    row("parameters", facts.params ? counted(facts.params) : "none");
    if (facts.macs) row("MACs", `${counted(facts.macs)}${facts.macs >= 1000 ? ` (${brief(facts.macs)})` : ""}`);
  }
  row("sees", facts.field && facts.field !== "all" ? `${facts.field} pixels of the input` : facts.field && "all of the input");
  const lines = facts.lines.map((at) => make("div", {}, make("b", {}, String(at.line)), " ", at.text));
  const way = folds ? (opened ? "click folds" : "click unfolds · Alt-click goes to the line") : "click goes to the line";
  byId("tip").replaceChildren(
    make("strong", {}, facts.title), make("div", { class: "path" }, facts.path ?? ""),
    make("code", {}, ...lines), make("dl", {}, ...rows),
    make("div", { class: "way" }, facts.within ? `${way} · Shift-click folds ${facts.within}` : way));
  byId("tip").hidden = false;
  placeTip(x, y);
}

/** Beside the pointer, within the window. */
function placeTip(x, y) {
  const tip = byId("tip");
  if (tip.hidden) return;
  const { width, height } = tip.getBoundingClientRect();
  const left = x + 16 + width > innerWidth ? x - 16 - width : x + 16;
  const top = y + 16 + height > innerHeight ? y - 16 - height : y + 16;
  tip.style.left = `${Math.max(4, left)}px`;
  tip.style.top = `${Math.max(4, top)}px`;
}

function hideTip() {
  byId("tip").hidden = true;
}
