// What is bought and what it costs, as the checkout and the order show it.
import { h } from "../common/dom.js";
import { linePicture } from "./item.js";
import * as words from "./sheet-words.js";

/** Lines with picture, quantity and price. */
export function linesList(ctx, lines, currency) {
  return h("ul", { class: "receipt-lines" }, lines.map((line) => h("li", {},
    linePicture(ctx, line, 48),
    h("span", { class: "receipt-title", dir: "auto", text: line.title }),
    h("span", { class: "receipt-price" }, ctx.money(line.line_total, currency),
      line.qty > 1 && h("span", { class: "receipt-each", text: `${line.qty} × ${ctx.money(line.unit_price, currency)}` })))));
}

/** The sums of a checkout or an order; rows of nothing are left out, but shipping is always told. */
export function sums(ctx, of) {
  const price = (amount) => ctx.money(amount, of.currency);
  const row = (name, text, kind = null) => h("div", { class: kind }, h("dt", { text: name }), h("dd", { text }));
  return h("dl", { class: "sums" },
    row(words.ITEMS, price(of.subtotal)),
    row(words.SHIPPING, of.shipping ? price(of.shipping) : words.FREE),
    of.discount > 0 && row(words.DISCOUNT, price(-of.discount)),
    of.tax > 0 && row(words.TAX, price(of.tax)),
    row(words.TOTAL, price(of.total), "sum"));
}
