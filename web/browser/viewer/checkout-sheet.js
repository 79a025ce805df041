// The checkout: details first, then stock is held, looked over once more and paid.
import { h, icon } from "../common/dom.js";
import { declinedNotice, notice, review } from "./checkout-review.js";
import { endOf } from "./checkout-ends.js";
import { addressOf, detailsForm, forget, isComplete, known, remember } from "./details.js";
import { holdClock } from "./hold-clock.js";
import { findProduct } from "./item.js";
import { follow, markedCheckout, watchOver } from "./lookout.js";
import { MainButton } from "./main-button.js";
import { hold, isOpen, isPending, pay, wishOf } from "./purchase.js";
import { linesList } from "./receipt.js";
import * as sheetWords from "./sheet-words.js";
import * as words from "./words.js";

const IN_LINE_MS = 3_000;
const ALONE = { alone: true }; // There is no way back from paying.
const UNKNOWN_MS = 12_000; // The server answers a payment within 10 s.

/** `props`: a wish (see purchase.js), or {checkout: id}; `note`: what the bank's sheet has to say. */
export default function checkoutSheet(ctx, props, frame) {
  watchOver(ctx);
  return new Till(ctx, props, frame).sheet;
}

/** After a load: show again what was open in this tab, tell of what is open elsewhere. */
export function resume(ctx) {
  watchOver(ctx);
  const stop = new AbortController();
  const signal = AbortSignal.any([ctx.signal, stop.signal]);
  const look = (checkout) => {
    if (!isOpen(checkout)) return;
    stop.abort();
    if (markedCheckout() === checkout.id && !ctx.sheets.current) ctx.sheets.open("checkout", { checkout: checkout.id });
  };
  ctx.live.watch((state) => state.checkout, look, { signal });
  look(ctx.live.state.checkout);
}

class Till {
  #ctx;
  #frame;
  #wish;
  #note;
  #checkout = null;
  #isPaying = false;
  #details = null;
  #reviewed = null;
  #clock = null;
  #unknown = 0;
  #body = h("div", { class: "checkout" });
  #main;

  constructor(ctx, props, frame) {
    const { checkout, note, ...wish } = props;
    this.#ctx = ctx;
    this.#frame = frame;
    this.#note = note;
    this.#wish = wish.kind ? { ...wish } : null;
    this.#main = new MainButton(ctx, frame.signal);
    ctx.live.watch((state) => state.checkout, (now) => this.#heard(now), { signal: frame.signal });
    frame.signal.addEventListener("abort", () => clearTimeout(this.#unknown));
    if (checkout) this.#reopen(checkout);
    else this.#begin();
  }

  get sheet() {
    return { title: sheetWords.CHECKOUT, size: "checkout", body: this.#body, foot: this.#main.node };
  }

  #show(node, { focus } = {}) {
    this.#body.replaceChildren(node);
    this.#body.inert = false;
    this.#frame.body.scrollTop = 0;
    focus?.focus({ preventScroll: true });
  }

  // Asking.

  #begin() {
    const { payments } = this.#ctx.settings;
    if (payments && payments !== "sandbox") return this.#over({ code: "no_cards" });
    this.#expectNow();
    return isComplete(known(this.#ctx)) ? this.#hold() : this.#ask();
  }

  #ask() {
    const isHeld = this.#checkout?.state === "reserved";
    this.#details = detailsForm(this.#ctx, { forgotten: () => this.#forget(), send: () => this.#answered() });
    this.#show(h("div", {}, !isHeld && this.#wishLines(), this.#details.node));
    if (isHeld) this.#details.first.focus();
    this.#main.does({ text: isHeld ? sheetWords.BACK_TO_REVIEW : sheetWords.TO_REVIEW, run: () => this.#answered() });
  }

  #answered() {
    const details = this.#details.read();
    if (!details) return;
    remember(this.#ctx, details);
    if (this.#checkout?.state === "reserved") this.#review({ focusTitle: true });
    else this.#hold();
  }

  #forget() {
    forget(this.#ctx);
    this.#ctx.say(sheetWords.FORGOTTEN);
    this.#ask();
    this.#details.first.focus();
  }

  #wishLines() {
    const { kind, sku: id, qty, product: from } = this.#wish ?? {};
    const { cart } = this.#ctx.live.state;
    if (kind === "cart") return cart?.count ? linesList(this.#ctx, cart.lines, cart.currency) : null;
    const product = findProduct(this.#ctx, from);
    const sku = product?.skus.find((one) => one.id === id);
    if (!sku) return null;
    const title = product.skus.length > 1 ? `${product.title}, ${sku.title}` : product.title;
    const line = { sku: id, product: from, title, qty, unit_price: sku.price, line_total: sku.price * qty };
    return linesList(this.#ctx, [line], sku.currency);
  }

  // Holding.

  async #hold() {
    this.#checkout = null;
    this.#show(h("div", { class: "holding" }, this.#wishLines(), h("p", { class: "muted", text: sheetWords.HOLDING })));
    this.#main.does({ text: words.ONE_MOMENT, isOff: true });
    const trying = new AbortController();
    const signal = AbortSignal.any([this.#frame.signal, trying.signal]);
    let line = 0;
    const busy = () => (line ||= setTimeout(() => this.#inLine(trying), IN_LINE_MS));
    const { checkout, refused } = await hold(this.#ctx, this.#wish, { busy, signal });
    clearTimeout(line);
    if (this.#frame.signal.aborted) return;
    if (checkout) this.#take(checkout);
    else if (refused.code === "aborted") this.#frame.close();
    else this.#over(refused);
  }

  /** The price that the buyer sees as he begins: while he types it may change. */
  #expectNow() {
    const wish = this.#wish;
    if (wish.expect !== undefined) return;
    if (wish.kind === "cart") wish.expect = this.#ctx.live.state.cart?.total;
    else wish.expect = priceOf(this.#ctx, wish);
  }

  #inLine(trying) {
    if (this.#frame.signal.aborted) return;
    this.#ctx.say(words.IN_LINE);
    this.#main.does({ text: words.CANCEL, aside: words.IN_LINE, run: () => trying.abort() });
  }

  // A checkout is there.

  async #reopen(id) {
    const { live } = this.#ctx;
    if (live.state.checkout?.id === id) return this.#take(live.state.checkout);
    const checkout = await live.checkout.get(id).catch((error) => this.#over(error));
    if (checkout) return this.#take(checkout);
    return checkout === null && this.#over({ code: "not_found" });
  }

  /** Show a checkout as it stands. */
  #take(checkout) {
    if (this.#frame.signal.aborted) return undefined;
    this.#checkout = checkout;
    this.#wish ??= wishOf(this.#ctx, checkout);
    if (checkout.state === "paid") return this.#frame.replace("order", { checkout: checkout.id }, ALONE);
    if (checkout.action) return this.#frame.replace("bank", { checkout: checkout.id, wish: this.#wish }, ALONE);
    if (isPending(checkout)) return this.#paying();
    if (checkout.state === "reserved") return isComplete(known(this.#ctx)) ? this.#review() : this.#ask();
    return this.#over(checkout);
  }

  #heard(now) {
    const before = this.#checkout;
    if (!now || now.id !== before?.id || now.version < before.version) return;
    // While our own answer is awaited, a checkout that is reserved says nothing: the answer tells why.
    if (this.#isPaying && (now.state === "reserved" || (isPending(now) && !now.action))) return;
    if (now.state === before.state && !now.action) return;
    this.#isPaying = false;
    const wasPending = isPending(before);
    this.#checkout = now;
    if (now.state === "reserved" && wasPending && now.failure) this.#review({ text: words.DECLINED });
    else this.#take(now);
  }

  /** `text`: why the last try did not succeed. */
  #review({ text = this.#note, focusTitle } = {}) {
    clearTimeout(this.#unknown);
    this.#note = undefined;
    const total = this.#ctx.money(this.#checkout.total, this.#checkout.currency);
    const pay = (label) => ({ text: label(total), needsLink: true, run: () => this.#pay() });
    const top = text ? declinedNotice(text, () => this.#reviewed.openCards()) : this.#priceNotice();
    this.#reviewed = review(this.#ctx, this.#checkout, {
      notice: top, change: () => this.#ask(), picked: () => this.#main.does(pay(sheetWords.payFor)),
    });
    this.#show(this.#reviewed.node);
    this.#main.does(pay(text ? sheetWords.payAgain : sheetWords.payFor));
    this.#startClock();
    const said = top?.querySelector(".notice-text");
    if (said) this.#ctx.say(said.textContent, { assertive: true });
    (said ?? (focusTitle && this.#frame.head.querySelector("h2")) ?? null)?.focus();
  }

  /** Told once, when the price is not the one that the buyer saw. */
  #priceNotice() {
    const { was = this.#wish.expect } = this.#wish;
    const { subtotal, currency } = this.#checkout;
    this.#wish = { ...this.#wish, was: undefined, expect: subtotal };
    if (was === undefined || was === subtotal) return null;
    const [before, now] = [was, subtotal].map((amount) => this.#ctx.money(amount, currency));
    if (subtotal < was) return notice(sheetWords.priceFell(now, before), "info");
    this.#main.guard();
    return notice(words.PRICE_ROSE(before, now), "warn", this.#removeButton());
  }

  #removeButton() {
    const run = async () => {
      await this.#ctx.live.checkout.cancel(this.#checkout.id).catch(() => null);
      this.#frame.replace(this.#wish.kind === "cart" ? "cart" : "bag");
    };
    return h("button", { class: "button", type: "button", text: sheetWords.REMOVE_ITEM, on: { click: run } });
  }

  #startClock() {
    if (this.#clock) return;
    const ending = new AbortController();
    const signal = AbortSignal.any([this.#frame.signal, ending.signal]);
    const clock = holdClock(this.#ctx, this.#checkout.pay_by, { signal, over: () => this.#timeIsUp() });
    this.#clock = { stop: () => ending.abort() };
    this.#frame.timer(clock.node);
    clock.sayStart();
  }

  #stopClock() {
    this.#clock?.stop();
    this.#clock = null;
    this.#frame.timer(null);
  }

  #timeIsUp() {
    this.#stopClock();
    if (this.#checkout?.state !== "reserved" || this.#isPaying) return;
    this.#over({ ...this.#checkout, state: "expired" });
  }

  // Paying.

  async #pay() {
    const { card, ...buyer } = known(this.#ctx);
    this.#isPaying = true;
    this.#paying();
    this.#body.inert = true;
    const { checkout, refused, unknown } = await pay(this.#ctx, this.#checkout, card, addressOf(buyer));
    this.#isPaying = false;
    if (this.#frame.signal.aborted) return;
    this.#checkout = checkout;
    if (unknown || (isPending(checkout) && !checkout.action)) this.#doNotPayAgain();
    else if (checkout.state !== "reserved" || !refused) this.#take(checkout);
    else if (refused.code === "expired") this.#over({ ...checkout, state: "expired" });
    else this.#review({ text: whyNot(refused) });
  }

  #paying() {
    this.#stopClock();
    follow(this.#ctx, this.#checkout.id);
    if (!this.#body.childElementCount) this.#show(linesList(this.#ctx, this.#checkout.lines, this.#checkout.currency));
    this.#main.does({ text: words.PAYING, isOff: true });
    this.#ctx.say(words.PAYING);
    clearTimeout(this.#unknown);
    this.#unknown = setTimeout(() => this.#doNotPayAgain(), UNKNOWN_MS);
  }

  async #doNotPayAgain() {
    clearTimeout(this.#unknown);
    const { id } = this.#checkout;
    const box = notice(words.PAY_UNKNOWN, "info");
    this.#show(h("div", { class: "end" }, box), { focus: box.querySelector(".notice-text") });
    this.#ctx.say(words.PAY_UNKNOWN, { assertive: true });
    this.#main.does({ text: words.CLOSE, run: () => this.#frame.close() });
    const now = await follow(this.#ctx, id);
    // Had it begun, its events would have told: it never reached the bank.
    if (now?.state === "reserved" && box.isConnected) this.#review({ text: sheetWords.NOTHING_CHARGED });
  }

  // The end.

  #over(reason) {
    this.#stopClock();
    clearTimeout(this.#unknown);
    const end = endOf(this.#ctx, reason, this.#wish);
    const text = h("p", { class: "end-text", tabIndex: -1, text: end.text });
    this.#show(h("div", { class: "end" }, h("span", { class: "end-mark" }, icon(end.icon, 32)), text,
      end.also && h("button", { class: "button", type: "button", text: end.also.text, on: { click: () => this.#go(end.also) } })),
    { focus: text });
    this.#ctx.say(end.text, { assertive: true });
    this.#main.does({ text: end.main.text, run: () => this.#go(end.main) });
  }

  #go({ to, qty }) {
    if (qty) this.#wish = { ...this.#wish, qty, expect: undefined, was: undefined };
    if (to === "again") this.#again();
    else if (to === "close") this.#frame.close();
    else this.#frame.replace(to);
  }

  #again() {
    this.#wish = { ...this.#wish, expect: undefined, was: undefined };
    this.#begin();
  }
}

function whyNot({ code }) {
  if (code === "payment_declined") return words.DECLINED;
  return code === "offline" ? "" : sheetWords.NOTHING_CHARGED;
}

function priceOf(ctx, { sku: id, qty, product }) {
  const sku = findProduct(ctx, product)?.skus.find((one) => one.id === id);
  return sku && sku.price * qty;
}
