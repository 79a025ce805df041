// A page's use of the SDK, as TypeScript sees it: what is right compiles, what is wrong does not.
import { connect, newKey, YellowCartError } from "../../web/browser/yellowcart.js";
import type { Checkout, Live, Result, Snapshot } from "../../web/browser/yellowcart.js";

const live: Live = connect({ show: "demo", getToken: async (why) => (why === "start" ? "token" : null) });

const stop = live.watch((state) => state.pin?.product.skus[0]?.price, (now, before) => {
  const change: number = (now ?? 0) - (before ?? 0);
  console.log(change.toFixed(0));
});
live.on("chat", ({ messages, reset }) => console.log(messages.length, reset), { once: true });
live.on("gap", ({ from, to }) => console.log(to - from));

export async function sell(): Promise<string> {
  const state: Snapshot = await live.ready;
  const sku = state.bag[0]?.product.skus[0];
  if (!sku) return "nothing to sell";
  const held: Result<Checkout> = await live.buy(sku.id, { qty: 1, key: newKey() });
  if (!held.ok) return held.message;
  const shipTo = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
  const paid = await live.checkout.pay({ type: "card", token: "tok_ok" }, { shipTo });
  if (paid.ok) return paid.value.orders.join();
  return paid.code === "payment_declined" ? "another card?" : paid.message;
}

export async function sayWhy(): Promise<void> {
  try {
    await live.cart.set("mug-blue", 2);
  } catch (error) {
    if (error instanceof YellowCartError && error.outcome === "unknown" && error.key) {
      await live.lookup(error.key);
    }
  }
}

export async function wrong(): Promise<void> {
  // @ts-expect-error  a show is needed
  connect({});
  // @ts-expect-error  a state is never changed
  live.state.viewers = 1;
  // @ts-expect-error  nobody tells of this
  live.on("nothing", () => undefined);
  const held = await live.buy("mug-blue");
  // @ts-expect-error  a refusal has no value: ask `ok` first
  held.value.total;
  // @ts-expect-error  an address has a country
  await live.checkout.pay({ type: "card", token: "tok_ok" }, { shipTo: { name: "Ada L." } });
}

stop();
live.close();
