// What a product costs, and how many of it are left.
import { h, write } from "../common/dom.js";
import { percentOff } from "../common/money.js";
import { FROM } from "./sheet-words.js";

/** The SKU that a product is advertised with: the cheapest that is left. */
export function leadSku(ctx, product) {
  const cheapest = (skus) => skus.reduce((best, sku) => (best && best.price <= sku.price ? best : sku), null);
  return cheapest(product.skus.filter((sku) => ctx.left(sku) > 0)) ?? cheapest(product.skus);
}

/** Units left of all of a product. */
export function leftOf(ctx, product) {
  return product.skus.reduce((sum, sku) => sum + Math.max(0, ctx.left(sku)), 0);
}

/** A price as it stands now, with what it was; `set` shows another. */
export class Price {
  #ctx;
  #now = h("data", { class: "price-now" });
  #was = h("s");
  #wasBox = h("span", { class: "price-was" }, h("span", { class: "visually-hidden", text: "was " }), this.#was);
  #off = h("span", { class: "price-off", dir: "ltr" });
  #from = h("span", { class: "price-from" });

  constructor(ctx) {
    this.#ctx = ctx;
    this.node = h("p", { class: "price", part: "price" }, this.#from, this.#now, " ", this.#wasBox, " ", this.#off);
  }

  /** `was`: struck; `from`: there are dearer ones too. */
  set({ price, currency, was = 0, from = false }) {
    this.#now.value = String(price);
    write(this.#now, this.#ctx.money(price, currency));
    write(this.#from, from ? FROM : "");
    this.#wasBox.hidden = !was || was === price;
    write(this.#was, was ? this.#ctx.money(was, currency) : "");
    const off = percentOff(price, was);
    this.#off.hidden = !off;
    write(this.#off, off ? `-${off}%` : "");
  }
}
