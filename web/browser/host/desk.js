// What all parts of the console share: the LIVE, one tick a second, and which controls are on.

import { Announcer } from "../common/announcer.js";
import { money } from "../common/money.js";

const TICK_MS = 1000;

export class Desk {
  #ticks = new Set();
  #names = new Map();
  #needy = new Set();
  #announcer = new Announcer();

  /** `root` holds the console; everything ends with `signal`. */
  constructor(live, root, signal) {
    this.live = live;
    this.root = root;
    this.signal = signal;
    const timer = setInterval(() => this.#ticks.forEach((fn) => fn()), TICK_MS);
    signal.addEventListener("abort", () => clearInterval(timer));
    this.on("bag", (bag) => this.#remember(bag));
    this.on("product", (product) => this.#names.set(product.id, product));
    this.#remember(this.state.bag);
    const refresh = () => this.#refresh();
    this.watch((state) => state.conn, refresh);
    this.watch((state) => state.show?.state, refresh);
    // A control that is off does nothing, wherever it sits; it stays focusable, so that focus is not lost.
    root.addEventListener("click", (event) => {
      const control = event.target.closest?.("[aria-disabled=true]");
      if (!control) return;
      event.preventDefault();
      event.stopImmediatePropagation();
    }, { capture: true, signal });
  }

  get state() {
    return this.live.state;
  }

  get online() {
    return this.state.conn === "online";
  }

  get isLive() {
    return this.state.show?.state === "live";
  }

  watch(pick, fn) {
    return this.live.watch(pick, fn, { signal: this.signal });
  }

  on(name, fn) {
    return this.live.on(name, fn, { signal: this.signal });
  }

  /** Call once a second. */
  onTick(fn) {
    this.#ticks.add(fn);
  }

  /** Keep a control off unless the link is up ("link"), or up and the show on the air ("live"). */
  need(control, what) {
    control.dataset.needs = what;
    this.#needy.add(new WeakRef(control));
    this.#judge(control);
    return control;
  }

  #judge(control) {
    const on = this.online && (control.dataset.needs !== "live" || this.isLive);
    if (on) control.removeAttribute("aria-disabled");
    else control.setAttribute("aria-disabled", "true");
  }

  #refresh() {
    this.root.classList.toggle("cut-off", !this.online);
    // Those out of the page too: what comes back into it must be right.
    for (const ref of this.#needy) {
      const control = ref.deref();
      if (control) this.#judge(control);
      else this.#needy.delete(ref);
    }
  }

  // Words.

  region() {
    return this.#announcer.region();
  }

  say(text, options) {
    this.#announcer.say(text, options);
  }

  #remember(bag) {
    for (const { product } of bag) this.#names.set(product.id, product);
  }

  /** A product that is in the bag, or was; undefined if it never was while this page is open. */
  product(id) {
    return this.#names.get(id);
  }

  title(id) {
    return this.#names.get(id)?.title ?? id;
  }

  /** Units that can be held now, all variants together. */
  left(product) {
    return product.skus.reduce((sum, sku) => sum + (this.state.stock[sku.id] ?? sku.left), 0);
  }

  /** The lowest price: {text, was, from}; `from` when variants differ. */
  price(product) {
    const cheapest = product.skus.reduce((low, sku) => (sku.price < low.price ? sku : low));
    const { price, compare_at: before, currency } = cheapest;
    return {
      text: money(price, currency),
      was: before > price ? money(before, currency) : "",
      from: product.skus.some((sku) => sku.price !== price),
    };
  }
}
