// The page: what is asked for, what came, and news from the watch.
"use strict";

/** Why there is no figure at all. */
function reasonForNone(answer) {
  if (!answer.there) return "There is no such file yet.";
  if (answer.errors) return "Nothing can be drawn before the mistakes are mended.";
  const names = Object.keys(answer.unset);
  const name = answer.network in answer.unset ? answer.network : names[0];
  if (!name) return "There is no network here yet, so there is no figure.";
  const missing = answer.unset[name];
  const settings = missing.map((parameter) => `--set ${parameter}=…`).join(" ");
  return `${name} needs ${missing.join(", ")}: watch it with archlang watch ${answer.file}:${name} ${settings}`;
}

const page = {
  wish: { network: "", view: "blocks", by: "block", theme: "", tab: "source", folds: {} },
  asked: 0, busy: false, ended: false, last: null, version: 0, wanted: 0,

  keep() {
    sessionStorage.setItem("archlang", JSON.stringify(this.wish));
  },

  /** The folds of the network that is shown: paths that are open or closed against the rule. */
  folds() {
    const name = this.wish.network;
    this.wish.folds[name] ??= { opened: [], closed: [] };
    return this.wish.folds[name];
  },

  dark() {
    return this.wish.theme ? this.wish.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
  },

  /** Whether the room of the figure is wide. */
  shape() {
    const room = byId("figure").getBoundingClientRect();
    return room.width > 1.55 * room.height ? "16:9" : "4:3";
  },

  query() {
    const { opened, closed } = this.folds();
    const query = new URLSearchParams({ token, network: this.wish.network, view: this.wish.view, by: this.wish.by,
      theme: this.dark() ? "dark" : "light", fit: this.shape() });
    for (const path of opened) query.append("open", path);
    for (const path of closed) query.append("close", path);
    return query;
  },

  /** Ask for everything; an answer that a later question has overtaken is dropped. */
  async refresh() {
    const mine = ++this.asked;
    let answer;
    try {
      answer = await (await fetch(`state?${this.query()}`)).json();
    } catch {
      return;
    }
    if (mine !== this.asked) return;
    if (answer.superseded) setTimeout(() => this.refresh(), 30);
    else if (answer.version) this.show(answer);
  },

  show(answer) {
    this.last = answer;
    this.version = answer.version;
    if (!this.wish.network && answer.network) {
      this.wish.folds[answer.network] ??= this.wish.folds[""] ?? { opened: [], closed: [] };
    }
    this.wish.network = answer.network;
    byId("file").textContent = answer.file;
    this.showChooser(answer);
    showProblems(answer.problems);
    this.showFigure(answer);
    if (answer.summary) {
      showSummary(answer.summary);
      showFacts(answer.summary.facts);
    } else {
      byId("summary").replaceChildren();
      byId("facts").replaceChildren();
    }
    source.show(answer.sources, answer.problems, answer.sources[0]?.name ?? "");
    this.showFolds();
    document.documentElement.dataset.version = answer.version;
    this.showState();
    this.refreshEnds();
  },

  async refreshEnds() {
    try {
      const answer = await (await fetch(`ends?${new URLSearchParams({ token })}`)).json();
      if (answer.version === this.version) source.setEnds(answer.ends);
    } catch { /* the watch has ended; the stream of news says so */ }
  },

  showChooser(answer) {
    const networks = answer.networks, unset = Object.entries(answer.unset);
    const select = byId("network");
    const key = [...networks, "", ...unset].join();
    byId("chooser").hidden = networks.length + unset.length < 2;
    if (select.dataset.key !== key) {
      select.replaceChildren(
        ...networks.map((name) => make("option", {}, name)),
        ...unset.map(([name, missing]) =>
          make("option", { value: name, disabled: "" }, `${name} needs ${missing.join(", ")}`)));
      select.dataset.key = key;
    }
    select.value = answer.network;
  },

  showFigure(answer) {
    const { figure: drawn, stale } = answer;
    const room = byId("drawing");
    const last = "the last good figure";
    const why = !answer.there ? `The file is gone: this is ${last}. It is followed as soon as it is back.`
      : stale ? `This is ${last}: the text has ${answer.errors ? plural(answer.errors, "mistake") : "no network"} now.` : "";
    const none = drawn ? "" : reasonForNone(answer);
    byId("banner").textContent = drawn?.error ? `No figure: ${drawn.error}` : why || none;
    byId("banner").hidden = !byId("banner").textContent;
    room.classList.toggle("stale", Boolean(stale));
    if (drawn?.svg) figure.show(drawn.svg, drawn.boxes);
    else figure.clear();
  },

  showFolds() {
    const { opened, closed } = this.folds();
    const chips = opened.map((path) => make("button", { type: "button", class: "chip", title: `Fold ${path}`,
      click: () => this.fold(path, false) }, `${path} `, make("span", { "aria-hidden": "true" }, "×")));
    const any = opened.length + closed.length > 0;
    const reset = make("button", { type: "button", class: "chip quiet", id: "reset", click: () => {
      Object.assign(this.folds(), { opened: [], closed: [] });
      this.changed();
    } }, "fold as before");
    byId("folds").replaceChildren(...chips, ...(any ? [reset] : []));
  },

  showState() {
    const { errors = 0, warnings = 0, file = "", network = "", there = true } = this.last ?? {};
    const name = file.split("/").pop();
    const state = this.ended ? "ended" : !this.last || this.busy ? "busy" : errors || !there ? "broken" : "good";
    const counts = [errors && plural(errors, "error"), warnings && plural(warnings, "warning")].filter(Boolean).join(", ");
    const words = { ended: "the watch has ended", busy: "compiling …", broken: there ? counts : "file is gone",
      good: counts || "no mistakes" }[state];
    document.documentElement.dataset.state = state;
    byId("status").textContent = words;
    const sign = { ended: "○", busy: "…", broken: "✗", good: "✓" }[state];
    document.title = `${sign} ${errors ? `${errors} · ` : ""}${network ? `${network} · ` : ""}${name}`;
  },

  showLook() {
    document.documentElement.dataset.theme = this.dark() ? "dark" : "light";
    for (const button of document.querySelectorAll("[data-view]")) {
      button.setAttribute("aria-pressed", String(button.dataset.view === this.wish.view));
    }
    for (const tab of document.querySelectorAll("[data-tab]")) {
      const on = tab.dataset.tab === this.wish.tab;
      tab.setAttribute("aria-selected", String(on));
      tab.tabIndex = on ? 0 : -1;
      byId(tab.dataset.tab).hidden = !on;
    }
    byId("by").hidden = this.wish.tab !== "summary";
    byId("which").hidden = this.wish.tab !== "source" || source.files.length < 2;
    byId("rows").value = this.wish.by;
  },

  changed(change = {}) {
    Object.assign(this.wish, change);
    this.keep();
    this.showLook();
    this.showFolds();
    this.refresh();
  },

  /** Open or fold one unit. */
  fold(path, open) {
    const folds = this.folds();
    const within = (other) => other === path || other.startsWith(`${path}.`);
    folds.opened = folds.opened.filter((other) => !within(other));
    folds.closed = folds.closed.filter((other) => other !== path);
    folds[open ? "opened" : "closed"].push(path);
    this.changed();
  },

  /** Show a line here, and in the editor if one is known. */
  goTo(place) {
    if (this.wish.tab !== "source") {
      this.wish.tab = "source";
      this.keep();
      this.showLook();
    }
    source.mark(place);
    this.open(place);
  },

  async open(place) {
    source.mark(place, false);
    if (!document.body.dataset.editor) return;
    const body = JSON.stringify({ file: place.file, line: place.line, column: place.column ?? 1 });
    try {
      const answer = await (await fetch("open", { method: "POST", body, headers: { "X-Token": token } })).json();
      if (!answer.opened) byId("status").textContent = answer.why;
    } catch { /* as above */ }
  },

  listen() {
    const news = new EventSource(`events?${new URLSearchParams({ token })}`);
    news.addEventListener("message", (event) => {
      const { version, busy } = JSON.parse(event.data);
      this.ended = false;
      this.busy = busy;
      if (version && version !== this.wanted) {
        this.wanted = version;
        this.refresh();
      }
      this.showState();
    });
    const end = () => {
      this.ended = true;
      this.showState();
    };
    news.addEventListener("error", end);
    news.addEventListener("end", end);
  },

  start() {
    try {
      Object.assign(this.wish, JSON.parse(sessionStorage.getItem("archlang") ?? "{}"));
    } catch { /* it is not ours */ }
    enlivenFigure();
    byId("network").addEventListener("change", (event) => this.changed({ network: event.target.value }));
    byId("rows").addEventListener("change", (event) => this.changed({ by: event.target.value }));
    byId("sources").addEventListener("change", (event) => {
      source.shown = event.target.value;
      source.draw();
    });
    byId("theme").addEventListener("click", () => this.changed({ theme: this.dark() ? "light" : "dark" }));
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => this.changed());
    for (const button of document.querySelectorAll("[data-view]")) {
      button.addEventListener("click", () => this.changed({ view: button.dataset.view }));
    }
    for (const tab of document.querySelectorAll("[data-tab]")) {
      tab.addEventListener("click", () => { this.wish.tab = tab.dataset.tab; this.keep(); this.showLook(); });
      tab.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowLeft" && event.key !== "ArrowRight") return;
        const other = [...document.querySelectorAll("[data-tab]")].find((one) => one !== tab);
        other.click();
        other.focus();
      });
    }
    this.showLook();
    this.listen();
  },
};

page.start();
