// The cart: lines of every shop, how many of each, what it comes to. Another tab's changes arrive here too.
import { h, icon, write } from "../common/dom.js";
import { arrange } from "./arrange.js";
import { lineOf } from "./context.js";
import { findProduct, linePicture } from "./item.js";
import * as sheetWords from "./sheet-words.js";
import { Stepper } from "./stepper.js";
import * as words from "./words.js";

export default function cartSheet(ctx, _props, frame) {
  ctx.clearStrip("cart");
  const cart = new CartView(ctx, frame);
  return { title: sheetWords.CART, size: "cart", body: cart.node, foot: cart.foot };
}

class CartView {
  #ctx;
  #frame;
  #rows = new Map();
  #removed = new Map();
  #list = h("div", { class: "cart-shops" });
  #empty = h("p", { class: "muted", text: sheetWords.CART_EMPTY });
  #total = h("strong");
  #checkout = h("button", { class: "button primary wide", part: "button primary", type: "button",
    on: { click: () => this.#pressed() } });
  #sum = h("p", { class: "cart-total" }, h("span", { text: sheetWords.TOTAL }), this.#total);

  constructor(ctx, frame) {
    this.#ctx = ctx;
    this.#frame = frame;
    this.node = h("div", { class: "cart" }, this.#list, this.#empty);
    this.foot = h("div", { class: "foot" }, this.#sum, this.#checkout);
    const { live } = ctx;
    live.watch((state) => state.cart, (now, before) => this.#changed(now, before), { signal: frame.signal });
    live.watch((state) => state.stock, () => this.#draw(), { signal: frame.signal });
    live.watch((state) => state.conn, () => this.#draw(), { signal: frame.signal });
    this.#draw();
  }

  get #lines() {
    return this.#ctx.live.state.cart?.lines ?? [];
  }

  /** Another price is told: a lower one is good news, a higher one must not come as a surprise. */
  #changed(now, before) {
    for (const line of now?.lines ?? []) {
      this.#removed.delete(line.sku);
      const was = before?.lines.find((one) => one.sku === line.sku)?.unit_price;
      if (was === undefined || was === line.unit_price) continue;
      const [newer, older] = [line.unit_price, was].map((price) => this.#ctx.money(price, now.currency));
      const text = line.unit_price < was ? words.PRICE_FELL(newer, older) : words.PRICE_ROSE(older, newer);
      const row = this.#rows.get(line.sku);
      if (row) row.news = text;
      this.#ctx.say(text);
    }
    this.#draw();
  }

  #draw() {
    const lines = this.#lines;
    const { cart } = this.#ctx.live.state;
    const rows = new Map();
    for (const line of lines) {
      const row = this.#rows.get(line.sku) ?? new Row(this.#ctx, line, () => this.#remove(line.sku));
      row.show(line, cart.currency);
      rows.set(line.sku, row);
    }
    this.#rows = rows;
    this.#group(lines);
    this.#empty.hidden = lines.length > 0;
    this.#sum.hidden = !lines.length;
    const isStuck = [...rows.values()].some((row) => row.isStuck);
    write(this.#total, cart ? this.#ctx.money(cart.total, cart.currency) : "");
    write(this.#checkout, lines.length ? sheetWords.checkoutFor(this.#total.textContent) : words.OPEN_BAG);
    this.#checkout.setAttribute("aria-disabled", String(lines.length > 0 && (isStuck || !this.#ctx.online)));
  }

  /** One list per shop, named when there are several; what was removed keeps its place for Undo. */
  #group(lines) {
    const all = [...lines];
    for (const { line, at } of this.#removed.values()) all.splice(Math.min(at, all.length), 0, line);
    const shops = [...new Set(all.map((line) => line.shop))];
    const nodeOf = ({ sku }) => this.#rows.get(sku)?.node ?? this.#removed.get(sku).node;
    const groups = shops.map((shop) => {
      const known = [...this.#list.children].find((group) => group.dataset.shop === shop);
      const group = known ?? h("section", { data: { shop } }, h("h3"), h("ul", { class: "cart-lines" }));
      const [title, list] = group.children;
      write(title, sheetWords.soldBy(shop));
      title.hidden = shops.length < 2;
      arrange(list, all.filter((line) => line.shop === shop).map(nodeOf));
      return group;
    });
    arrange(this.#list, groups);
  }

  #remove(sku) {
    const line = this.#lines.find((one) => one.sku === sku);
    if (!line) return;
    const undo = h("button", { class: "button quiet", type: "button", on: { click: () => this.#undo(sku) } },
      icon("undo", 20), sheetWords.UNDO);
    const text = sheetWords.removed(line.title);
    const node = h("li", { class: "cart-removed" }, h("p", { dir: "auto", text }), undo);
    this.#removed.set(sku, { line, at: this.#lines.indexOf(line), node });
    this.#rows.get(sku).node.replaceWith(node);
    this.#rows.delete(sku);
    undo.focus();
    this.#ctx.say(text);
    this.#set(sku, 0);
  }

  #undo(sku) {
    const { line } = this.#removed.get(sku);
    this.#set(sku, line.qty).then(() => this.#rows.get(sku)?.focus());
  }

  async #set(sku, qty) {
    try {
      const answer = await this.#ctx.live.cart.set(sku, qty);
      if (!answer.ok) this.#ctx.say(answer.message, { assertive: true });
    } catch (error) {
      this.#removed.delete(sku);
      this.#ctx.fail(error);
    }
    if (!this.#frame.signal.aborted) this.#draw();
  }

  #pressed() {
    if (this.#checkout.getAttribute("aria-disabled") === "true") return;
    const { cart } = this.#ctx.live.state;
    if (!cart?.lines.length) {
      this.#frame.replace("bag");
      return;
    }
    const lines = cart.lines.map((line) => asEvent(this.#ctx, line, cart.currency));
    if (this.#ctx.checkingOut({ cart, lines })) this.#frame.open("checkout", { kind: "cart", expect: cart.total });
  }
}

class Row {
  #ctx;
  #sku;
  #pending = 0;
  #title = h("p", { class: "cart-title", dir: "auto" });
  #each = h("span", { class: "muted" });
  #total = h("strong");
  #note = h("p", { class: "cart-note", hidden: true });
  #stepper;
  #trash;
  news = "";
  isStuck = false;

  constructor(ctx, line, remove) {
    this.#ctx = ctx;
    this.#sku = line.sku;
    this.#stepper = new Stepper({ label: line.title, value: line.qty, changed: (qty) => this.#ask(qty) });
    this.#trash = h("button", { class: "icon-button", type: "button", "aria-label": sheetWords.remove(line.title),
      on: { click: remove } }, icon("trash", 20));
    this.node = h("li", { class: "cart-line" }, linePicture(ctx, line, 56),
      h("div", { class: "cart-text" }, this.#title, h("p", { class: "cart-price" }, this.#total, this.#each), this.#note),
      h("div", { class: "cart-tools" }, this.#stepper.node, this.#trash));
  }

  show(line, currency) {
    write(this.#title, line.title);
    write(this.#total, this.#ctx.money(line.line_total, currency));
    write(this.#each, line.qty > 1 ? sheetWords.each(this.#ctx.money(line.unit_price, currency)) : "");
    const left = this.#ctx.live.state.stock[line.sku];
    // An answer to an older press must not turn the number back.
    if (!this.#pending) this.#stepper.set(line.qty, Math.min(999, Math.max(left ?? 999, 1)));
    this.isStuck = left !== undefined && left < line.qty;
    const text = !this.isStuck ? this.news : left > 0 ? sheetWords.fewerLeft(left) : sheetWords.CART_SOLD_OUT;
    write(this.#note, text);
    this.#note.hidden = !text;
    this.node.toggleAttribute("data-stuck", this.isStuck);
  }

  focus() {
    this.#trash.focus();
  }

  async #ask(qty) {
    this.#pending += 1;
    try {
      const answer = await this.#ctx.live.cart.set(this.#sku, qty);
      if (!answer.ok) this.#ctx.say(answer.message, { assertive: true });
    } catch (error) {
      this.#ctx.fail(error);
    } finally {
      this.#pending -= 1;
      const { cart } = this.#ctx.live.state;
      const line = cart?.lines.find((one) => one.sku === this.#sku);
      if (line) this.show(line, cart.currency);
    }
  }
}

/** A line as the page around is told of it. */
function asEvent(ctx, line, currency) {
  const product = findProduct(ctx, line.product);
  const sku = product?.skus.find((one) => one.id === line.sku);
  if (sku) return { ...lineOf(product, sku, line.qty), price: line.unit_price };
  return { sku: line.sku, qty: line.qty, product: line.product, price: line.unit_price, currency, title: line.title };
}
