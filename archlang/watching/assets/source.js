// The source pane: the text with its colours, the mistakes, and shapes at the ends of lines.
"use strict";

const WORDS = new Set(("use from as let default block network input output when training for in if elif else assert " +
  "branch dense repeat chain shared replace remove insert before after freeze adapt weights and or not").split(" "));
const PIECES = /("""[\s\S]*?(?:"""|$))|(#.*$)|("(?:[^"\\]|\\.)*"?)|(\b\d[\w.]*)|([A-Za-z_]\w*)|([\s\S])/g;

const source = {
  files: [], shown: "", ends: {}, problems: [], key: "", marked: null,

  /** New texts; the pane stays where it was. */
  show(files, problems, main) {
    this.files = files;
    this.problems = problems;
    this.main = main;
    if (!files.some((file) => file.name === this.shown)) this.shown = main;
    const names = files.map((file) => file.name);
    const select = byId("sources");
    if (select.dataset.key !== names.join("\n")) {
      select.replaceChildren(...names.map((name) => make("option", { value: name }, name)));
      select.dataset.key = names.join("\n");
    }
    select.value = this.shown;
    byId("which").hidden = files.length < 2 || byId("source").hidden;
    this.draw();
  },

  file() {
    return this.files.find((file) => file.name === this.shown) ?? { name: this.shown, text: "" };
  },

  draw() {
    const file = this.file();
    const own = this.problems.filter((problem) => problem.file === file.name);
    const key = JSON.stringify([file, own.map((p) => [p.line, p.column, p.end, p.severity, p.message])]);
    if (key === this.key) return;
    this.key = key;
    const pane = byId("source");
    const top = pane.scrollTop;
    const lines = file.text.replace(/\r\n?/g, "\n").split("\n");
    if (lines.length > 1 && lines[lines.length - 1] === "") lines.pop();
    let quoted = false;
    const rows = lines.map((text, i) => {
      const row = this.row(text, i + 1, own.filter((p) => p.line === i + 1), quoted);
      if ((text.match(/"""/g) ?? []).length % 2) quoted = !quoted;
      return row;
    });
    pane.replaceChildren(make("ol", {}, ...rows));
    this.setEnds(this.ends);
    pane.scrollTop = top;
    if (this.marked) this.mark(this.marked, false);
  },

  row(text, number, problems, quoted) {
    const problem = problems.find((p) => p.severity === "error") ?? problems[0];
    const wrong = problems.map((p) => stretch(text, p));
    const go = (event) => { event.preventDefault(); page.open({ file: this.shown, line: number, column: 1 }); };
    const code = make("code", {}, ...(quoted ? marked(text, "string", 0, wrong) : this.coloured(text, wrong)));
    const row = make("li", { "data-line": number, class: problem ? problem.severity : "",
      title: problem ? problem.message : false },
      make("a", { href: "#", class: "gutter", tabindex: "-1", click: go, "aria-label": `line ${number}` }, String(number)), code,
      make("span", { class: "end" }));
    row.addEventListener("pointerenter", () => figure.lightLine(this.shown, number));
    row.addEventListener("pointerleave", () => figure.lightLine("", 0));
    return row;
  },

  coloured(text, wrong) {
    return Array.from(text.matchAll(PIECES), (match) => {
      const [piece, doc, comment, string, number, word] = match;
      const kind = doc ? "string" : comment ? "comment" : string ? "string" : number ? "number" : word && WORDS.has(word) ? "word" : "";
      return marked(piece, kind, match.index, wrong);
    }).flat();
  },

  /** Shapes at line ends, of the file that is watched. */
  setEnds(ends) {
    this.ends = ends;
    const here = this.shown === this.main ? ends : {};
    for (const row of byId("source").querySelectorAll("li")) {
      const end = here[row.dataset.line];
      const room = row.lastElementChild;
      room.textContent = end ? end.label : "";
      if (end?.tip) room.title = end.tip;
      else room.removeAttribute("title");
    }
  },

  /** Light lines while the pointer is over their box. */
  light(places) {
    const lines = new Set(places.filter((at) => at.file === this.shown).map((at) => String(at.line)));
    for (const row of byId("source").querySelectorAll("li")) row.classList.toggle("lit", lines.has(row.dataset.line));
  },

  /** Show a line and mark it. */
  mark(place, scroll = true) {
    if (!this.files.some((file) => file.name === place.file)) return;
    this.marked = place;
    if (place.file !== this.shown) {
      this.shown = place.file;
      byId("sources").value = place.file;
      this.draw();
    }
    for (const row of byId("source").querySelectorAll("li")) {
      const is = Number(row.dataset.line) === place.line;
      row.classList.toggle("marked", is);
      if (is && scroll) row.scrollIntoView({ block: "center" });
    }
  },
};

/** Where a mistake stands in its line, from and to; its columns count characters, a string's are UTF-16. */
function stretch(text, { column, end }) {
  const at = (place) => [...text].slice(0, place - 1).join("").length;
  const from = at(column);
  const to = end > column ? at(end) : end ? from + 1 : text.trimEnd().length;
  return [from, Math.max(to, from + 1)];
}

/** A piece of a line that starts at a place, cut where it is wrong. */
function marked(piece, kind, start, wrong) {
  const cuts = new Set([0, piece.length]);
  for (const place of wrong.flat()) if (place > start && place < start + piece.length) cuts.add(place - start);
  const ends = [...cuts].sort((a, b) => a - b);
  return ends.slice(1).map((end, i) => {
    const text = piece.slice(ends[i], end);
    const isWrong = wrong.some(([from, to]) => start + ends[i] < to && start + end > from);
    const names = [kind, isWrong ? "wrong" : ""].filter(Boolean).join(" ");
    return names ? make("span", { class: names }, text) : document.createTextNode(text);
  });
}
