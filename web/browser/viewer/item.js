// How a product is shown in a sheet: its picture, its price, how many are left.
import { h, icon, write } from "../common/dom.js";
import { percentOff } from "../common/money.js";
import { FROM } from "./sheet-words.js";

/** Where a picture is: a path is one of the server's own. */
function addressOf(ctx, path) {
  return new URL(path, `${ctx.live.url}/`).href;
}

/** A picture of fixed size; a drawn bag where there is none or it cannot be loaded. */
export function picture(ctx, path, { width = 72, height = width, alt = "", lazy = false } = {}) {
  const drawn = () => h("span", { class: "picture none", role: alt ? "img" : null, "aria-label": alt || null },
    icon("bag", Math.min(48, Math.round(height / 2))));
  if (!path) return drawn();
  const image = h("img", { class: "picture", alt, width, height, decoding: "async",
    loading: lazy ? "lazy" : "eager", src: addressOf(ctx, path) });
  image.addEventListener("error", () => image.replaceWith(drawn()), { once: true });
  return image;
}

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
  #off = h("span", { class: "price-off" });
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

const loaded = new WeakMap();

/** A product of the bag or one that was loaded before, or null. */
export function findProduct(ctx, id) {
  const { bag, pin } = ctx.live.state;
  if (pin?.product.id === id) return pin.product;
  return bag.find((item) => item.product.id === id)?.product ?? loaded.get(ctx)?.get(id) ?? null;
}

/** The product with its whole description; null when it cannot be had. */
export async function loadProduct(ctx, id) {
  const all = loaded.get(ctx) ?? new Map();
  loaded.set(ctx, all);
  const product = await ctx.live.http("GET", `/v1/products/${encodeURIComponent(id)}`).catch(() => null);
  if (product) all.set(id, product);
  return product;
}

/** The picture of a line: of the bag's product, else loaded. */
export function linePicture(ctx, line, size) {
  const known = findProduct(ctx, line.product);
  const node = picture(ctx, known?.images[0], { width: size });
  if (known) return node;
  const box = h("span", { class: "picture-box" }, node);
  loadProduct(ctx, line.product).then((product) => {
    if (product?.images[0]) box.replaceChildren(picture(ctx, product.images[0], { width: size }));
  });
  return box;
}
