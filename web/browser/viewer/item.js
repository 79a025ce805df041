// Products and lines as the sheets show them.
import { h, icon } from "../common/dom.js";

/** Where a picture is: a path is one of the server's own. */
function addressOf(ctx, path) {
  return new URL(path, `${ctx.live.url}/`).href;
}

/** A picture of fixed size; a drawn bag where there is none or it cannot be loaded. */
export function picture(ctx, path, { width = 72, height = width, alt = "", lazy = false } = {}) {
  const drawn = () => h("span", { class: "picture none", role: alt ? "img" : null, "aria-label": alt || null },
    icon("bag", Math.min(48, Math.round(height / 2))));
  if (!path) return drawn();
  const image = h("img", { class: "picture", alt, width, height, decoding: "async",
    loading: lazy ? "lazy" : "eager", src: addressOf(ctx, path) });
  image.addEventListener("error", () => image.replaceWith(drawn()), { once: true });
  return image;
}

const loaded = new WeakMap();

/** A product of the bag or one that was loaded before, or null. */
export function findProduct(ctx, id) {
  const { bag, pin } = ctx.live.state;
  if (pin?.product.id === id) return pin.product;
  return bag.find((item) => item.product.id === id)?.product ?? loaded.get(ctx)?.get(id) ?? null;
}

/** The product with its whole description; null when it cannot be had. */
export async function loadProduct(ctx, id) {
  const all = loaded.get(ctx) ?? new Map();
  loaded.set(ctx, all);
  const product = await ctx.live.http("GET", `/v1/products/${encodeURIComponent(id)}`).catch(() => null);
  if (product) all.set(id, product);
  return product;
}

/** The picture of a line: of the bag's product, else loaded. */
export function linePicture(ctx, line, size) {
  const known = findProduct(ctx, line.product);
  const node = picture(ctx, known?.images[0], { width: size });
  if (known) return node;
  const box = h("span", { class: "picture-box" }, node);
  loadProduct(ctx, line.product).then((product) => {
    if (product?.images[0]) box.replaceChildren(picture(ctx, product.images[0], { width: size }));
  });
  return box;
}

/** Lines with picture, quantity and price. */
export function linesList(ctx, lines, currency) {
  return h("ul", { class: "receipt-lines" }, lines.map((line) => h("li", {},
    linePicture(ctx, line, 48),
    h("span", { class: "receipt-title", dir: "auto", text: line.title }),
    h("span", { class: "receipt-price" }, ctx.money(line.line_total, currency),
      line.qty > 1 && h("span", { class: "receipt-each", text: `${line.qty} × ${ctx.money(line.unit_price, currency)}` })))));
}
