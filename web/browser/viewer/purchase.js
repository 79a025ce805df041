// A purchase: stock is held for a wish, then paid. What the server says decides, not what was hoped.
// A wish is one SKU, {kind: "buy", sku, qty, product}, or the whole cart, {kind: "cart"}.
import { findProduct } from "./item.js";

const PENDING = ["reserving", "pay_pending", "authorized", "capturing"];
const BUSY = ["unavailable", "rate_limited"];
const ASK_AGAIN_MS = 1_000;
const BUSY_MS = 120_000; // After so long in line it is better to say that it does not work.

/** Who takes the money, asked of the server once where the page does not say it. */
export async function paymentsOf({ settings, live }, signal) {
  while (!settings.payments && !signal.aborted) {
    try {
      const answer = await fetch(`${live.url}/v1/client`, { credentials: "omit", signal });
      settings.payments = (await answer.json()).payments;
    } catch {
      await pause(ASK_AGAIN_MS, signal);
    }
  }
  return settings.payments;
}

/** Whether money may be moving. */
export const isPending = (checkout) => PENDING.includes(checkout?.state);
export const isOpen = (checkout) => checkout?.state === "reserved" || isPending(checkout);

/** A wish's lines at the prices that are shown now: {lines, currency, total}, or null. */
export function quote(ctx, { kind, sku: id, qty, product: from }) {
  if (kind === "cart") return ctx.live.state.cart;
  const product = findProduct(ctx, from);
  const sku = product?.skus.find((one) => one.id === id);
  if (!sku) return null;
  const title = product.skus.length > 1 ? `${product.title} · ${sku.title}` : product.title;
  const total = sku.price * qty;
  const line = { sku: id, product: from, title, qty, unit_price: sku.price, line_total: total };
  return { lines: [line], currency: sku.currency, total };
}

/** The wish that led to a checkout: after a reload nothing else remembers it. */
export function wishOf(ctx, { lines }) {
  const [{ sku, qty, product }] = lines;
  const isCart = lines.length > 1 || sameLines(lines, ctx.live.state.cart?.lines);
  return isCart ? { kind: "cart" } : { kind: "buy", sku, qty, product };
}

/**
 * Hold what is wished for: {checkout}, or {refused: {code, message, data}}. A full house is waited for under the
 * same key, `busy` tells when that begins. `wish.expect` is the total that was seen; if it rose, `wish.was` keeps it.
 */
export async function hold(ctx, wish, { busy, signal }) {
  const { live } = ctx;
  const open = live.state.checkout;
  const isStillKept = open?.state === "reserved" && open.pay_by > live.now();
  if (isPending(open) || (isStillKept && isFor(ctx, wish, open))) return { checkout: open };
  const until = performance.now() + BUSY_MS;
  for (let tries = 0; !signal.aborted; tries += 1) {
    try {
      const answer = wish.kind === "cart"
        ? await live.checkout.open({ expect: wish.expect })
        : await live.buy(wish.sku, { qty: wish.qty });
      // A key from before a reload may tell of a purchase that is over: ask anew.
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
export async function pay({ live }, checkout, token, shipTo) {
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
    setTimeout(resolve, ms);
    signal.addEventListener("abort", resolve, { once: true });
  });
}

/** Whether a checkout is for this very wish. */
function isFor(ctx, { kind, sku, qty }, { lines }) {
  if (kind === "cart") return sameLines(lines, ctx.live.state.cart?.lines);
  return lines.length === 1 && lines[0].sku === sku && lines[0].qty === qty;
}

function sameLines(some, others = []) {
  const text = (lines) => lines.map(({ sku, qty, unit_price }) => `${sku} ${qty} ${unit_price}`).sort().join();
  return text(some) === text(others);
}
