// The one button that a checkout goes on by: what it says and does changes, its place does not.
import { h, write } from "../common/dom.js";
import { OFFLINE, RECONNECTING } from "./words.js";

const GUARD_MS = 800; // Nobody may confirm a price that he has not seen.

export class MainButton {
  #ctx;
  #action = { text: "", run: () => {} };
  #guarded = 0;
  #aside = h("p", { class: "foot-note", hidden: true });
  #button = h("button", { class: "button wide", type: "button",
    on: { click: () => this.#press() } });

  constructor(ctx, signal) {
    this.#ctx = ctx;
    this.node = h("div", { class: "foot" }, this.#aside, this.#button);
    ctx.live.watch((state) => state.conn, () => this.#draw(), { signal });
  }

  /** `action`: {text, run}; `isPlain`: not filled; `isOff`, `needsLink`: off without one; `aside`: a line above. */
  does(action) {
    this.#action = action;
    this.#draw();
  }

  /** Off for a moment, because what it says has just changed. */
  guard() {
    this.#guarded = performance.now() + GUARD_MS;
    setTimeout(() => this.#draw(), GUARD_MS + 10);
  }

  #press() {
    if (this.#button.getAttribute("aria-disabled") !== "true") this.#action.run();
  }

  // Off, it can still be reached by Tab, so that its words are found; nor is the focus lost.
  #draw() {
    const { text, isOff, isPlain, needsLink, aside = "" } = this.#action;
    const { online, live } = this.#ctx;
    const isAway = needsLink && !online;
    const isLost = ["offline", "closed"].includes(live.state.conn);
    const note = isAway ? (isLost ? OFFLINE : RECONNECTING) : aside;
    write(this.#button, text);
    this.#button.classList.toggle("primary", !isPlain);
    this.#button.setAttribute("part", isPlain ? "button" : "button primary");
    this.#button.setAttribute("aria-disabled", String(Boolean(isOff || isAway || performance.now() < this.#guarded)));
    write(this.#aside, note);
    this.#aside.hidden = !note;
  }
}
