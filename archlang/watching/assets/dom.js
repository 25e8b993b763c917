// Small helpers: elements are made of text and attributes, never of markup.
"use strict";

const byId = (id) => document.getElementById(id);
const token = document.currentScript ? new URL(document.currentScript.src).searchParams.get("token") : "";

/** An element; `props` are attributes, functions are listeners, children are nodes or text. */
function make(tag, props = {}, ...children) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(props)) {
    if (typeof value === "function") made.addEventListener(name, value);
    else if (value !== false && value !== null && value !== undefined) made.setAttribute(name, value);
  }
  made.append(...children.filter((child) => child !== null && child !== undefined));
  return made;
}

const SVG = "http://www.w3.org/2000/svg";

function makeSvg(tag, props = {}, ...children) {
  const made = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(props)) made.setAttribute(name, value);
  made.append(...children);
  return made;
}

/** 25557032 -> "25,557,032". */
const counted = (number) => (number ? number.toLocaleString("en") : "0");

const UNITS = [["T", 1e12], ["G", 1e9], ["M", 1e6], ["k", 1e3]];

/** 4089184256 -> "4.09 G". */
function brief(number) {
  const unit = UNITS.find(([, size]) => number >= size);
  return unit ? `${(number / unit[1]).toPrecision(3)} ${unit[0]}` : String(number);
}

const plural = (number, word) => `${number} ${word}${number === 1 ? "" : "s"}`;

/** Runs on Enter and Space as a button would. */
function pressable(element, act) {
  element.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    act(event);
  });
}
