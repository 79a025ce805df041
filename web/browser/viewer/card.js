// The pinned card: one seat that never moves, whatever is put into it.
import { h, icon, write } from "../common/dom.js";
import { percentOff, spokenMoney } from "../common/money.js";
import * as words from "./words.js";

/** A tap so soon after a swap was aimed at the item before. */
const AIMED_MS = 350;
const LONG = 9;

export class Card {
  #shell;
  #product = null;
  #swappedAt = -AIMED_MS;
  #spoken = null;
  #lead = null;

  constructor(shell) {
    this.#shell = shell;
    this.node = h("section", { class: "card", part: "card", "aria-label": words.NOW_SHOWING, tabIndex: -1, hidden: true });
    this.#build();
  }

  focus() {
    if (this.#product) this.#buy.focus();
    else this.node.focus();
  }

  #image;
  #title;
  #price;
  #stock;
  #buy;
  #open;

  #build() {
    const press = (go) => ({ click: (event) => this.#isAimed(event) && go() });
    this.#title = h("p", { class: "card-title", dir: "auto", elementtiming: "card" });
    this.#price = h("p", { class: "card-price", part: "price" });
    this.#stock = h("p", { class: "card-stock" });
    this.#image = h("span", { class: "card-image" });
    this.#buy = h("button", { class: "button primary buy", part: "buy button primary", type: "button", on: press(() => this.#pressed()) });
    this.#open = h("button", { class: "card-open", type: "button", on: press(() => this.#look()) });
    this.node.append(this.#image, h("div", { class: "card-text" }, this.#title, this.#price, this.#stock), this.#buy, this.#open);
  }

  /** Put a product into the seat, or empty it. */
  draw(product, before) {
    const isOther = product?.id !== before?.id;
    this.#product = product;
    if (!isOther) return this.#change(product, before);
    this.#swappedAt = before ? performance.now() : -AIMED_MS;
    this.#spoken = null;
    if (!product) return this.#leave();
    if (before) this.#swap();
    else this.#arrive();
    this.#shell.context().then((ctx) => ctx.say(this.#words(product), { limited: true }));
    return undefined;
  }

  /** The same product, changed: only a fallen price is worth a look. */
  #change(product, before) {
    if (!product) return;
    const [now, was] = [this.#sku(product), this.#sku(before)];
    this.#fill();
    if (!now || !was || now.price === was.price) return;
    this.node.dataset.price = now.price < was.price ? "fell" : "rose";
    if (!isStill() && now.price < was.price) {
      this.#price.animate({ backgroundColor: ["var(--yc-yellow)", "transparent"] }, { duration: 600, easing: "ease-out" });
    }
    const say = (sku) => spokenMoney(sku.price, sku.currency, this.#shell.locale);
    this.#shell.context().then((ctx) => ctx.say(words.priceNow(say(now), say(was)), { limited: true }));
  }

  #arrive() {
    this.#fill();
    this.node.hidden = false;
    const from = isStill() ? {} : { transform: ["translateY(16px)", "none"] };
    if (this.#shell.frame?.isConnected) {
      this.node.animate({ opacity: [0, 1], ...from }, { duration: isStill() ? 80 : 240, easing: "cubic-bezier(0.2, 0.8, 0.2, 1)" });
    }
  }

  /** The new one is there at once, and comes clear in 180 ms: the ground stays. */
  #swap() {
    this.#fill();
    const duration = isStill() ? 80 : 180;
    for (const part of this.node.children) part.animate({ opacity: [0.4, 1] }, { duration, easing: "ease-out" });
  }

  #leave() {
    const going = this.node.animate({ opacity: [1, 0] }, { duration: isStill() ? 80 : 160 });
    going.onfinish = () => (this.node.hidden = !this.#product);
  }

  #fill() {
    const product = this.#product;
    this.node.dataset.product = product.id;
    delete this.node.dataset.price;
    write(this.#title, product.title);
    this.#open.setAttribute("aria-label", `${product.title}: details`);
    this.#drawImage(product.images[0]);
    this.#drawPrice();
    this.drawStock();
  }

  #drawImage(url) {
    if (this.#image.dataset.url === (url ?? "")) return;
    const drawn = this.#shell.root.querySelector("img.card-image");
    const empty = () => h("span", { class: "card-image" }, icon("bag", 28));
    let next = empty();
    // The picture that the server drew is already decoded.
    if (url && drawn?.src === url && drawn !== this.#image) next = drawn;
    else if (url) next = h("img", { class: "card-image", src: url, alt: "", width: 72, height: 72, decoding: "async" });
    if (url) next.onerror = () => this.#image === next && next.replaceWith((this.#image = empty()));
    next.dataset.url = url ?? "";
    this.#image.replaceWith(next);
    this.#image = next;
  }

  #drawPrice() {
    const sku = this.#sku(this.#product);
    this.#lead = sku;
    if (!sku) return this.#price.replaceChildren();
    const text = this.#shell.money(sku.price, sku.currency);
    const parts = [h("data", { value: String(sku.price), text })];
    if (this.#product.skus.some((other) => other.price > sku.price)) parts.unshift(h("span", { class: "card-from", text: words.FROM }));
    const off = percentOff(sku.price, sku.compare_at ?? 0);
    if (sku.compare_at > sku.price) {
      parts.splice(-1, 0, hidden("now "));
      parts.push(hidden("was "), h("s", { class: "card-was", text: this.#shell.money(sku.compare_at, sku.currency) }));
      if (off) parts.push(h("span", { class: "card-off", text: `-${off}%` }));
    }
    this.#price.toggleAttribute("data-long", text.length > LONG);
    return this.#price.replaceChildren(...parts);
  }

  /** What is left, in words; and out loud when it becomes scarce. */
  drawStock() {
    const product = this.#product;
    if (!product || this.node.dataset.product !== product.id) return;
    const left = this.#left(product);
    // The cheapest may have sold out.
    if (this.#sku(product) !== this.#lead) this.#drawPrice();
    write(this.#stock, left > 0 ? words.left(left) : "");
    this.drawBuy();
    const before = this.#spoken;
    this.#spoken = left;
    if (before === null || before <= left) return;
    const mark = [words.FEW, 3].find((n) => before > n && left <= n && left > 0);
    if (left > 0 && !mark) return;
    const text = left > 0 ? words.leftSpoken(product.title, left) : words.soldOutSpoken(product.title);
    this.#shell.context().then((ctx) => ctx.say(text, { limited: true }));
  }

  drawBuy() {
    const product = this.#product;
    if (!product) return;
    const isSoldOut = this.#left(product) <= 0;
    const isOff = isSoldOut || ["offline", "closed"].includes(this.#shell.live.state.conn);
    const label = isSoldOut ? words.SOLD_OUT : words.BUY;
    write(this.#buy, label);
    this.#buy.setAttribute("aria-label", `${label}: ${product.title}`);
    this.#buy.setAttribute("aria-disabled", String(isOff));
    this.#buy.classList.toggle("primary", !isOff);
    this.#buy.setAttribute("part", isOff ? "buy button" : "buy button primary");
    this.node.toggleAttribute("data-sold-out", isSoldOut);
  }

  #left(product) {
    const { stock } = this.#shell.live.state;
    return product.skus.reduce((sum, sku) => sum + (stock[sku.id] ?? sku.left), 0);
  }

  /** The SKU whose price is shown: the cheapest of those that are left. */
  #sku(product) {
    const { stock } = this.#shell.live.state;
    const rank = (sku) => ((stock[sku.id] ?? sku.left) > 0 ? 0 : 1);
    return [...product.skus].sort((a, b) => rank(a) - rank(b) || a.price - b.price)[0];
  }

  #words(product) {
    const sku = this.#sku(product);
    const { locale } = this.#shell;
    const left = words.left(this.#left(product));
    const price = sku && spokenMoney(sku.price, sku.currency, locale);
    const was = sku?.compare_at > sku?.price && spokenMoney(sku.compare_at, sku.currency, locale);
    return words.nowShowing({ title: product.title, price, was, left: left.toLowerCase() });
  }

  /** A keyboard's press (detail 0) always is. */
  #isAimed(event) {
    return event.detail === 0 || performance.now() - this.#swappedAt > AIMED_MS;
  }

  async #pressed() {
    const product = this.#product;
    const ctx = await this.#shell.context();
    if (this.#left(product) > 0) ctx.buy(product, undefined, this.#buy);
  }

  async #look() {
    const product = this.#product;
    const ctx = await this.#shell.context();
    ctx.sheets.open("product", { product: product.id }, { from: this.#open });
  }
}

const hidden = (text) => h("span", { class: "visually-hidden", text });
const isStill = () => matchMedia("(prefers-reduced-motion: reduce)").matches;
