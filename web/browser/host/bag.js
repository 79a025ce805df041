// The bag: its rows in the host's order, a search, and what adds and moves them.

import { h, icon, write } from "../common/dom.js";
import { BagRow } from "./bag-row.js";
import { button } from "./controls.js";
import { makeSortable } from "./drag.js";
import * as marks from "./marks.js";
import { menu } from "./menu.js";
import * as words from "./words.js";

export class Bag {
  #desk;
  #acts;
  #sold;
  #rows = new Map();
  #list = h("ol", { class: "rows", "aria-label": words.bag.title });
  #count = h("span", { class: "count" });
  #empty = h("p", { class: "empty" });
  #frame = 0;

  /** `openPicker()` is where products come from. */
  constructor(desk, acts, sold, openPicker) {
    this.#desk = desk;
    this.#acts = acts;
    this.#sold = sold;
    this.search = h("input", {
      type: "search", class: "search", placeholder: words.bag.search, "aria-label": words.bag.search,
      autocomplete: "off", spellcheck: false, on: { input: () => this.#filter() },
    });
    const add = button([icon("plus", 18), words.bag.add], openPicker);
    const scroller = h("div", { class: "scroller", tabIndex: -1 }, this.#list, this.#empty);
    this.node = h("section", { class: "panel bag", id: "bag", "aria-labelledby": "bag-title" },
      h("header", { class: "panel-head" },
        h("h2", { id: "bag-title" }, words.bag.title, " ", this.#count),
        h("span", { class: "search-box" }, icon("search", 16), this.search),
        desk.need(add, "link")),
      h("div", { class: "row-heads", "aria-hidden": "true" },
        h("span", { class: "head-item" }, "Product"), h("span", {}, "left"), h("span", {}, "sold")),
      scroller);
    makeSortable(this.#list, scroller, {
      mayDrag: () => desk.online && !this.search.value,
      drop: (product, position) => acts.move(product, position),
      signal: desk.signal,
    });
    desk.watch((state) => state.bag, () => this.#draw());
    desk.watch((state) => state.pin, (now, before) => this.#pinChanged(now, before));
    desk.watch((state) => state.stock, () => this.#redraw());
    sold.onChange(() => this.#redraw());
    acts.onStatus((product) => this.#rows.get(product)?.drawPin());
    this.#draw();
  }

  #draw() {
    const { bag } = this.#desk.state;
    const focused = this.#list.contains(document.activeElement) ? document.activeElement : null;
    const ids = new Set(bag.map(({ product }) => product.id));
    for (const [id, row] of this.#rows) {
      if (ids.has(id)) continue;
      row.node.remove();
      this.#rows.delete(id);
    }
    bag.forEach(({ product, position }, index) => {
      const row = this.#rows.get(product.id) ?? this.#newRow(product);
      row.draw(product, position);
      const there = this.#list.children[index];
      if (there !== row.node) this.#list.insertBefore(row.node, there ?? null);
    });
    // A moved node loses the focus; who moves a row by keyboard goes on from there.
    if (focused?.isConnected && document.activeElement !== focused) focused.focus();
    write(this.#count, String(bag.length));
    this.#filter();
    this.#roving();
  }

  #newRow(product) {
    const row = new BagRow(this.#desk, this.#acts, this.#sold, product, (one) => this.#openMenu(one));
    this.#rows.set(product.id, row);
    row.node.addEventListener("focus", () => this.#roving(row.node));
    return row;
  }

  #openMenu(row) {
    const { product } = row;
    const places = this.#desk.state.bag.length;
    const at = this.#desk.state.bag.findIndex((item) => item.product.id === product.id) + 1;
    const isOnAir = this.#desk.state.pin?.product.id === product.id;
    const to = (position) => () => this.#acts.move(product.id, position);
    const off = (why, isSo) => (this.#desk.online ? isSo && why : words.link.down);
    const [first, last] = [off(words.bag.isFirst, at === 1), off(words.bag.isLast, at === places)];
    menu(row.more, [
      { label: words.bag.top, icon: marks.top, run: to(1), off: first },
      { label: words.bag.up, icon: "up", run: to(at - 1), off: first },
      { label: words.bag.down, icon: "down", run: to(at + 1), off: last },
      {
        label: words.bag.remove, icon: "trash", isDanger: true, run: () => this.#acts.remove(product.id),
        off: off(words.bag.cannotRemove, isOnAir),
      },
    ], { label: words.bag.more(product.title), signal: this.#desk.signal });
  }

  #pinChanged(now, before) {
    for (const pin of [now, before]) if (pin) this.#rows.get(pin.product.id)?.drawPin();
  }

  // Numbers change many times a second in a sale: they are drawn once a frame.

  #redraw() {
    this.#frame ||= requestAnimationFrame(() => {
      this.#frame = 0;
      for (const row of this.#rows.values()) row.drawNumbers();
    });
  }

  #filter() {
    const text = this.search.value.trim().toLocaleLowerCase();
    let shown = 0;
    for (const row of this.#rows.values()) {
      const isShown = row.product.title.toLocaleLowerCase().includes(text);
      row.node.hidden = !isShown;
      shown += isShown;
    }
    this.#empty.hidden = shown > 0;
    write(this.#empty, this.#rows.size ? words.bag.nothingFound(this.search.value.trim()) : words.bag.empty);
  }

  // Selecting by keyboard: one row can be reached by Tab, the arrows go on from it.

  #roving(chosen = this.#list.querySelector("[tabindex='0']")) {
    const target = chosen && !chosen.hidden ? chosen : this.#visible()[0];
    for (const row of this.#list.children) row.tabIndex = row === target ? 0 : -1;
  }

  #visible() {
    return [...this.#list.children].filter((row) => !row.hidden);
  }

  /** Select the row so many further, from the selected one. */
  step(by) {
    const rows = this.#visible();
    const at = rows.findIndex((row) => row.contains(document.activeElement));
    const start = at < 0 ? rows.findIndex((row) => row.tabIndex === 0) - (by > 0 ? 1 : 0) : at;
    rows[Math.min(Math.max(start + by, 0), rows.length - 1)]?.focus();
  }

  /** Select the row with this number. */
  select(position) {
    const item = this.#desk.state.bag[position - 1];
    const row = item && this.#rows.get(item.product.id);
    if (row && !row.node.hidden) row.node.focus();
  }
}
