// One less, how many, one more.
import { h, icon, write } from "../common/dom.js";

/** `changed(n)` is called with what was asked for; `set` shows what is. */
export class Stepper {
  #amount = h("output", { class: "amount" });
  #less;
  #more;
  #min;
  #max;

  constructor({ label, value = 1, min = 1, max = 999, changed }) {
    const step = (by) => {
      const next = Math.min(this.#max, Math.max(this.#min, this.value + by));
      if (next === this.value) return;
      this.set(next);
      changed(next);
    };
    const button = (name, text, by) => h("button", { class: "icon-button", type: "button", "aria-label": text,
      on: { click: () => step(by) } }, icon(name, 20));
    this.#less = button("minus", `One less: ${label}`, -1);
    this.#more = button("plus", `One more: ${label}`, 1);
    this.#amount.setAttribute("aria-label", `Quantity: ${label}`);
    this.node = h("div", { class: "stepper", role: "group", "aria-label": label }, this.#less, this.#amount, this.#more);
    this.#min = min;
    this.#max = max;
    this.set(value);
  }

  /** Show `value`; what cannot be done stays focusable. */
  set(value, max = this.#max) {
    this.value = value;
    this.#max = Math.max(this.#min, max);
    write(this.#amount, String(value));
    this.#less.setAttribute("aria-disabled", String(value <= this.#min));
    this.#more.setAttribute("aria-disabled", String(value >= this.#max));
  }
}
