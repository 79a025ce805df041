// What every part of one element works with: the LIVE, words for people, the sheets, and the ways to buy.
import { Announcer } from "../common/announcer.js";
import { money } from "../common/money.js";
import { Sheets } from "./sheets.js";
import { Strip } from "./strip.js";
import * as words from "./words.js";

const LEAVING_MS = 300;

export class Context {
  /** `frame`: the node that holds the whole picture; `signal`: aborted when the element leaves the page. */
  constructor({ element, root, frame, live, settings, signal }) {
    Object.assign(this, { element, root, frame, live, settings, signal });
    this.announcer = new Announcer();
    this.store = store;
    this.sheets = new Sheets(this);
    const strip = new Strip((text, options) => this.say(text, options));
    this.strip = (key, text, options) => strip.show(key, text, options);
    this.clearStrip = (key) => strip.clear(key);
    frame.append(this.announcer.region(), strip.node);
    signal.addEventListener("abort", () => {
      strip.stop();
      this.announcer.stop();
    });
  }

  get locale() {
    return this.element.getAttribute("locale") || undefined;
  }

  /** Whether the link is up, so that prices are true and Buy may be pressed. */
  get online() {
    return this.live.state.conn === "online";
  }

  money(amount, currency) {
    return money(amount, currency, this.locale);
  }

  say(text, options) {
    // A sheet that is just going takes what is said in it along, and what is outside is not heard yet.
    const isLeaving = this.frame.querySelector("dialog[data-leaving]") !== null;
    if (isLeaving) setTimeout(() => this.signal.aborted || this.announcer.say(text, options), LEAVING_MS);
    else this.announcer.say(text, options);
  }

  /** Tell the page around; false when it said preventDefault(). */
  emit(name, detail, { cancelable = false } = {}) {
    return this.element.dispatchEvent(
      new CustomEvent(name, { detail, cancelable, bubbles: true, composed: true }),
    );
  }

  /** Units of a SKU that can be bought now. */
  left(sku) {
    return this.live.state.stock[sku.id] ?? sku.left;
  }

  /** Buy was pressed: choose among several SKUs first, else go to the checkout. */
  buy(product, sku = undefined, from = undefined, qty = 1) {
    if (!this.#mayBuy()) return undefined;
    const chosen = sku ?? (product.skus.length === 1 ? product.skus[0] : null);
    if (!chosen) return this.sheets.open("product", { product: product.id }, { from });
    if (!this.checkingOut({ lines: [lineOf(product, chosen, qty)] })) return undefined;
    return this.sheets.open("checkout", { kind: "buy", sku: chosen.id, qty, product: product.id }, { from });
  }

  /** Tell the page around that a checkout begins; false when it took it over. `detail`: {lines} or {cart, lines}. */
  checkingOut(detail) {
    if (this.emit("yc-checkout", detail, { cancelable: true })) return true;
    this.strip("shop", words.SHOP_CHECKOUT, { forMs: 4000 });
    return false;
  }

  /** Put units into the cart, the page's own if it wants them. True when they are in one. */
  async add(product, sku, qty = 1) {
    if (!this.#mayBuy()) return false;
    if (!this.emit("yc-add", lineOf(product, sku, qty), { cancelable: true })) {
      this.strip("cart", words.ADDED_TO_SHOP, { forMs: 4000 });
      return true;
    }
    try {
      const answer = await this.live.cart.add(sku.id, qty);
      const view = { label: words.VIEW_CART, run: () => this.sheets.open("cart") };
      if (answer.ok) this.strip("cart", words.ADDED, { forMs: 4000, action: view });
      else this.strip("cart", answer.message, { forMs: 6000, assertive: true });
      return answer.ok;
    } catch (error) {
      this.fail(error);
      return false;
    }
  }

  /** Tell of an error that no part of the page has better words for. */
  fail(error) {
    if (error.code === "aborted") return;
    // No refusal and no cut line: a fault of ours, for the console.
    if (!error.code) reportError(error);
    this.strip("error", error.code ? error.message : words.wentWrong(), { forMs: 6000, assertive: true });
    this.emit("yc-error", { code: error.code ?? "error", message: error.message });
  }

  #mayBuy() {
    if (this.online) return true;
    const isGone = this.live.state.conn === "offline";
    this.strip("buying", isGone ? words.OFFLINE : words.RECONNECTING, { forMs: 3000, assertive: true });
    return false;
  }
}

/** A line as the events `yc-add` and `yc-checkout` tell it. */
export function lineOf(product, sku, qty) {
  return {
    sku: sku.id, qty, product: product.id, price: sku.price, currency: sku.currency,
    title: product.skus.length > 1 ? `${product.title} · ${sku.title}` : product.title,
  };
}

// localStorage may be denied (a frame of another site, a private window): then nothing is kept.
const store = {
  get(key) {
    try {
      return JSON.parse(localStorage.getItem(key));
    } catch {
      return null;
    }
  },
  set(key, value) {
    try {
      localStorage.setItem(key, JSON.stringify(value));
    } catch {
      // Denied or full: the page works without.
    }
  },
  remove(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // As above.
    }
  },
};
