// Why a checkout is over or never began.
import * as ours from "./checkout-words.js";
import * as words from "./words.js";

const BAG = { text: ours.BACK_TO_BAG, to: "bag" };
const CART = { text: ours.BACK_TO_CART, to: "cart" };
const CLOSE = { text: words.CLOSE, to: "close" };
const AGAIN = { text: words.TRY_TO_GET_IT, to: "again" };
const RETRY = { text: words.TRY_AGAIN, to: "again" };

/**
 * What to say about `reason`, a checkout that has ended or a refusal {code, message, data}:
 * {text, icon, main}, `main` {text, to, qty?} being what the button does.
 */
export function endOf(ctx, reason, wish) {
  const end = ENDS[reason.state] ?? ENDS[reason.code];
  return { icon: "alert", ...(end ? end(ctx, reason, wish) : { text: reason.message, main: CLOSE }) };
}

const ENDS = {
  rejected: lostRace,
  sold_out: lostRace,
  expired: (_, { lines }) => ({ text: words.holdGone(nameOf(lines)), icon: "clock", main: AGAIN }),
  cancelled: () => ({ text: ours.CANCELLED, main: AGAIN }),
  failed: () => ({ text: ours.FAILED, main: AGAIN }),
  refunding: lateMoney,
  refunded: lateMoney,
  limit: (_, { data, message }) => ({ text: data?.limit ? words.limit(data.limit) : message, main: BAG }),
  conflict: (_, { message }) => ({ text: message, main: BAG }),
  unauthorized: () => ({ text: words.SIGN_IN_AGAIN, main: CLOSE }),
  offline: () => ({ text: words.OFFLINE, main: RETRY }),
  // Holding charges nothing, so that much is certain.
  timeout: () => ({ text: ours.NOTHING_CHARGED, main: RETRY }),
  unavailable: () => ({ text: ours.NOTHING_CHARGED, main: RETRY }),
  rate_limited: () => ({ text: ours.NOTHING_CHARGED, main: RETRY }),
  no_cards: () => ({ text: ours.NO_CARDS, main: CLOSE }),
};

function lostRace(ctx, { data }, wish) {
  const left = ctx.live.state.stock[data?.sku ?? wish.sku] ?? 0;
  if (wish.kind === "cart") return { text: left ? ours.onlyLeftNow(left) : words.LOST_RACE, main: CART };
  if (!left || left >= wish.qty) return { text: words.LOST_RACE, main: BAG };
  return { text: ours.onlyLeftNow(left), main: { text: ours.takeFewer(left), to: "again", qty: left } };
}

function lateMoney(ctx, { total, currency }) {
  return { text: words.lateMoney(ctx.money(total, currency)), main: CLOSE };
}

function nameOf(lines) {
  return lines?.length === 1 ? lines[0].title : ours.THE_ITEMS;
}
