// Orders as they are paid: who (masked), what, when.

import { h } from "../common/dom.js";
import { timeOf } from "../common/money.js";
import { scroller } from "./controls.js";
import * as words from "./words.js";

const MOST_ROWS = 100;

export class Orders {
  #desk;
  #list = h("ol", { class: "order-rows" });
  #empty = h("p", { class: "empty" }, words.orders.empty);

  constructor(desk, history) {
    this.#desk = desk;
    this.node = h("section", { class: "panel orders", id: "orders", "aria-labelledby": "orders-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "orders-title" }, words.orders.title)),
      scroller(words.orders.title, this.#list, this.#empty));
    for (const purchase of history.purchases) this.#add(purchase);
    desk.on("purchase", (purchase) => this.#add(purchase));
  }

  #add({ name, product, units, at }) {
    this.#empty.hidden = true;
    const what = [units > 1 && h("b", {}, `${units} × `), this.#desk.title(product)];
    const row = h("li", { class: "order-row" },
      h("time", {}, timeOf(at)), h("bdi", { class: "name" }, name), h("span", { class: "what", dir: "auto" }, what));
    this.#list.prepend(row);
    if (this.#list.children.length > MOST_ROWS) this.#list.lastElementChild.remove();
  }
}
