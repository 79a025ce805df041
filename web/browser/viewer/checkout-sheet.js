// The checkout: details first, then stock is held, looked over once more and paid.
import { h, icon } from "../common/dom.js";
import { endOf } from "./checkout-ends.js";
import { declinedNotice, notice, review } from "./checkout-review.js";
import * as ours from "./checkout-words.js";
import { addressOf, forget, isComplete, known, remember } from "./details.js";
import { holdClock } from "./hold-clock.js";
import { linesList } from "./item.js";
import { follow, markedCheckout, watchOver } from "./lookout.js";
import { MainButton } from "./main-button.js";
import { hold, isOpen, isPending, pay, paymentsOf, quote, wishOf } from "./purchase.js";
import * as words from "./words.js";

const IN_LINE_MS = 3_000;
const UNKNOWN_MS = 12_000; // The server answers a payment within 10 s.
const ALONE = { alone: true }; // There is no way back from paying.

/** `props`: a wish, or {checkout: id}; `note`: what the bank's sheet has to say. */
export default function checkoutSheet(ctx, props, frame) {
  watchOver(ctx);
  return new Till(ctx, props, frame).sheet;
}

/** After a load: show again what was open in this tab, tell of what is open elsewhere. */
export function resume(ctx) {
  watchOver(ctx);
  const found = new AbortController();
  const look = (checkout) => {
    if (!isOpen(checkout)) return;
    found.abort();
    if (markedCheckout() === checkout.id && !ctx.sheets.current) ctx.sheets.open("checkout", { checkout: checkout.id });
  };
  ctx.live.watch((state) => state.checkout, look, { signal: AbortSignal.any([ctx.signal, found.signal]) });
  look(ctx.live.state.checkout);
}

class Till {
  #ctx;
  #frame;
  #wish;
  #note;
  #main;
  #checkout = null;
  #isPaying = false;
  #isQueued = false;
  #stopClock = null;
  #unknown = 0;
  #body = h("div", { class: "checkout" });

  constructor(ctx, { checkout, note, ...wish }, frame) {
    const { signal } = frame;
    this.#ctx = ctx;
    this.#frame = frame;
    this.#note = note;
    this.#wish = wish.kind ? wish : null;
    this.#main = new MainButton(ctx, signal);
    ctx.live.watch((state) => state.checkout, (now) => this.#heard(now), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#unknown));
    if (checkout) this.#reopen(checkout);
    else this.#begin();
  }

  get sheet() {
    return { title: ours.CHECKOUT, size: "checkout", body: this.#body, foot: this.#main.node };
  }

  #show(node, focus) {
    this.#body.replaceChildren(node);
    this.#body.inert = false;
    this.#frame.body.scrollTop = 0;
    focus?.focus({ preventScroll: true });
  }

  // Asking.

  async #begin() {
    const payments = await paymentsOf(this.#ctx, this.#frame.signal);
    if (this.#frame.signal.aborted) return;
    if (payments !== "sandbox") return this.#over({ code: "no_cards" });
    // What the buyer sees as he begins: while he types the price may change.
    this.#wish.expect ??= quote(this.#ctx, this.#wish)?.total;
    return isComplete(known(this.#ctx)) ? this.#hold() : this.#ask();
  }

  async #ask({ isAgain } = {}) {
    const isHeld = this.#checkout?.state === "reserved";
    const text = isHeld ? ours.BACK_TO_REVIEW : ours.TO_REVIEW;
    this.#main.does({ text, isOff: true });
    if (!this.#body.firstChild) this.#show(h("div", {}, this.#lines()));
    const { detailsForm } = await import("./details-form.js");
    if (this.#frame.signal.aborted) return;
    const form = detailsForm(this.#ctx, { forgotten: () => this.#forget(), send: () => this.#answered(form.read()) });
    this.#show(h("div", {}, !isHeld && this.#lines(), form.node));
    if (isHeld || isAgain) form.first.focus();
    this.#main.does({ text, run: () => this.#answered(form.read()) });
  }

  #answered(details) {
    if (!details) return;
    remember(this.#ctx, details);
    if (this.#checkout?.state === "reserved") this.#review({ focusTitle: true });
    else this.#hold();
  }

  #forget() {
    forget(this.#ctx);
    this.#ctx.say(ours.FORGOTTEN);
    this.#ask({ isAgain: true });
  }

  #lines() {
    const of = this.#checkout ?? quote(this.#ctx, this.#wish);
    return of?.lines.length ? linesList(this.#ctx, of.lines, of.currency) : null;
  }

  // Holding.

  async #hold() {
    this.#checkout = null;
    this.#show(h("div", {}, this.#lines(), h("p", { class: "muted", text: ours.HOLDING })));
    this.#main.does({ text: words.ONE_MOMENT, isOff: true });
    const trying = new AbortController();
    const signal = AbortSignal.any([this.#frame.signal, trying.signal]);
    let line = 0;
    const busy = () => (line ||= setTimeout(() => signal.aborted || this.#inLine(trying), IN_LINE_MS));
    const { checkout, refused } = await hold(this.#ctx, this.#wish, { busy, signal });
    clearTimeout(line);
    if (this.#frame.signal.aborted) return;
    if (checkout) this.#take(checkout);
    else if (trying.signal.aborted) this.#frame.close();
    else this.#over(refused);
  }

  #inLine(trying) {
    this.#ctx.say(words.IN_LINE);
    this.#main.does({ text: words.CANCEL, aside: words.IN_LINE, isPlain: true, run: () => trying.abort() });
  }

  // A checkout is there.

  async #reopen(id) {
    const { live } = this.#ctx;
    const known = live.state.checkout?.id === id ? live.state.checkout : null;
    try {
      this.#take(known ?? (await live.checkout.get(id)) ?? { code: "not_found" });
    } catch (error) {
      this.#over(error);
    }
  }

  /** Show a checkout as it stands. */
  #take(checkout) {
    if (this.#frame.signal.aborted) return;
    this.#checkout = checkout;
    if (checkout.lines) this.#wish ??= wishOf(this.#ctx, checkout);
    const { id, state, action } = checkout;
    if (state === "paid") this.#frame.replace("order", { checkout: id }, ALONE);
    else if (action) this.#frame.replace("bank", { checkout: id, wish: this.#wish }, ALONE);
    else if (isPending(checkout)) this.#paying();
    else if (state !== "reserved") this.#over(checkout);
    else if (isComplete(known(this.#ctx))) this.#review();
    else this.#ask();
  }

  #heard(now) {
    const before = this.#checkout;
    if (!now || now.id !== before?.id || now.version < before.version) return;
    if (isPending(now) && !now.action && (now.place || before.place)) return this.#paying(now);
    // While our own answer is awaited, a checkout that is reserved says nothing: the answer tells why.
    if (this.#isPaying && (now.state === "reserved" || (isPending(now) && !now.action))) return;
    if (now.state === before.state && !now.action) return;
    this.#checkout = now;
    if (now.state === "reserved" && now.failure && isPending(before)) this.#review({ text: words.DECLINED });
    else this.#take(now);
  }

  /** `text`: why the last try did not succeed. */
  #review({ text = this.#note, focusTitle } = {}) {
    clearTimeout(this.#unknown);
    this.#note = undefined;
    const { total, currency, pay_by: payBy } = this.#checkout;
    const does = (label) => this.#main.does({
      text: label(this.#ctx.money(total, currency)), needsLink: true, run: () => this.#pay(),
    });
    const top = text ? declinedNotice(text, () => view.openCards()) : this.#priceNotice();
    const view = review(this.#ctx, this.#checkout, {
      notice: top, change: () => this.#ask(), picked: () => does(ours.payFor),
    });
    const said = top?.querySelector(".notice-text");
    this.#show(view.node, said ?? (focusTitle && this.#frame.head.querySelector("h2")));
    does(text ? ours.payAgain : ours.payFor);
    this.#stopClock ??= holdClock(this.#ctx, this.#frame, payBy, () => this.#timeIsUp());
    if (said) this.#ctx.say(said.textContent, { assertive: true });
  }

  /** Told once, when the price is not the one that the buyer saw. */
  #priceNotice() {
    const { was = this.#wish.expect } = this.#wish;
    const { subtotal, currency } = this.#checkout;
    this.#wish = { ...this.#wish, was: undefined, expect: subtotal };
    if (was === undefined || was === subtotal) return null;
    const [before, now] = [was, subtotal].map((amount) => this.#ctx.money(amount, currency));
    if (subtotal < was) return notice(ours.priceFell(now, before), "info");
    this.#main.guard();
    return notice(words.PRICE_ROSE(before, now), "warn",
      h("button", { class: "button", type: "button", text: ours.REMOVE_ITEM, on: { click: () => this.#giveUp() } }));
  }

  async #giveUp() {
    await this.#ctx.live.checkout.cancel(this.#checkout.id).catch(() => null);
    this.#frame.replace(this.#wish.kind === "cart" ? "cart" : "bag");
  }

  #timeIsUp() {
    if (this.#checkout.state === "reserved" && !this.#isPaying) this.#over({ ...this.#checkout, state: "expired" });
  }

  #noClock() {
    this.#stopClock?.();
    this.#stopClock = null;
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
    if (checkout.place) this.#paying();
    else if (unknown || (isPending(checkout) && !checkout.action)) this.#doNotPayAgain();
    else if (checkout.state !== "reserved" || !refused) this.#take(checkout);
    else if (refused.code === "expired") this.#over({ ...checkout, state: "expired" });
    else this.#review({ text: whyNot(refused) });
  }

  #paying(now = this.#checkout) {
    const { id, place } = (this.#checkout = now);
    this.#noClock();
    follow(this.#ctx, id);
    if (!this.#body.firstChild) this.#show(this.#lines());
    this.#main.does({ text: words.PAYING, isOff: true, aside: place && ours.inQueue(place) });
    // Each place is shown, and only the first one said.
    if (!place || !this.#isQueued) this.#ctx.say(place ? ours.inQueue(place) : words.PAYING);
    this.#isQueued = Boolean(place);
    clearTimeout(this.#unknown);
    // In our own queue nothing was sent yet: nobody's answer is overdue.
    if (!place) this.#unknown = setTimeout(() => this.#doNotPayAgain(), UNKNOWN_MS);
  }

  async #doNotPayAgain() {
    clearTimeout(this.#unknown);
    const box = notice(words.PAY_UNKNOWN, "info");
    this.#show(h("div", { class: "end" }, box), box.firstChild);
    this.#ctx.say(words.PAY_UNKNOWN, { assertive: true });
    this.#main.does({ text: words.CLOSE, isPlain: true, run: () => this.#frame.close() });
    const now = await follow(this.#ctx, this.#checkout.id);
    // Had it begun, its events would have told: it never reached the bank.
    if (now?.state === "reserved" && box.isConnected) this.#review({ text: ours.NOTHING_CHARGED });
  }

  // The end.

  #over(reason) {
    this.#noClock();
    clearTimeout(this.#unknown);
    const { text, icon: mark, main } = endOf(this.#ctx, reason, this.#wish);
    const said = h("p", { class: "end-text", tabIndex: -1, text });
    this.#show(h("div", { class: "end" }, h("span", { class: "end-mark" }, icon(mark, 32)), said), said);
    this.#ctx.say(text, { assertive: true });
    this.#main.does({ text: main.text, isPlain: main.to === "close", run: () => this.#go(main) });
  }

  #go({ to, qty = this.#wish?.qty }) {
    if (to === "close") this.#frame.close();
    else if (to !== "again") this.#frame.replace(to);
    else {
      this.#wish = { ...this.#wish, qty, expect: undefined, was: undefined };
      this.#begin();
    }
  }
}

function whyNot({ code }) {
  if (code === "payment_declined") return words.DECLINED;
  return code === "offline" ? "" : ours.NOTHING_CHARGED;
}
