// The console's buttons and scrolling parts, made alike everywhere.

import { h, icon } from "../common/dom.js";

/** A button with words (or nodes); `more`: `class` and other properties. */
export function button(content, run, { class: name = "", ...more } = {}) {
  return h("button", { class: `button ${name}`, type: "button", on: { click: run }, ...more }, content);
}

/** A button of a picture; its words are its name and its tooltip. */
export function iconButton(label, shape, run, { class: name = "", size = 20, ...more } = {}) {
  const about = { "aria-label": label, title: label };
  const props = { class: `icon-button ${name}`, type: "button", on: { click: run }, ...about, ...more };
  return h("button", props, icon(shape, size));
}

/** What opens a menu. */
export function menuButton(label, run) {
  return iconButton(label, "more", run, { class: "more", "aria-haspopup": "menu", "aria-expanded": "false" });
}

/** A part that scrolls, by keyboard too. */
export function scroller(label, ...children) {
  return h("div", { class: "scroller", tabIndex: 0, role: "region", "aria-label": label }, children);
}
