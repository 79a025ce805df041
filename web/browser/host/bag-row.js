// One product of the bag: place, picture, title, price, what is left and sold, and its Pin.

import { h, icon, write } from "../common/dom.js";
import { button, menuButton } from "./controls.js";
import * as words from "./words.js";

export class BagRow {
  #desk;
  #acts;
  #sold;
  #shown = {};

  /** `openMenu(row)` shows what else can be done with it. */
  constructor(desk, acts, sold, product, openMenu) {
    this.#desk = desk;
    this.#acts = acts;
    this.#sold = sold;
    this.product = product;
    this.grip = h("span", { class: "row-place", title: words.bag.drag });
    this.image = h("span", { class: "row-image" });
    this.title = h("span", { class: "row-title", dir: "auto" });
    this.price = h("span", { class: "row-price" });
    this.left = h("span", { class: "row-number" });
    this.sold = h("span", { class: "row-number" });
    this.pin = desk.need(button("", () => acts.pin(this.product.id), { class: "pin" }), "live");
    this.onAir = h("span", { class: "on-air-label" }, words.bag.onAir);
    this.status = h("span", { class: "row-status", hidden: true });
    this.more = menuButton("", () => openMenu(this));
    this.node = h("li", { class: "row", tabIndex: -1, data: { product: product.id } },
      this.grip, this.image,
      this.title,
      h("span", { class: "row-line" }, this.price, this.status),
      h("span", { class: "row-cell" }, h("span", { class: "visually-hidden" }, "left "), this.left),
      h("span", { class: "row-cell sold-cell" }, h("span", { class: "visually-hidden" }, "sold "), this.sold),
      h("span", { class: "row-act" }, this.pin, this.onAir),
      this.more);
    this.node.addEventListener("keydown", (event) => this.#key(event));
  }

  #key(event) {
    if (event.key !== "Enter" || event.target !== this.node || event.repeat) return;
    event.preventDefault();
    // A row that is on the air, or off for want of a link, has nothing to press.
    if (!this.pin.hidden) this.pin.click();
  }

  /** Draw what has changed; `position` is its place from 1. */
  draw(product, position) {
    this.product = product;
    write(this.grip, String(position));
    if (this.#shown.product !== product) this.#drawProduct(product);
    this.drawNumbers();
    this.drawPin();
  }

  #drawProduct(product) {
    const { text, was, from } = this.#desk.price(product);
    this.#shown.product = product;
    write(this.title, product.title);
    this.title.title = product.title;
    const before = was && h("s", {}, h("span", { class: "visually-hidden" }, "was "), was);
    this.price.replaceChildren(from ? "from " : "", text, before);
    this.more.ariaLabel = this.more.title = words.bag.more(product.title);
    this.image.replaceChildren(picture(product, 44));
  }

  drawNumbers() {
    const left = this.#desk.left(this.product);
    if (left !== this.#shown.left) {
      this.#shown.left = left;
      write(this.left, left ? left.toLocaleString() : words.bag.soldOut);
      this.left.classList.toggle("out", !left);
      this.left.classList.toggle("low", left > 0 && left <= 5);
    }
    write(this.sold, this.#sold.of(this.product.id).toLocaleString());
  }

  drawPin() {
    const isOnAir = this.#desk.state.pin?.product.id === this.product.id;
    const status = isOnAir ? undefined : this.#acts.status(this.product.id);
    const isPinning = status?.state === "pinning";
    this.node.classList.toggle("on-air", isOnAir);
    this.pin.hidden = isOnAir;
    this.onAir.hidden = !isOnAir;
    const text = isPinning ? words.bag.pinning : words.bag.pin;
    write(this.pin, text);
    this.pin.setAttribute("aria-label", `${text} ${this.product.title}`);
    this.pin.setAttribute("aria-busy", String(isPinning));
    const hasFailed = status?.state === "failed";
    this.node.classList.toggle("has-failed", hasFailed);
    this.status.hidden = !hasFailed;
    this.price.hidden = hasFailed;
    write(this.status, hasFailed ? status.text : "");
  }
}

/** A product's picture, or a bag where there is none or it cannot be had. */
export function picture(product, size) {
  const [src] = product.images;
  const none = () => icon("bag", Math.round(size / 2));
  if (!src) return none();
  const image = h("img", { src, alt: "", width: size, height: size, loading: "lazy", decoding: "async" });
  image.addEventListener("error", () => image.replaceWith(none()), { once: true });
  return image;
}
