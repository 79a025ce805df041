// A form as people fill it in: a label above each field, what is wrong below it, all of it listed on top.
import { h, write } from "../common/dom.js";
import { thingsToFix } from "./words.js";

let made = 0;

/** One field. `wrong` is said while it is empty, or `check(value)` says what is wrong; with neither it is optional. */
export class Field {
  #check;
  #error;
  #hint;

  /** `control` is an input, a select, or a `fieldset` of radio buttons. */
  constructor({ name, label, control, hint, wrong, check, narrow }) {
    const id = `yc-field-${(made += 1)}`;
    const title = [label, !wrong && !check && h("span", { class: "optional", text: " (optional)" })];
    this.name = name;
    this.control = control;
    this.#check = check ?? ((value) => (value || !wrong ? "" : wrong));
    this.#error = h("p", { class: "field-error", part: "error", id: `${id}-error`, hidden: true });
    this.#hint = hint && h("p", { class: "hint", id: `${id}-hint`, text: hint });
    control.id = id;
    if (this.#isGroup) control.prepend(h("legend", {}, title));
    else control.setAttribute("part", "field");
    this.node = h("div", { class: narrow ? "field narrow" : "field", data: { name } },
      !this.#isGroup && h("label", { for: id }, title), this.#hint, control, this.#error);
    this.#describe();
  }

  get #isGroup() {
    return this.control.tagName === "FIELDSET";
  }

  get value() {
    if (!this.#isGroup) return this.control.value.trim();
    return this.control.querySelector("input:checked")?.value ?? "";
  }

  set value(text) {
    if (!this.#isGroup) this.control.value = text;
    else for (const input of this.control.querySelectorAll("input")) input.checked = input.value === text;
  }

  get isWrong() {
    return this.control.hasAttribute("aria-invalid");
  }

  /** What is wrong, shown at the field; "" when nothing is. */
  check() {
    const error = this.#check(this.value);
    write(this.#error, error);
    this.#error.hidden = !error;
    if (error) this.control.setAttribute("aria-invalid", "true");
    else this.control.removeAttribute("aria-invalid");
    this.#describe();
    return error;
  }

  focus() {
    const { control } = this;
    (this.#isGroup ? control.querySelector("input:checked") ?? control.querySelector("input") : control).focus();
  }

  #describe() {
    const ids = [this.#hint?.id, !this.#error.hidden && this.#error.id].filter(Boolean);
    if (ids.length) this.control.setAttribute("aria-describedby", ids.join(" "));
    else this.control.removeAttribute("aria-describedby");
  }
}

/** Fields that are sent together. Checked when sent; from then on each again when it is left. */
export class Form {
  #fields;
  #tried = false;
  #title = h("h3", { id: `yc-summary-${(made += 1)}` });
  #list = h("ul");

  constructor(fields) {
    this.#fields = fields;
    this.summary = h("div", { class: "summary", role: "group", tabIndex: -1, hidden: true,
      "aria-labelledby": this.#title.id }, this.#title, this.#list);
    for (const field of fields) {
      field.node.addEventListener("focusout", () => this.#left(field));
      // A choice is made at once, and stays in focus.
      field.node.addEventListener("change", () => field.isWrong && this.#left(field));
    }
  }

  get values() {
    return Object.fromEntries(this.#fields.map((field) => [field.name, field.value]));
  }

  fill(values) {
    for (const field of this.#fields) if (values?.[field.name]) field.value = values[field.name];
  }

  /** Whether all is right; if not, the list of what to fix gets the focus. */
  check() {
    this.#tried = true;
    const wrong = this.#fields.map((field) => [field, field.check()]).filter(([, error]) => error);
    this.#list.replaceChildren(...wrong.map(([field, error]) => this.#line(field, error)));
    this.#count();
    if (wrong.length) this.summary.focus();
    return !wrong.length;
  }

  #line(field, error) {
    const jump = (event) => {
      event.preventDefault();
      field.focus();
    };
    return h("li", { data: { name: field.name } },
      h("a", { href: `#${field.control.id}`, text: error, on: { click: jump } }));
  }

  #left(field) {
    if (!this.#tried) return;
    // The list only gets shorter here: nothing may appear above what somebody is typing in.
    if (!field.check()) this.#list.querySelector(`[data-name="${field.name}"]`)?.remove();
    this.#count();
  }

  #count() {
    const left = this.#list.children.length;
    this.summary.hidden = !left;
    if (left) write(this.#title, thingsToFix(left));
  }
}
