// Shortcuts: never while somebody types or a dialog is open, and there is a switch to turn them all off.

import { h } from "../common/dom.js";
import { dialog } from "./dialog.js";
import * as words from "./words.js";

const OFF = "yc.console.keys";

export class Keys {
  #desk;
  #store;
  #does;

  /** `parts`: {bag, chat, air, log, tabs}: what the keys act on. */
  constructor(desk, store, { bag, chat, air, log, tabs }) {
    this.#desk = desk;
    this.#store = store;
    this.#does = {
      "/": () => tabs.show("bag", bag.search),
      c: () => {
        tabs.show("chat");
        chat.focusNewest();
      },
      h: () => chat.selected && chat.remove(chat.selected),
      m: () => chat.selected && chat.mute(chat.selected),
      U: () => air.pressUnpin(),
      "?": () => this.help(),
      ArrowUp: (target) => (target.closest("#chat") ? chat.step(-1) : bag.step(-1)),
      ArrowDown: (target) => (target.closest("#chat") ? chat.step(1) : bag.step(1)),
    };
    for (let digit = 1; digit <= 9; digit += 1) this.#does[digit] = () => bag.select(digit);
    document.addEventListener("keydown", (event) => this.#press(event, log), { signal: desk.signal });
  }

  get #isOn() {
    return this.#store.get(OFF) !== "off";
  }

  #press(event, log) {
    const { target } = event;
    if (event.defaultPrevented || event.isComposing || !this.#isOn) return;
    if (event.key === "Escape" && isField(target)) return target.blur();
    if (isField(target) || document.querySelector("dialog[open], [popover]:popover-open")) return;
    if (isUndo(event)) {
      if (log.undoNewest()) event.preventDefault();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    // A list that scrolls keeps its arrows; so does whatever a key means to the control in focus.
    if (event.key.startsWith("Arrow") && target.closest?.("[role=region]")) return;
    const act = this.#does[nameOf(event)];
    if (!act || (event.repeat && !event.key.startsWith("Arrow"))) return;
    event.preventDefault();
    act(target);
  }

  help() {
    const box = h("input", {
      type: "checkbox", checked: this.#isOn, id: "keys-on",
      on: { change: () => this.#store.set(OFF, box.checked ? "on" : "off") },
    });
    const caps = (keys) => keys.split(" ").map((key) => (key === "–" ? " – " : h("kbd", {}, key)));
    const rows = words.keys.list.map(([keys, does]) => h("div", {}, h("dt", {}, caps(keys)), h("dd", {}, does)));
    dialog(this.#desk, {
      title: words.keys.title,
      body: [
        h("p", { class: "switch" }, box, h("label", { for: "keys-on" }, words.keys.on)),
        h("p", {}, words.keys.note), h("dl", { class: "keys" }, rows),
      ],
    });
  }
}

function isField(target) {
  return target.closest?.("input, textarea, select, [contenteditable]") && target.type !== "checkbox";
}

/** A letter by its case as Shift makes it, whatever Caps Lock does; a sign as the keyboard gives it. */
function nameOf({ key, shiftKey }) {
  return /^[a-z]$/i.test(key) ? (shiftKey ? key.toUpperCase() : key.toLowerCase()) : key;
}

function isUndo({ key, ctrlKey, metaKey, shiftKey, altKey }) {
  return key.toLowerCase() === "z" && (ctrlKey || metaKey) && !shiftKey && !altKey;
}
