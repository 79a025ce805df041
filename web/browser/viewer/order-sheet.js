// The order is placed: what, where to, when. Only what the server said.
import { h, icon } from "../common/dom.js";
import { dateOf } from "../common/money.js";
import { sums } from "./checkout-review.js";
import * as ours from "./checkout-words.js";
import { addressLines, known } from "./details.js";
import { watchOver } from "./lookout.js";
import { cardName } from "./practice-cards.js";
import { linesList } from "./item.js";
import * as words from "./words.js";

const WAIT_MS = 1_500;

/** `props`: {checkout: id} of one that is paid. */
export default async function orderSheet(ctx, { checkout: id }, frame) {
  watchOver(ctx);
  const { live } = ctx;
  const checkout = live.state.checkout?.id === id ? live.state.checkout : await live.checkout.get(id);
  const loading = Promise.all(checkout.orders.map((order) => live.order(order).catch(() => null)));
  // The money is what matters: it is not kept waiting for the number.
  const orders = await Promise.race([loading, new Promise((resolve) => setTimeout(resolve, WAIT_MS, null))]);
  const paid = ours.paidWith(ctx.money(checkout.total, checkout.currency), cardName(known(ctx)?.card));
  const rest = h("div");
  const show = (found) => rest.replaceChildren(...found.filter(Boolean).map((order) => orderPart(ctx, order, found.length > 1)));
  if (orders) show(orders);
  else {
    rest.append(linesList(ctx, checkout.lines, checkout.currency));
    loading.then((found) => {
      frame.setTitle(titleOf(found));
      if (!frame.signal.aborted) show(found);
    });
  }
  const title = titleOf(orders ?? checkout.orders.map(() => null));
  ctx.say(`${title}. ${paid}`, { assertive: true });
  return {
    title, size: "order",
    body: h("div", { class: "order" },
      h("div", { class: "order-head" }, h("span", { class: "order-tick" }, icon("check", 32)), h("p", { text: paid })), rest),
    foot: h("button", { class: "button primary wide", part: "button primary", type: "button", text: words.BACK_TO_LIVE,
      on: { click: () => frame.close() } }),
  };
}

function titleOf(orders) {
  const [first] = orders;
  return orders.length === 1 && first ? words.placed(first.number) : ours.ordersPlaced(orders.length);
}

function orderPart(ctx, order, isOneOfMany) {
  const part = (name, ...nodes) => h("section", {}, h("h3", { text: name }), nodes);
  const to = order.ship_to;
  return h("div", { class: "order-part" },
    isOneOfMany && h("h3", { text: words.placed(order.number) }),
    part(ours.WHAT, linesList(ctx, order.lines, order.currency), order.total !== order.subtotal && sums(ctx, order)),
    part(ours.WHERE, h("p", {}, h("bdi", { text: to.name })),
      addressLines(ctx, to).map((line) => h("p", { class: "told-more", dir: "auto", text: line }))),
    part(ours.WHEN, h("p", { text: order.tracking
      ? ours.tracking(order.tracking)
      : ours.paidAt(dateOf(order.paid_at, ctx.locale)) })));
}
