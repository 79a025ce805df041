// A purchase: stock is held for what is wished for, then paid. What the server says decides, not what was hoped.
//
// A wish is {kind: "buy", sku, qty, product} or {kind: "cart"}; `expect` is the price that the buyer saw.

const PENDING = ["reserving", "pay_pending", "authorized", "capturing"];
const BUSY = ["unavailable", "rate_limited"];
const BUSY_MS = 120_000; // After so long in line it is better to say that it does not work.

/** Whether money may be moving. */
export const isPending = (checkout) => PENDING.includes(checkout?.state);
export const isOpen = (checkout) => checkout?.state === "reserved" || isPending(checkout);

/** The wish that led to a checkout: after a reload nothing else remembers it. */
export function wishOf(ctx, checkout) {
  const [line] = checkout.lines;
  const isCart = checkout.lines.length > 1 || sameLines(checkout.lines, ctx.live.state.cart?.lines ?? []);
  return isCart ? { kind: "cart" } : { kind: "buy", sku: line.sku, qty: line.qty, product: line.product };
}

/**
 * Hold what is wished for: {checkout}, or {refused: {code, message, data}}. Full houses are waited for,
 * under the same key; `busy` is called when that begins. A price that rose meanwhile is in `wish.was`.
 */
export async function hold(ctx, wish, { busy, signal }) {
  const { live } = ctx;
  const open = live.state.checkout;
  if (isOpen(open) && (isPending(open) || isFor(ctx, wish, open))) return { checkout: open };
  const until = performance.now() + BUSY_MS;
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      const answer = wish.kind === "cart"
        ? await live.checkout.open({ expect: wish.expect })
        : await live.buy(wish.sku, { qty: wish.qty });
      // An old key of this very wish, from before a reload, tells of a purchase that is over: ask anew.
      if (answer.ok && !isOpen(answer.value) && !tries) continue;
      if (answer.ok) return { checkout: answer.value };
      if (answer.code === "in_progress") return { checkout: await live.checkout.get(answer.data?.checkout) };
      if (answer.code !== "price_changed" || tries > 2) return { refused: answer };
      wish.was ??= wish.expect;
      wish.expect = answer.data.total;
    } catch (error) {
      if (!BUSY.includes(error.code) || performance.now() > until) return { refused: error };
      busy();
      await pause((error.retryAfterMs ?? 1000) * (1 + Math.random() / 2), signal);
    }
  }
  return { refused: { code: "aborted" } };
}

/** Pay: {checkout} as it stands then; with `refused` when that has a reason, `unknown` when nobody can tell yet. */
export async function pay(ctx, checkout, token, shipTo) {
  const { live } = ctx;
  let refused;
  try {
    const answer = await live.checkout.pay({ type: "card", token }, { checkout: checkout.id, shipTo });
    if (answer.ok) return { checkout: answer.value };
    refused = answer;
  } catch (error) {
    if (error.code === "offline" && error.outcome === "none") return { checkout, refused: error };
    refused = error;
  }
  try {
    // An error may have come after the money moved: the checkout knows.
    return { checkout: (await live.checkout.get(checkout.id)) ?? checkout, refused };
  } catch {
    return { checkout, refused, unknown: true };
  }
}

/** Wait; ends early when `signal` is aborted. */
export function pause(ms, signal) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener("abort", () => {
      clearTimeout(timer);
      resolve();
    }, { once: true });
  });
}

function isFor(ctx, wish, { lines }) {
  if (wish.kind === "cart") return sameLines(lines, ctx.live.state.cart?.lines ?? []);
  return sameLines(lines, [{ sku: wish.sku, qty: wish.qty, unit_price: lines[0].unit_price }]);
}

function sameLines(some, others) {
  const text = (lines) => lines.map(({ sku, qty, unit_price }) => `${sku} ${qty} ${unit_price}`).sort().join();
  return text(some) === text(others);
}
