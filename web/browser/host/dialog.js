// A modal dialog: a title, a body, and its answers in a row.

import { h } from "../common/dom.js";
import { button, iconButton } from "./controls.js";
import * as words from "./words.js";

let numbered = 0;

/**
 * Open one; resolves with the `value` of the answer taken, or undefined when it was closed.
 * `actions`: {label, value, kind: "primary" | "danger", isFirst, needs}; the one with `isFirst` has the focus.
 * `check(value)` may keep it open by giving false; `enter` is what Enter in a field of a form answers.
 */
export function dialog(desk, { title, body, actions = [], check = () => true, enter, wide = false, signal }) {
  const opener = document.activeElement;
  const id = `dialog-${(numbered += 1)}`;
  const heading = h("h2", { id, tabIndex: -1 }, title);
  let answer;
  const shut = (value) => {
    if (value !== undefined && !check(value)) return;
    answer = value;
    node.close();
  };
  const buttons = actions.map((action) => {
    const answers = button(action.label, () => shut(action.value), { class: action.kind });
    if (action.needs) desk.need(answers, action.needs);
    if (action.isOff) answers.ariaDisabled = "true";
    return answers;
  });
  const node = h("dialog", { class: wide ? "dialog wide" : "dialog", "aria-labelledby": id },
    h("header", {}, heading, iconButton(words.log.close, "close", () => shut())),
    h("div", { class: "dialog-body" }, body),
    buttons.length ? h("footer", {}, buttons) : null,
    desk.region());
  node.addEventListener("submit", (event) => {
    event.preventDefault();
    if (enter !== undefined) shut(enter);
  });
  // A press on the scrim closes it, unless it began inside: selecting text often ends outside.
  let began = null;
  node.addEventListener("pointerdown", (event) => { began = event.target; });
  node.addEventListener("click", (event) => { if (event.target === node && began === node) shut(); });
  desk.root.append(node);
  node.showModal();
  (buttons[actions.findIndex((action) => action.isFirst)] ?? heading).focus();
  signal?.addEventListener("abort", () => node.close(), { once: true });
  return new Promise((done) => {
    node.addEventListener("close", () => {
      node.remove();
      if (opener?.isConnected) opener.focus();
      done(answer);
    }, { once: true });
  });
}
