// The bank's own page in a frame: it asks whether it is the buyer. Nothing of ours lies over it.
import { h, write } from "../common/dom.js";
import { holdClock } from "./hold-clock.js";
import { follow, watchOver } from "./lookout.js";
import { isPending } from "./purchase.js";
import * as ours from "./checkout-words.js";
import * as words from "./words.js";

/** `props`: {checkout: id, wish} of a checkout with an `action`. */
export default function bankSheet(ctx, { checkout: id, wish }, frame) {
  watchOver(ctx);
  const { live } = ctx;
  const { action, pay_by: payBy } = live.state.checkout;
  const page = bankFrame(action?.url);
  const cancel = h("button", { class: "button wide", part: "button", type: "button", text: words.CANCEL_PAYMENT,
    on: { click: () => give() } });
  let isGivingUp = false;

  // Cancelling asks the bank; what became of it comes as any other outcome.
  async function give() {
    if (isGivingUp) return;
    isGivingUp = true;
    cancel.setAttribute("aria-disabled", "true");
    write(cancel, ours.CANCELLING);
    const now = await live.checkout.cancel(id).catch((error) => ctx.fail(error));
    isGivingUp = false;
    if (frame.signal.aborted) return;
    cancel.removeAttribute("aria-disabled");
    write(cancel, words.CANCEL_PAYMENT);
    heard(now);
  }

  function heard(now) {
    if (now?.id !== id || frame.signal.aborted) return;
    if (now.state === "paid") frame.replace("order", { checkout: id }, { alone: true });
    else if (isPending(now) && now.action) return;
    else if (isPending(now)) write(lead, words.PAYING);
    else frame.replace("checkout", { ...wish, checkout: id, note: now.state === "reserved" ? words.BANK_REFUSED : undefined });
  }

  const lead = h("p", { class: "bank-lead", text: words.BANK_CHECKS });
  holdClock(ctx, frame, payBy);
  live.watch((state) => state.checkout, heard, { signal: frame.signal });
  follow(ctx, id);
  ctx.say(words.BANK_CHECKS);
  queueMicrotask(() => heard(live.state.checkout));
  return {
    title: ours.BANK, size: "bank", foot: cancel, initialFocus: page,
    body: h("div", { class: "bank" }, lead, page),
  };
}

/** Only what a browser may show; a bank's address is never a script. */
function bankFrame(url) {
  const isWeb = /^https?:/.test(url ?? "");
  return h("iframe", { class: "bank-frame", title: words.BANK_CHECKS, src: isWeb ? url : "about:blank", allow: "payment" });
}
