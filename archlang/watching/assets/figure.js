// The figure: shown, moved, zoomed; its boxes hovered, clicked, folded.
"use strict";

const LARGEST = 1.6; // pixels of the screen for a point

const figure = {
  svg: null, whole: null, at: null, boxes: {}, fitted: true, text: "",

  /** Show a figure; what was zoomed stays zoomed, what was focused stays focused. */
  show(text, boxes) {
    this.boxes = boxes;
    if (text === this.text && this.svg) return;
    const held = document.activeElement?.closest?.("#figure [data-key]")?.dataset.key;
    this.text = text;
    hideTip();
    const parsed = new DOMParser().parseFromString(text, "image/svg+xml").documentElement;
    const svg = document.importNode(parsed, true);
    const [, , w, h] = svg.getAttribute("viewBox").split(" ").map(Number);
    const sameSize = this.whole && this.whole.w === w && this.whole.h === h;
    this.fitted = this.fitted || !sameSize;
    this.whole = { x: 0, y: 0, w, h };
    if (this.fitted) this.at = this.fitting();
    svg.removeAttribute("width");
    svg.removeAttribute("height");
    byId("figure").replaceChildren(svg);
    this.svg = svg;
    for (const group of svg.querySelectorAll("g.archlang-box, g.archlang-frame[data-unit]")) this.enliven(group);
    for (const title of svg.querySelectorAll("g > title")) title.remove();
    this.look();
    if (held) svg.querySelector(`[data-key="${CSS.escape(held)}"]`)?.focus({ preventScroll: true });
  },

  clear() {
    this.text = "";
    this.svg = null;
    byId("figure").replaceChildren();
  },

  /** The facts of a box or of the frame around an open unit. */
  facts(group) {
    return group.dataset.box ? this.boxes[group.dataset.box] : this.boxes[`unit ${group.dataset.unit}`];
  },

  enliven(group) {
    const facts = this.facts(group);
    const title = group.querySelector(":scope > title");
    if (!facts) {
      if (title) group.setAttribute("aria-label", title.textContent);
      return;
    }
    const opened = !group.dataset.box;
    const folds = group.dataset.unit !== undefined;
    const name = facts.path || facts.title;
    group.dataset.key = `${opened ? "frame" : "box"} ${name}`;
    group.setAttribute("role", "button");
    group.setAttribute("tabindex", "0");
    group.setAttribute("aria-label", `${facts.title}, ${name}${folds ? (opened ? ": fold" : ": unfold") : ""}`);
    if (folds) this.addSign(group, opened);
    const target = opened ? group.querySelector("text") : group;
    for (const part of opened ? [target, group.querySelector(".sign")] : [group]) {
      part?.addEventListener("click", (event) => {
        if (this.dragged) return;
        this.press(group, event);
      });
    }
    group.addEventListener("pointerenter", (event) => { if (!opened) this.point(group, event); });
    group.addEventListener("pointermove", (event) => { if (!opened) placeTip(event.clientX, event.clientY); });
    group.addEventListener("pointerleave", () => this.leave());
    group.addEventListener("focus", () => {
      const r = group.getBoundingClientRect();
      this.point(group, { clientX: r.right, clientY: r.bottom });
    });
    group.addEventListener("blur", () => this.leave());
    pressable(group, (event) => this.press(group, event));
  },

  /** A click folds or unfolds a unit; elsewhere, or with Alt, it goes to the line. With Shift it
   *  folds the unit around. */
  press(group, event) {
    const facts = this.facts(group);
    const unit = group.dataset.unit;
    if (event.shiftKey && facts.within) return page.fold(facts.within, false);
    if (unit !== undefined && !event.altKey) return page.fold(unit, Boolean(group.dataset.box));
    if (facts.lines.length) page.goTo(facts.lines[0]);
    return undefined;
  },

  addSign(group, opened) {
    const rect = group.querySelector("rect");
    const sheets = group.querySelectorAll(":scope > rect");
    const top = opened ? rect : sheets[sheets.length - 1];
    const [x, y, w] = ["x", "y", "width"].map((name) => Number(top.getAttribute(name)));
    const cx = opened ? x + 1 : x + w - 1;
    const ink = top.getAttribute("stroke");
    const paper = this.paper(group);
    const sign = makeSvg("g", { class: "sign" },
      makeSvg("circle", { cx, cy: y + 1, r: 5.5, fill: paper, stroke: ink, "stroke-width": 1 }),
      makeSvg("path", {
        d: `M${cx - 2.8},${y + 1} h5.6${opened ? "" : ` M${cx},${y - 1.8} v5.6`}`,
        stroke: opened ? this.ink(group) : ink, "stroke-width": 1.3, fill: "none",
      }));
    group.append(sign);
  },

  paper: (group) => group.ownerSVGElement?.querySelector("rect")?.getAttribute("fill") ?? "none",
  ink: (group) => group.ownerSVGElement?.querySelector("text")?.getAttribute("fill") ?? "currentColor",

  point(group, event) {
    this.leave();
    const facts = this.facts(group);
    group.classList.add("lit");
    const lines = this.svg.querySelectorAll("g.archlang-line[data-ends]");
    for (const line of lines) {
      if (line.dataset.ends.split(" ").includes(group.dataset.box)) line.classList.add("lit");
    }
    source.light(facts.lines);
    showTip(facts, group.dataset.unit !== undefined, !group.dataset.box, event.clientX, event.clientY);
  },

  leave() {
    for (const lit of this.svg?.querySelectorAll(".lit") ?? []) lit.classList.remove("lit");
    source.light([]);
    hideTip();
  },

  /** Light the boxes that a line of the spec makes. */
  lightLine(file, line) {
    for (const group of this.svg?.querySelectorAll("g.archlang-box") ?? []) {
      const facts = this.facts(group);
      const is = facts?.lines.some((at) => at.file === file && at.line === line);
      group.classList.toggle("lit", Boolean(is));
    }
  },

  look() {
    const { x, y, w, h } = this.at;
    this.svg?.setAttribute("viewBox", `${x} ${y} ${w} ${h}`);
  },

  /** All of the figure; a small one is not magnified beyond what is comfortable. */
  fitting() {
    const { w, h } = this.whole;
    const room = byId("figure").getBoundingClientRect();
    const spare = Math.max(1, Math.min(room.width / w, room.height / h) / LARGEST);
    return { x: (w - w * spare) / 2, y: (h - h * spare) / 2, w: w * spare, h: h * spare };
  },

  fit() {
    if (!this.whole) return;
    this.at = this.fitting();
    this.fitted = true;
    this.look();
  },

  /** Zoom by a factor around a point of the window. */
  zoom(factor, clientX, clientY) {
    if (!this.svg) return;
    const most = this.whole.w * 2, least = this.whole.w / 40;
    const w = Math.min(most, Math.max(least, this.at.w * factor));
    factor = w / this.at.w;
    const matrix = this.svg.getScreenCTM().inverse();
    const p = new DOMPoint(clientX, clientY).matrixTransform(matrix);
    this.at = { x: p.x - (p.x - this.at.x) * factor, y: p.y - (p.y - this.at.y) * factor, w, h: this.at.h * factor };
    this.fitted = false;
    this.look();
  },

  middle() {
    const r = byId("figure").getBoundingClientRect();
    return [r.left + r.width / 2, r.top + r.height / 2];
  },

  move(dx, dy) {
    if (!this.svg) return;
    const scale = this.svg.getScreenCTM().a;
    this.at = { ...this.at, x: this.at.x - dx / scale, y: this.at.y - dy / scale };
    this.fitted = false;
    this.look();
  },
};

const KEYS = {
  "+": () => figure.zoom(0.8, ...figure.middle()), "=": () => figure.zoom(0.8, ...figure.middle()),
  "-": () => figure.zoom(1.25, ...figure.middle()), 0: () => figure.fit(),
  ArrowLeft: () => figure.move(60, 0), ArrowRight: () => figure.move(-60, 0),
  ArrowUp: () => figure.move(0, 60), ArrowDown: () => figure.move(0, -60),
};

/** Wheel, drag, keys and buttons. */
function enlivenFigure() {
  const room = byId("figure");
  let from = null;
  room.addEventListener("wheel", (event) => {
    event.preventDefault();
    const step = event.deltaMode === 1 ? event.deltaY * 16 : event.deltaY;
    figure.zoom(Math.exp(Math.max(-100, Math.min(100, step)) * 0.0022), event.clientX, event.clientY);
  }, { passive: false });
  room.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    from = [event.clientX, event.clientY];
    figure.dragged = false;
  });
  window.addEventListener("pointermove", (event) => {
    if (!from) return;
    const [dx, dy] = [event.clientX - from[0], event.clientY - from[1]];
    if (!figure.dragged && Math.hypot(dx, dy) < 4) return;
    figure.dragged = true;
    room.classList.add("dragged");
    hideTip();
    from = [event.clientX, event.clientY];
    figure.move(dx, dy);
  });
  window.addEventListener("pointerup", () => {
    from = null;
    room.classList.remove("dragged");
    setTimeout(() => { figure.dragged = false; }, 0);
  });
  room.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !KEYS[event.key]) return;
    event.preventDefault();
    KEYS[event.key]();
  });
  for (const button of document.querySelectorAll("[data-zoom]")) {
    const key = { in: "+", out: "-", fit: 0 }[button.dataset.zoom];
    button.addEventListener("click", () => KEYS[key]());
  }
}
