// Products from the shop into the bag: a page at a time, with a search through what the shop lists.

import { h, icon, write } from "../common/dom.js";
import { picture } from "./bag-row.js";
import { button, scroller } from "./controls.js";
import { dialog } from "./dialog.js";
import * as words from "./words.js";

const PAGE = 50;
const SEARCH_PAGE = 100;
// A search goes on by itself until it has found or read so many; then it asks.
const ENOUGH = 20;
const MOST_READ = 1000;
const PAUSE_MS = 200;

export class Picker {
  #desk;
  #acts;
  #read = [];
  #next = undefined;
  #reading = null;
  #turn = 0;
  #rows = new Map();
  #shown = 0;
  #stop = new AbortController();
  #list = h("ol", { class: "rows" });
  #status = h("p", { class: "picker-status", role: "status" });
  #more = button("", () => this.#seek(this.#shown + PAGE), { class: "wide", hidden: true });

  constructor(desk, acts) {
    this.#desk = desk;
    this.#acts = acts;
    let timer = 0;
    this.search = h("input", {
      type: "search", class: "search", placeholder: words.picker.search, "aria-label": words.picker.search,
      autocomplete: "off", spellcheck: false,
      on: { input: () => { clearTimeout(timer); timer = setTimeout(() => this.#seek(), PAUSE_MS); } },
    });
  }

  async open() {
    this.#desk.live.watch((state) => state.bag, () => this.#marks(), { signal: this.#stop.signal });
    const body = [h("span", { class: "search-box" }, icon("search", 16), this.search),
      scroller(words.picker.list, this.#list, this.#more), this.#status];
    const closed = dialog(this.#desk, { title: words.picker.title, body, wide: true, signal: this.#desk.signal });
    this.search.focus();
    this.#seek();
    await closed;
    this.#stop.abort();
  }

  get #text() {
    return this.search.value.trim().toLocaleLowerCase();
  }

  #found() {
    const text = this.#text;
    return this.#read.filter((product) => `${product.title} ${product.id}`.toLocaleLowerCase().includes(text));
  }

  /** Show what fits, reading on until there are `wanted`; a newer search takes over from an older one. */
  async #seek(wanted = PAGE) {
    const turn = (this.#turn += 1);
    const limit = this.#read.length + MOST_READ;
    const enough = this.#text ? Math.max(ENOUGH, wanted - PAGE + 1) : wanted;
    this.#draw(wanted);
    while (this.#next !== null && this.#found().length < enough && this.#read.length < limit) {
      this.#reading ??= this.#readPage().finally(() => { this.#reading = null; });
      const isRead = await this.#reading;
      if (!isRead || turn !== this.#turn || this.#stop.signal.aborted) return;
      this.#draw(wanted);
    }
  }

  async #readPage() {
    write(this.#status, words.picker.loading);
    try {
      const page = new URLSearchParams({ limit: this.#text ? SEARCH_PAGE : PAGE });
      if (this.#next) page.set("after", this.#next);
      const { items, next } = await this.#desk.live.http("GET", `/v1/products?${page}`);
      this.#read.push(...items);
      this.#next = next;
      return true;
    } catch (error) {
      write(this.#status, `${words.picker.fails} ${error.message}`);
      this.#more.hidden = false;
      write(this.#more, words.picker.again);
      return false;
    }
  }

  #draw(wanted) {
    const found = this.#found();
    const rows = found.slice(0, wanted).map((product) => this.#row(product));
    this.#shown = rows.length;
    this.#list.replaceChildren(...rows);
    const isDone = this.#next === null && found.length <= wanted;
    this.#more.hidden = isDone || !this.#read.length;
    write(this.#more, this.#text && found.length <= wanted ? words.picker.further : words.picker.more);
    write(this.#status, rows.length ? words.picker.shown(rows.length, this.#read.length, this.#next !== null)
      : this.#next === undefined ? words.picker.loading : words.picker.none(this.search.value.trim()));
    this.#marks();
  }

  #row(product) {
    if (!this.#rows.has(product.id)) {
      const { text, from } = this.#desk.price(product);
      const images = product.images.map((url) => new URL(url, `${this.#desk.live.url}/`).href);
      const add = this.#desk.need(button("", () => this.#add(product), { class: "pick" }), "link");
      this.#label(add, words.picker.add, product);
      const left = product.skus.reduce((sum, sku) => sum + sku.left, 0);
      const node = h("li", { class: "row pick-row" },
        h("span", { class: "row-image" }, picture({ images }, 44)),
        h("span", { class: "row-title", dir: "auto", title: product.title }, product.title),
        h("span", { class: "row-line" }, h("span", { class: "row-price" }, from ? "from " : "", text),
          h("span", { class: "row-shop" }, words.picker.left(left, product.skus.length))),
        h("span", { class: "row-act" }, add, h("span", { class: "in-bag" }, icon("check", 16), words.picker.inBag)));
      this.#rows.set(product.id, { node, add });
    }
    return this.#rows.get(product.id).node;
  }

  #label(button, text, product) {
    write(button, text);
    button.setAttribute("aria-label", `${text} ${product.title}`);
  }

  async #add(product) {
    const { add } = this.#rows.get(product.id);
    if (add.getAttribute("aria-busy") === "true") return;
    add.setAttribute("aria-busy", "true");
    this.#label(add, words.picker.adding, product);
    const isAdded = await this.#acts.add(product.id);
    add.setAttribute("aria-busy", "false");
    this.#label(add, words.picker.add, product);
    write(this.#status, isAdded ? words.done.added(product.title) : words.picker.notAdded(product.title));
    // Its button is gone now: go on with the next one.
    if (isAdded && !this.#stop.signal.aborted) this.search.focus();
  }

  #marks() {
    const inBag = new Set(this.#desk.state.bag.map(({ product }) => product.id));
    for (const [id, { node }] of this.#rows) node.classList.toggle("is-in-bag", inBag.has(id));
  }
}
