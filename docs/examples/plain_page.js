import { connect } from "https://live.example/yellowcart.js";

const live = connect({ show: "demo" });
const part = (id) => document.getElementById(id);
const say = (text) => (part("status").textContent = text);
const sku = () => live.state.pin.product.skus[0];

live.watch((state) => state.show, (show) => (part("title").textContent = show.title));
live.watch((state) => state.cart, (cart) => (part("count").textContent = cart?.count ?? 0));
live.watch((state) => state.conn, (conn) => say(conn === "online" ? "" : `${conn}…`));
live.watch((state) => state.pin, (pin) => {
  part("buy").disabled = part("add").disabled = !pin;
  const price = pin && new Intl.NumberFormat("en", { style: "currency", currency: sku().currency });
  const digits = price?.resolvedOptions().maximumFractionDigits;
  part("pinned").textContent = pin
    ? `${pin.product.title}, ${price.format(sku().price / 10 ** digits)}`
    : "Nothing is shown right now.";
});
live.on("chat", ({ messages, reset }) => {
  if (reset) part("chat").replaceChildren();
  for (const { from, text } of messages) {
    const row = document.createElement("li");
    row.textContent = `${from.name}: ${text}`;
    part("chat").append(row);
  }
  while (part("chat").children.length > 80) part("chat").firstChild.remove();
});
live.on("error", (error) => say(error.message));

part("add").onclick = async () => {
  const added = await live.cart.add(sku().id).catch((error) => ({ ok: false, message: error.message }));
  if (!added.ok) say(added.message);
};

part("buy").onclick = async () => {
  part("buy").disabled = true;
  try {
    const held = await live.buy(sku().id);
    if (!held.ok) return say(held.message);
    const shipTo = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
    const paid = await live.checkout.pay({ type: "card", token: "tok_ok" }, { shipTo });
    say(paid.ok ? `Your order is ${paid.value.state}.` : paid.message);
  } catch (error) {
    say(error.message);
  } finally {
    part("buy").disabled = !live.state.pin;
  }
};
