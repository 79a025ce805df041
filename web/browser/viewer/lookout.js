// Looks after a purchase whose sheet is closed: a bank that takes its time, stock that is still kept.
import { timeOf } from "../common/money.js";
import { isPending, pause } from "./purchase.js";
import * as ours from "./checkout-words.js";
import * as words from "./words.js";

const OURS = ["checkout", "bank", "order"];
const STRIPS = ["paying", "kept"];
const OFTEN_MS = 2_000;
const SELDOM_MS = 5_000;
const OFTEN = 30;
const MARK = "yc.sheet"; // In this tab's storage: the checkout whose sheet is open.

const watched = new WeakSet();
const followed = new WeakMap();

/** From now on tell in the strip what becomes of the checkout while no sheet shows it. */
export function watchOver(ctx) {
  if (watched.has(ctx)) return;
  watched.add(ctx);
  const { live, signal } = ctx;
  live.watch((state) => state.checkout, (now, before) => tell(ctx, now, before), { signal });
  ctx.frame.addEventListener("yc-sheet", () => {
    mark(ctx);
    tell(ctx, live.state.checkout, null);
  }, { signal });
  tell(ctx, live.state.checkout, null);
}

/** The checkout whose sheet was open in this tab before a reload. */
export function markedCheckout() {
  try {
    return sessionStorage.getItem(MARK);
  } catch {
    return null;
  }
}

function mark(ctx) {
  const { checkout } = ctx.live.state;
  try {
    if (checkout && OURS.includes(ctx.sheets.current?.name)) sessionStorage.setItem(MARK, checkout.id);
    else sessionStorage.removeItem(MARK);
  } catch {
    // Denied: a reload then shows a line in the strip instead of the sheet.
  }
}

/** Ask what became of a payment until that is known (its event may be missed while away): the checkout. */
export function follow(ctx, id) {
  const all = followed.get(ctx) ?? new Map();
  followed.set(ctx, all);
  if (!all.has(id)) all.set(id, ask(ctx, id).finally(() => all.delete(id)));
  return all.get(id);
}

async function ask(ctx, id) {
  for (let asked = 0; !ctx.signal.aborted; asked += 1) {
    await pause(asked < OFTEN ? OFTEN_MS : SELDOM_MS, ctx.signal);
    const now = await ctx.live.checkout.get(id).catch(() => null);
    if (now && !isPending(now)) return now;
  }
  return null;
}

function tell(ctx, now, before) {
  if (isPending(now)) follow(ctx, now.id);
  const isShown = OURS.includes(ctx.sheets.current?.name);
  const show = (label) => ({ label, run: () => ctx.sheets.open("checkout", { checkout: now.id }) });
  const wasPending = isPending(before) && before.id === now?.id;
  for (const key of STRIPS) if (isShown || !stillTrue(key, now)) ctx.clearStrip(key);
  if (isShown) mark(ctx);
  if (!now || isShown) return;
  if (isPending(now)) ctx.strip("paying", now.place ? ours.inQueue(now.place) : ours.CHECKING, { action: show(ours.SHOW) });
  else if (now.state === "reserved" && wasPending && now.failure) {
    ctx.strip("declined", words.DECLINED, { action: show(words.OTHER_CARD), forMs: 20_000, assertive: true });
  } else if (now.state === "reserved") keptStrip(ctx, now, show(ours.CONTINUE));
  else if (now.state === "paid" && wasPending) placed(ctx, now);
  else if (wasPending || (now.state === "expired" && before?.state === "reserved")) ended(ctx, now);
}

function stillTrue(key, now) {
  return key === "paying" ? isPending(now) : now?.state === "reserved";
}

function keptStrip(ctx, checkout, action) {
  const left = checkout.pay_by - ctx.live.now();
  if (left <= 0) return;
  // By this machine's clock, however wrong: that is the one the viewer looks at.
  const time = timeOf(Date.now() + left, ctx.locale);
  ctx.strip("kept", ours.keptUntil(time), { action, forMs: left });
}

async function placed(ctx, checkout) {
  const orders = await Promise.all(checkout.orders.map((id) => ctx.live.order(id).catch(() => null)));
  const numbers = orders.filter(Boolean).map((order) => order.number);
  const text = numbers.length === 1 ? words.placed(numbers[0]) : ours.ordersPlaced(checkout.orders.length);
  const paid = ours.paidWith(ctx.money(checkout.total, checkout.currency), "");
  const action = { label: ours.SHOW, run: () => ctx.sheets.open("order", { checkout: checkout.id }) };
  ctx.strip("placed", `${text}. ${paid}`, { action, forMs: 20_000, assertive: true });
}

function ended(ctx, checkout) {
  const text = checkout.state.startsWith("refund")
    ? words.lateMoney(ctx.money(checkout.total, checkout.currency))
    : { expired: words.holdGone(ours.THE_ITEM), failed: ours.FAILED }[checkout.state] ?? ours.CANCELLED;
  ctx.strip("ended", text, { forMs: 20_000, assertive: true });
}
