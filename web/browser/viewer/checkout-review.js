// The last look before paying: what, where to, with which card, how much.
import { h } from "../common/dom.js";
import { addressLines, known, remember } from "./details.js";
import { cardGroup, cardName } from "./practice-cards.js";
import { linesList } from "./item.js";
import * as ours from "./checkout-words.js";
import * as words from "./words.js";

/** `notice`: a node on top; `change()` goes back to the details; `picked()` after another card was chosen. */
export function review(ctx, checkout, { notice, change, picked }) {
  const cards = cardPart(ctx, picked);
  const node = h("div", { class: "review" },
    notice,
    h("slot", { name: "before-checkout" }),
    linesList(ctx, checkout.lines, checkout.currency),
    buyerPart(ctx, change),
    cards.node,
    sums(ctx, checkout),
    h("slot", { name: "legal" }));
  return { node, openCards: cards.open };
}

function buyerPart(ctx, change) {
  const buyer = known(ctx);
  return h("section", { class: "told" },
    h("div", {}, h("h3", { text: ours.SHIP_TO }),
      h("p", {}, h("bdi", { text: buyer.name }), h("span", { class: "told-mail", text: buyer.email })),
      addressLines(ctx, buyer).map((line) => h("p", { class: "told-more", dir: "auto", text: line }))),
    changeButton(ours.SHIP_TO, change));
}

/** The chosen card; its Change opens the others in the same place. */
function cardPart(ctx, picked) {
  const node = h("section", { class: "told" });
  const open = () => {
    const group = cardGroup(known(ctx).card);
    group.prepend(h("legend", { class: "visually-hidden", text: ours.WHICH_CARD }));
    group.addEventListener("change", (event) => {
      remember(ctx, { ...known(ctx), card: event.target.value });
      picked();
    });
    node.replaceChildren(h("div", {}, h("h3", { text: ours.CARD }),
      h("p", { class: "practice", text: ours.PRACTICE }), group));
    node.classList.remove("told");
    (group.querySelector("input:checked") ?? group.querySelector("input")).focus();
  };
  node.append(
    h("div", {}, h("h3", { text: ours.CARD }), h("p", { text: cardName(known(ctx).card) }),
      h("p", { class: "told-more", text: ours.PRACTICE })),
    changeButton(ours.CARD, open));
  return { node, open };
}

function changeButton(of, run) {
  return h("button", { class: "button quiet change", type: "button", on: { click: run } }, ours.CHANGE,
    h("span", { class: "visually-hidden", text: ` ${of}` }));
}

/** The bank's no, with what can be done about it folded away. */
export function declinedNotice(text, otherCard) {
  return notice(text, "danger",
    h("details", {}, h("summary", { text: words.WHAT_YOU_CAN_DO }),
      h("ul", {}, words.DECLINED_HELP.map((line) => h("li", { text: line })))),
    h("button", { class: "button", type: "button", text: words.OTHER_CARD, on: { click: otherCard } }));
}

/** A box of words that can have the focus. */
export function notice(text, kind, ...more) {
  return h("div", { class: `notice ${kind}` }, h("p", { class: "notice-text", tabIndex: -1, text }), more);
}

/** The sums of a checkout or an order; rows of nothing are left out, but shipping is always told. */
export function sums(ctx, of) {
  const price = (amount) => ctx.money(amount, of.currency);
  const row = (name, text, kind = null) => h("div", { class: kind }, h("dt", { text: name }), h("dd", { text }));
  return h("dl", { class: "sums" },
    row(ours.ITEMS, price(of.subtotal)),
    row(ours.SHIPPING, of.shipping ? price(of.shipping) : ours.FREE),
    of.discount > 0 && row(ours.DISCOUNT, price(-of.discount)),
    of.tax > 0 && row(ours.TAX, price(of.tax)),
    row(ours.TOTAL, price(of.total), "sum"));
}
