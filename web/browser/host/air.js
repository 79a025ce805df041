// What is on the air now: only what the server has told, never what was asked for.

import { h, icon, write } from "../common/dom.js";
import { countdown, money, percentOff } from "../common/money.js";
import { picture } from "./bag-row.js";
import { button, scroller } from "./controls.js";
import * as words from "./words.js";

const DOUBLE_MS = 400;

export class OnAir {
  #desk;
  #acts;
  #sold;
  #pressed = -DOUBLE_MS;
  #shown = null;
  #image = h("span", { class: "air-image" });
  #title = h("p", { class: "air-title", dir: "auto" });
  #price = h("p", { class: "air-price" });
  #left = h("dd", {});
  #soldUnits = h("dd", {});
  #since = h("dd", {});
  #stale = h("p", { class: "air-stale", role: "status" });
  #skus = h("tbody", {});
  #skuRows = new Map();

  constructor(desk, acts, sold) {
    this.#desk = desk;
    this.#acts = acts;
    this.#sold = sold;
    const unpin = button([icon("unpin", 18), words.air.unpin], () => this.pressUnpin(), { class: "unpin" });
    this.unpin = desk.need(unpin, "live");
    const fact = (name, value) => h("div", {}, h("dt", {}, name), value);
    this.facts = h("dl", { class: "facts" },
      fact("left", this.#left), fact("sold", this.#soldUnits), fact("on air", this.#since));
    this.none = h("p", { class: "air-none" });
    this.body = h("div", { class: "air-body" }, this.#image,
      h("div", { class: "air-text" }, this.#title, this.#price, this.facts), this.unpin);
    this.node = h("section", { class: "panel air", "aria-labelledby": "air-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "air-title" }, words.air.title), this.#stale),
      this.body, this.none);
    this.variants = h("section", { class: "panel variants", "aria-labelledby": "variants-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "variants-title" }, words.air.variants)),
      scroller(words.air.variants,
        h("table", { class: "numbers" },
          h("thead", {}, h("tr", {}, ...words.air.variantHeads.map((text) => h("th", { scope: "col" }, text)))),
          this.#skus)));
    desk.watch((state) => state.pin, () => this.#draw());
    desk.watch((state) => state.show?.state, () => this.#draw());
    desk.watch((state) => state.stock, () => this.#numbers());
    sold.onChange(() => this.#numbers());
    desk.watch((state) => state.conn, () => this.#tick());
    desk.onTick(() => this.#tick());
    this.#draw();
  }

  /** Unpinning has no way but this; a double click counts once. */
  pressUnpin() {
    const now = performance.now();
    if (now - this.#pressed < DOUBLE_MS || !this.#desk.state.pin || !this.#desk.online) return;
    this.#pressed = now;
    this.#acts.unpin();
  }

  #draw() {
    const { pin } = this.#desk.state;
    this.node.classList.toggle("is-empty", !pin);
    this.body.hidden = !pin;
    this.none.hidden = Boolean(pin);
    this.variants.classList.toggle("is-empty", !pin);
    const isLive = this.#desk.isLive;
    this.none.replaceChildren(h("strong", {}, words.air.none), isLive ? words.air.noneText : words.air.notLive);
    if (pin && pin.product !== this.#shown) this.#drawProduct(pin.product);
    this.#shown = pin?.product ?? null;
    if (!pin) this.#skus.replaceChildren();
    this.#numbers();
    this.#tick();
  }

  #drawProduct(product) {
    const { text, was, from } = this.#desk.price(product);
    const cheapest = product.skus.reduce((low, sku) => (sku.price < low.price ? sku : low));
    const off = percentOff(cheapest.price, cheapest.compare_at ?? 0);
    write(this.#title, product.title);
    this.#title.title = product.title;
    this.#image.replaceChildren(picture(product, 88));
    this.#price.replaceChildren(h("span", { class: "now" }, from ? "from " : "", text),
      was ? h("s", {}, h("span", { class: "visually-hidden" }, "was "), was) : "",
      off ? h("span", { class: "off" }, `−${off}%`) : "");
    this.#skuRows.clear();
    this.#skus.replaceChildren(...product.skus.map((sku) => {
      const left = h("td", {});
      this.#skuRows.set(sku.id, left);
      const price = h("td", {}, money(sku.price, sku.currency));
      return h("tr", {}, h("th", { scope: "row", dir: "auto" }, sku.title), price, left);
    }));
  }

  #numbers() {
    const product = this.#desk.state.pin?.product;
    if (!product) return;
    const left = this.#desk.left(product);
    write(this.#left, left.toLocaleString());
    this.#left.classList.toggle("out", !left);
    write(this.#soldUnits, this.#sold.of(product.id).toLocaleString());
    for (const sku of product.skus) {
      const cell = this.#skuRows.get(sku.id);
      const units = this.#desk.state.stock[sku.id] ?? sku.left;
      if (!cell) continue;
      write(cell, units ? units.toLocaleString() : words.bag.soldOut);
      cell.classList.toggle("out", !units);
      cell.classList.toggle("low", units > 0 && units <= 5);
    }
  }

  #tick() {
    const { pin, lostAt } = this.#desk.state;
    if (pin) write(this.#since, countdown(this.#desk.live.now() - pin.at));
    this.#stale.hidden = this.#desk.online || !lostAt;
    if (lostAt) write(this.#stale, words.air.stale(countdown(Date.now() - lostAt)));
  }
}
