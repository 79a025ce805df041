// Says things to screen readers; while a modal dialog is open, from inside it, because the rest is silent then.
import { h } from "./dom.js";

const EVERY_MS = { polite: 5000, assertive: 0 };

export class Announcer {
  #regions = [];
  #last = 0;
  #waiting = 0;
  #text = "";

  /** The live regions of a root or of a dialog; append what it returns, empty, before anything is said. */
  region() {
    const polite = h("div", { class: "announcer", role: "status", "aria-live": "polite" });
    const assertive = h("div", { class: "announcer", role: "alert", "aria-live": "assertive" });
    const node = h("div", { class: "announcers" }, polite, assertive);
    this.#regions.push({ node, polite, assertive });
    return node;
  }

  /** Say it. `limited` (pins, prices): the newest wins, once in 5 s. */
  say(text, { assertive = false, limited = false } = {}) {
    if (!limited) return this.#write(text, assertive);
    this.#text = text;
    if (this.#waiting) return;
    const wait = Math.max(0, this.#last + EVERY_MS.polite - performance.now());
    this.#waiting = setTimeout(() => {
      this.#waiting = 0;
      this.#last = performance.now();
      this.#write(this.#text, false);
    }, wait);
  }

  /** Forget what was to be said. */
  stop() {
    clearTimeout(this.#waiting);
    this.#waiting = 0;
  }

  #write(text, assertive) {
    this.#regions = this.#regions.filter(({ node }) => node.isConnected);
    const inDialog = this.#regions.filter(({ node }) => node.closest("dialog[open]"));
    const region = inDialog.at(-1) ?? this.#regions.find(({ node }) => !node.closest("dialog"));
    if (!region) return;
    const place = assertive ? region.assertive : region.polite;
    // The same words twice must be heard twice.
    place.textContent = place.textContent === text ? `${text}\u00a0` : text;
  }
}
