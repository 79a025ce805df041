// The bag: what this LIVE sells, in the host's order, with the item on air once more on top.
import { h, icon, write } from "../common/dom.js";
import { arrange } from "./arrange.js";
import { picture } from "./item.js";
import { Price, leadSku, leftOf } from "./price.js";
import * as sheetWords from "./sheet-words.js";
import * as words from "./words.js";

const MANY = 6; // Fewer need no search.
const EAGER = 6; // Rows that are seen at once.

export default function bagSheet(ctx, _props, frame) {
  const bag = new Bag(ctx, frame.signal);
  const draw = () => {
    frame.setTitle(sheetWords.bagOf(bag.length));
    frame.setFoot(cartFoot(ctx));
  };
  bag.changed = draw;
  ctx.live.watch((state) => state.cart, draw, { signal: frame.signal });
  return { title: sheetWords.bagOf(bag.length), size: "bag", body: bag.node, foot: cartFoot(ctx) };
}

/** The same list for a column of its own, with the cart below it; it ends with `signal`. */
export function bagList(ctx, signal) {
  // The card beside it has the one filled button.
  const bag = new Bag(ctx, signal, { isFilled: false, keepsSeat: true });
  const foot = h("footer", { class: "bag-foot" });
  const title = h("h2", { class: "bag-title" });
  const draw = () => {
    write(title, sheetWords.bagOf(bag.length));
    const cart = cartFoot(ctx);
    foot.replaceChildren(...(cart ? [cart] : []));
    foot.hidden = !cart;
  };
  bag.changed = draw;
  ctx.live.watch((state) => state.cart, draw, { signal });
  draw();
  return h("div", { class: "bag-list" }, title, h("div", { class: "bag-scroll" }, bag.node), foot);
}

/** How full the cart is and the way to it; null while it is empty. */
function cartFoot(ctx) {
  const { cart } = ctx.live.state;
  if (!cart?.count) return null;
  return h("div", { class: "foot cart-foot" },
    h("p", {}, `${sheetWords.cartFoot(cart.count)} `, h("strong", { text: ctx.money(cart.total, cart.currency) })),
    h("button", { class: "button", part: "button", type: "button", text: sheetWords.VIEW_ITEMS,
      on: { click: (event) => ctx.sheets.open("cart", {}, { from: event.currentTarget }) } }));
}

class Bag {
  #ctx;
  #rows = new Map();
  #now = null;
  #isFilled;
  #nowList = h("ul", { class: "bag-rows now" });
  #seat = null;
  #list = h("ol", { class: "bag-rows" });
  #search = h("input", { type: "search", class: "bag-search", part: "field", enterkeyhint: "search", autocomplete: "off" });
  #searchBox = h("div", { class: "bag-find" }, icon("search", 20), this.#search);
  #none = h("p", { class: "muted bag-none", role: "status", hidden: true });
  changed = () => {};

  /** With `keepsSeat` the list below stays where it is when the item on air comes and goes. */
  constructor(ctx, signal, { isFilled = true, keepsSeat = false } = {}) {
    this.#ctx = ctx;
    this.#isFilled = isFilled;
    if (keepsSeat) this.#seat = h("li", { class: "bag-row on-air none", text: sheetWords.NOTHING_NOW });
    this.node = h("div", { class: "bag" }, this.#searchBox, this.#nowList, this.#list, this.#none);
    this.#search.addEventListener("input", () => this.#filter());
    const { live } = ctx;
    live.watch((state) => state.bag, () => this.#draw(), { signal });
    live.watch((state) => state.pin, () => this.#draw(), { signal });
    live.watch((state) => state.stock, () => this.#stock(), { signal });
    this.#draw();
  }

  get length() {
    return this.#ctx.live.state.bag.length;
  }

  /** Rows stay the same nodes, so that neither focus nor a half-done press is lost. */
  #draw() {
    const { bag, pin } = this.#ctx.live.state;
    const rows = new Map();
    for (const { position, product } of bag) {
      const row = this.#rows.get(product.id) ?? new Row(this.#ctx, { isLazy: position > EAGER });
      row.show(product, position);
      rows.set(product.id, row);
    }
    this.#rows = rows;
    arrange(this.#list, [...rows.values()].map((row) => row.node));
    if (this.#now?.id !== pin?.product.id) this.#now = pin && new Row(this.#ctx, { isNow: true, isFilled: this.#isFilled });
    this.#now?.show(pin.product, bag.find((item) => item.product.id === pin.product.id)?.position);
    const onTop = this.#now?.node ?? this.#seat;
    arrange(this.#nowList, onTop && bag.length ? [onTop] : []);
    const text = sheetWords.searchIn(bag.length);
    this.#search.placeholder = text;
    this.#search.setAttribute("aria-label", text);
    this.#searchBox.hidden = bag.length <= MANY;
    this.#filter();
    this.changed();
  }

  #stock() {
    this.#now?.drawStock();
    for (const row of this.#rows.values()) row.drawStock();
  }

  /** By words of the title, or by the number that the host says. */
  #filter() {
    const asked = this.#searchBox.hidden ? "" : plain(this.#search.value.trim());
    let found = 0;
    for (const row of this.#rows.values()) {
      row.node.hidden = asked !== "" && !row.matches(asked);
      found += row.node.hidden ? 0 : 1;
    }
    this.#nowList.hidden = asked !== "" || !this.#nowList.childElementCount;
    const isEmpty = this.#rows.size === 0;
    this.#none.hidden = found > 0;
    write(this.#none, isEmpty ? sheetWords.BAG_EMPTY : found ? "" : sheetWords.nothingFound(this.#search.value.trim()));
  }
}

class Row {
  #ctx;
  #isNow;
  #product = null;
  #number = h("span", { class: "bag-number" });
  #picture = h("span", { class: "bag-picture" });
  #title = h("span", { class: "bag-row-title", dir: "auto" });
  #stock = h("span", { class: "bag-stock" });
  #price;
  #open;
  #buy;

  constructor(ctx, { isNow = false, isFilled = false, isLazy = false }) {
    this.#ctx = ctx;
    this.#isNow = isNow;
    this.isLazy = isLazy;
    this.#price = new Price(ctx);
    const look = (event) => ctx.sheets.open("product", { product: this.id }, { from: event.currentTarget });
    this.#open = h("button", { class: "bag-open", type: "button", on: { click: look } }, this.#picture,
      h("span", { class: "bag-text" }, this.#title, this.#price.node, this.#stock));
    this.#buy = h("button", { class: isFilled ? "button primary" : "button", part: isFilled ? "button primary" : "button",
      type: "button", on: { click: (event) => this.#pressed(event) } });
    this.node = h("li", { class: isNow ? "bag-row on-air" : "bag-row" }, this.#number, this.#open, this.#buy);
  }

  get id() {
    return this.#product?.id;
  }

  show(product, position) {
    const before = this.#product;
    if (before !== product) {
      this.#product = product;
      write(this.#title, product.title);
      if (before?.images[0] !== product.images[0] || !before) {
        this.#picture.replaceChildren(picture(this.#ctx, product.images[0], { width: 72, lazy: this.isLazy }));
      }
    }
    write(this.#number, this.#isNow ? sheetWords.NOW : String(position));
    this.drawStock();
  }

  drawStock() {
    const product = this.#product;
    const left = leftOf(this.#ctx, product);
    const sku = leadSku(this.#ctx, product);
    this.#price.set({ price: sku.price, currency: sku.currency, was: sku.compare_at,
      from: product.skus.some((other) => other.price > sku.price) });
    const label = left ? words.BUY : words.SOLD_OUT;
    write(this.#stock, left ? words.left(left) : "");
    write(this.#buy, label);
    this.#buy.setAttribute("aria-label", `${label}: ${product.title}`);
    this.#buy.setAttribute("aria-disabled", String(!left));
    this.node.toggleAttribute("data-sold-out", !left);
  }

  matches(asked) {
    const { title, skus } = this.#product;
    return this.#number.textContent === asked || plain([title, ...skus.map((sku) => sku.title)].join(" ")).includes(asked);
  }

  #pressed(event) {
    if (leftOf(this.#ctx, this.#product)) this.#ctx.buy(this.#product, undefined, event.currentTarget);
  }
}

/** Small letters without accents: "Café" is found by "cafe". */
function plain(text) {
  return text.normalize("NFD").replace(/\p{M}/gu, "").toLowerCase();
}
