// The one line of status under the top bar: what is wrong or was just done, with at most one action.
import { h } from "../common/dom.js";

// When several things are to be told at once, the gravest is.
const RANK = ["refused", "kicked", "offline", "reconnect", "connecting", "paying", "video", "slow", "back"];

export class Strip {
  #shown = new Map();
  #say;

  constructor(say) {
    this.#say = say;
    this.text = h("span", { class: "strip-text" });
    this.node = h("div", { class: "strip", hidden: true, data: { ycStrip: "" } }, this.text);
  }

  /** Show `text` until cleared, or for `forMs`. `quiet`: not spoken; `sayAfter`: spoken when still there then. */
  show(key, text, { action, forMs, assertive = false, quiet = false, sayAfter } = {}) {
    const before = this.#shown.get(key);
    if (before?.text === text && !forMs) return;
    this.#forget(key);
    const entry = { text, action };
    this.#shown.set(key, entry);
    if (forMs) entry.gone = setTimeout(() => this.clear(key), forMs);
    if (sayAfter) entry.said = setTimeout(() => this.#say(text), sayAfter);
    else if (!quiet) this.#say(text, { assertive });
    this.#draw();
  }

  clear(key) {
    if (!this.#shown.has(key)) return;
    this.#forget(key);
    this.#draw();
  }

  stop() {
    for (const key of [...this.#shown.keys()]) this.#forget(key);
  }

  #forget(key) {
    const entry = this.#shown.get(key);
    clearTimeout(entry?.gone);
    clearTimeout(entry?.said);
    this.#shown.delete(key);
  }

  #draw() {
    const rank = (key) => (RANK.indexOf(key) + 1 || RANK.length + 1);
    // Of equal rank the newest wins: a Map keeps the order of arrival.
    const [key] = [...this.#shown.keys()].reverse().sort((one, other) => rank(one) - rank(other));
    this.node.hidden = !key;
    this.node.dataset.ycStrip = key ?? "";
    if (!key) return;
    const { text, action } = this.#shown.get(key);
    this.text.textContent = text;
    const button = action && h("button", { class: "strip-action", type: "button", text: action.label, on: { click: action.run } });
    this.node.replaceChildren(this.text, ...(button ? [button] : []));
  }
}
