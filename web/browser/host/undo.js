// The bar of what was done last: one's own acts can be taken back for 10 s, what others did is told.

import { h, icon, write } from "../common/dom.js";
import { timeOf } from "../common/money.js";
import { button } from "./controls.js";
import { dialog } from "./dialog.js";
import * as words from "./words.js";

const SECONDS = 10;
const MOST_SHOWN = 3;
const MOST_KEPT = 100;
const BLINK_MS = 250;

export class UndoBar {
  #desk;
  #list = h("ol", { class: "undo-list" });
  #shown = [];
  #kept = [];
  #timer = 0;
  #isHeld = false;

  constructor(desk) {
    this.#desk = desk;
    const hold = (isHeld) => () => { this.#isHeld = isHeld; };
    const on = { pointerenter: hold(true), pointerleave: hold(false), focusin: hold(true), focusout: hold(false) };
    const open = button(words.log.open, () => this.#openLog(), { class: "quiet" });
    this.node = h("section", { class: "undo-bar", "aria-label": words.log.title }, this.#list, open);
    for (const [event, fn] of Object.entries(on)) this.#list.addEventListener(event, fn);
    desk.signal.addEventListener("abort", () => clearInterval(this.#timer));
  }

  /** One's own act. `undo` takes it back; `isStill` says whether there is still something to take back. */
  add(text, undo, isStill = () => true) {
    this.#show({ text, undo, isStill, isMine: true });
  }

  /** What cannot be undone, or somebody else did. */
  tell(text, { warn = false } = {}) {
    this.#show({ text, warn });
  }

  /** The newest of one's own; false when there is none. */
  undoNewest() {
    const newest = this.#shown.find((entry) => entry.undo && entry.left > 0);
    if (newest) this.#undo(newest);
    return Boolean(newest);
  }

  #show(what) {
    const entry = { ...what, at: this.#desk.live.now(), left: SECONDS, until: performance.now() + SECONDS * 1000 };
    entry.node = this.#node(entry);
    this.#kept = [{ at: entry.at, text: entry.text }, ...this.#kept].slice(0, MOST_KEPT);
    this.#shown.unshift(entry);
    this.#list.prepend(entry.node);
    // Three of one's own that can be undone, and the newest of what is only told.
    const told = this.#shown.filter((one) => !one.undo).slice(1);
    const old = this.#shown.filter((one) => one.undo).slice(MOST_SHOWN);
    for (const one of [...told, ...old]) this.#drop(one);
    this.#desk.say(what.text, { assertive: Boolean(what.warn) });
    this.#timer ||= setInterval(() => this.#tick(), BLINK_MS);
  }

  #node(entry) {
    const mark = icon(entry.warn ? "alert" : entry.isMine ? "check" : "user", 16);
    const time = h("time", { class: "undo-time" }, timeOf(entry.at));
    entry.words = h("span", { class: "undo-text" }, entry.text);
    entry.seconds = h("span", { class: "undo-seconds", "aria-hidden": "true" }, String(SECONDS));
    const what = h("span", { class: "visually-hidden" }, `: ${entry.text}`);
    const said = [words.log.undo, what, entry.seconds];
    const undo = entry.undo && button(said, () => this.#undo(entry), { class: "undo" });
    if (undo) this.#desk.need(undo, "link");
    const kind = entry.warn ? "warn" : entry.isMine ? "mine" : "";
    return h("li", { class: `undo-entry ${kind}` }, mark, entry.words, time, undo);
  }

  #tick() {
    const now = performance.now();
    for (const entry of [...this.#shown]) {
      // While it is read or about to be pressed, it stays.
      if (this.#isHeld) entry.until = now + entry.left * 1000;
      entry.left = Math.max(0, Math.ceil((entry.until - now) / 1000));
      write(entry.seconds, String(entry.left));
      if (!entry.left) this.#drop(entry);
    }
    if (this.#shown.length) return;
    clearInterval(this.#timer);
    this.#timer = 0;
  }

  #drop(entry) {
    this.#shown = this.#shown.filter((other) => other !== entry);
    entry.node.remove();
    // Its node took the focus or the pointer with it, and tells of neither.
    this.#isHeld = this.#list.matches(":hover, :focus-within");
  }

  async #undo(entry) {
    if (!entry.undo || !this.#shown.includes(entry) || !this.#desk.online) return;
    this.#drop(entry);
    if (!entry.isStill()) return this.tell(words.done.overtaken, { warn: true });
    const { undo } = entry;
    entry.undo = null;
    if (await undo()) this.tell(words.done.undone(entry.text));
  }

  #openLog() {
    const rows = this.#kept.map(({ at, text }) => h("li", {},
      h("time", {}, new Date(at).toLocaleTimeString()), h("span", {}, text)));
    const body = rows.length ? h("ol", { class: "log" }, rows) : h("p", {}, words.log.empty);
    dialog(this.#desk, { title: words.log.title, body, actions: [{ label: words.log.close, isFirst: true }] });
  }
}
