// A product: pictures, its price as it is now, which one, how many, and the two ways to have it.
import { h, write } from "../common/dom.js";
import { spokenMoney } from "../common/money.js";
import { findProduct, loadProduct, picture } from "./item.js";
import { Price, leadSku, leftOf } from "./price.js";
import * as sheetWords from "./sheet-words.js";
import { Stepper } from "./stepper.js";
import * as words from "./words.js";

const GUARD_MS = 800; // Nobody may confirm a price that he has not seen.

/** `props`: {product: id, sku?}. */
export default async function productSheet(ctx, { product: id, sku }, frame) {
  const product = findProduct(ctx, id) ?? (await loadProduct(ctx, id));
  if (!product) return gone(frame);
  return new ProductView(ctx, product, sku, frame).sheet;
}

function gone(frame) {
  return { title: words.SOLD_OUT, size: "product", body: h("p", { class: "muted", text: sheetWords.GONE }),
    foot: h("button", { class: "button wide", type: "button", text: words.CLOSE, on: { click: () => frame.close() } }) };
}

class ProductView {
  #ctx;
  #frame;
  #product;
  #chosen = null;
  #guarded = 0;
  #was = null;
  #price;
  #stock = h("p", { class: "product-stock" });
  #variants = h("fieldset", { class: "variants" });
  #variantError = h("p", { class: "field-error", part: "error", id: "yc-variant-error", hidden: true, text: sheetWords.CHOOSE_FIRST });
  #stepper;
  #more = h("div", { class: "product-more" });
  #add = h("button", { class: "button", part: "button", type: "button", text: sheetWords.ADD });
  #buy = h("button", { class: "button primary", part: "button primary", type: "button" });

  constructor(ctx, product, sku, frame) {
    this.#ctx = ctx;
    this.#frame = frame;
    this.#product = product;
    this.#price = new Price(ctx);
    this.#stepper = new Stepper({ label: sheetWords.QUANTITY, changed: () => this.#draw() });
    this.#chosen = sku ?? (product.skus.length === 1 ? product.skus[0].id : null);
    this.#buy.addEventListener("click", (event) => this.#pressed("buy", event));
    this.#add.addEventListener("click", (event) => this.#pressed("add", event));
    this.body = h("div", { class: "product" }, gallery(ctx, product),
      h("div", { class: "product-head" }, this.#price.node, this.#stock),
      product.skus.length > 1 && h("div", { class: "variants-box" }, this.#variants, this.#variantError),
      h("div", { class: "product-quantity" }, h("span", { "aria-hidden": "true", text: sheetWords.QUANTITY }), this.#stepper.node),
      this.#more);
    this.#fillVariants();
    this.#tell(product.description);
    this.#draw();
    const { live } = ctx;
    const find = (state) => state.bag.find((item) => item.product.id === product.id)?.product;
    live.watch(find, (now) => now && this.#changed(now), { signal: frame.signal });
    live.watch((state) => state.stock, () => this.#restocked(), { signal: frame.signal });
    live.watch((state) => state.conn, () => this.#draw(), { signal: frame.signal });
    // The socket's description is cut short; the whole one may come later.
    loadProduct(ctx, product.id).then((whole) => whole && !frame.signal.aborted && this.#tell(whole.description));
  }

  get sheet() {
    return { title: h("bdi", { text: this.#product.title }), size: "product", body: this.body,
      foot: h("div", { class: "foot two" }, this.#add, this.#buy) };
  }

  get #sku() {
    return this.#product.skus.find((sku) => sku.id === this.#chosen) ?? null;
  }

  #tell(description) {
    const about = description.split(/\n+/).filter(Boolean).map((text) => h("p", { dir: "auto", text }));
    this.#more.replaceChildren(...(about.length ? [h("h3", { text: sheetWords.DETAILS }), ...about] : []),
      h("p", { class: "muted", text: sheetWords.soldBy(this.#product.shop) }));
  }

  #fillVariants() {
    const choices = this.#product.skus.map((sku) => {
      const input = h("input", { type: "radio", name: "yc-sku", value: sku.id, checked: sku.id === this.#chosen });
      input.addEventListener("change", () => this.#choose(sku.id));
      return h("label", { class: "variant" }, input, h("span", {}, h("bdi", { text: sku.title }),
        h("span", { class: "variant-out", data: { sku: sku.id } })));
    });
    this.#variants.replaceChildren(h("legend", { text: sheetWords.CHOOSE_ONE }), ...choices);
    this.#drawVariants();
  }

  #drawVariants() {
    for (const out of this.#variants.querySelectorAll(".variant-out")) {
      const sku = this.#product.skus.find((one) => one.id === out.dataset.sku);
      const isOut = this.#ctx.left(sku) <= 0;
      write(out, isOut ? ` ${words.SOLD_OUT.toLowerCase()}` : "");
      out.closest("label").toggleAttribute("data-sold-out", isOut);
    }
  }

  #choose(id) {
    this.#chosen = id;
    this.#was = null;
    this.#variantError.hidden = true;
    this.#variants.removeAttribute("aria-invalid");
    this.#variants.removeAttribute("aria-describedby");
    this.#draw();
  }

  #draw() {
    const sku = this.#sku ?? leadSku(this.#ctx, this.#product);
    const left = this.#sku ? this.#ctx.left(sku) : leftOf(this.#ctx, this.#product);
    const isDearer = !this.#sku && this.#product.skus.some((other) => other.price > sku.price);
    this.#price.set({ price: sku.price, currency: sku.currency, was: this.#was ?? sku.compare_at, from: isDearer });
    write(this.#stock, left > 0 ? words.left(left) : words.SOLD_OUT);
    this.#stock.hidden = !this.#stock.textContent;
    this.#stepper.set(Math.min(this.#stepper.value, Math.max(1, left)), Math.min(999, left));
    const isOut = left <= 0;
    const price = this.#ctx.money(sku.price * this.#stepper.value, sku.currency);
    write(this.#buy, isOut ? words.SOLD_OUT : this.#sku ? sheetWords.buyFor(price) : words.BUY);
    this.#add.hidden = isOut;
    const isOff = isOut || !this.#ctx.online || performance.now() < this.#guarded;
    for (const button of [this.#add, this.#buy]) button.setAttribute("aria-disabled", String(isOff));
  }

  /** The product itself changed while it is looked at: nobody may buy at a price that he did not see. */
  #changed(now) {
    const before = this.#sku ?? leadSku(this.#ctx, this.#product);
    const isOther = this.#product.skus.map((sku) => sku.id).join() !== now.skus.map((sku) => sku.id).join();
    this.#product = now;
    if (this.#chosen && !this.#sku) this.#chosen = null;
    if (isOther) this.#fillVariants();
    const after = this.#sku ?? leadSku(this.#ctx, now);
    if (after.price !== before.price && (this.#sku || after.id === before.id)) {
      this.#was = before.price;
      this.#guarded = performance.now() + GUARD_MS;
      setTimeout(() => this.#frame.signal.aborted || this.#draw(), GUARD_MS + 10);
      const price = (sku) => spokenMoney(sku.price, sku.currency, this.#ctx.locale);
      this.#ctx.say(words.priceNow(price(after), price(before)), { limited: true });
    }
    this.#draw();
  }

  #restocked() {
    const wasOut = this.#buy.textContent === words.SOLD_OUT;
    this.#drawVariants();
    this.#draw();
    const isOut = this.#buy.textContent === words.SOLD_OUT;
    if (isOut && !wasOut) this.#ctx.say(words.soldOutSpoken(this.#product.title));
  }

  async #pressed(what, event) {
    const button = event.currentTarget;
    if (button.getAttribute("aria-disabled") === "true") return;
    if (!this.#sku) return this.#askWhich();
    const qty = this.#stepper.value;
    if (what === "buy") return this.#ctx.buy(this.#product, this.#sku, button, qty);
    if (this.#adding) return;
    this.#adding = true;
    const isIn = await this.#ctx.add(this.#product, this.#sku, qty);
    this.#adding = false;
    if (!isIn) return;
    this.#frame.back();
    // Under a dialog the strip cannot be pressed; the bag's foot says as much.
    if (this.#ctx.sheets.current) this.#ctx.clearStrip("cart");
  }

  #adding = false;

  #askWhich() {
    this.#variantError.hidden = false;
    this.#variants.setAttribute("aria-invalid", "true");
    this.#variants.setAttribute("aria-describedby", this.#variantError.id);
    this.#variants.querySelector("input").focus();
    this.#ctx.say(sheetWords.CHOOSE_FIRST, { assertive: true });
  }
}

/** Pictures side by side, to swipe or to choose below. */
function gallery(ctx, { images, title }) {
  const all = images.length ? images : [null];
  const shots = all.map((path, n) => picture(ctx, path, { width: 390, height: 260, lazy: n > 0,
    alt: all.length > 1 ? sheetWords.pictureOf(n + 1, all.length, title) : title }));
  const reel = h("div", { class: "reel" }, shots.map((shot) => h("div", { class: "shot" }, shot)));
  if (all.length < 2) return h("div", { class: "gallery" }, reel);
  const show = (n) => reel.scrollTo({ left: reel.children[n].offsetLeft - reel.offsetLeft,
    behavior: matchMedia("(prefers-reduced-motion: reduce)").matches ? "instant" : "smooth" });
  const choose = all.map((path, n) => h("button", { class: "thumb", type: "button", "aria-label": sheetWords.showPicture(n + 1),
    on: { click: () => show(n) } }, picture(ctx, path, { width: 44 })));
  return h("div", { class: "gallery" }, reel, h("div", { class: "thumbs" }, choose));
}
