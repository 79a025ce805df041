// How a shop written in TypeScript uses the SDK: every member once. It is compiled, never run.

import {
  connect,
  newKey,
  VERSION,
  YellowCartError,
  type Address,
  type BagItem,
  type BuyRefusal,
  type Cart,
  type ChatMessage,
  type Checkout,
  type Code,
  type ConnState,
  type Live,
  type Order,
  type PayRefusal,
  type Product,
  type Result,
  type Snapshot,
} from "../../../web/browser/yellowcart.js";

const quit = new AbortController();
const live: Live = connect({
  show: "demo",
  url: "https://live.example",
  token: "a token",
  getToken: async (why) => (why === "start" ? "a token" : null),
  storage: null,
  signal: quit.signal,
  debug: VERSION !== "",
});

export async function watches(): Promise<void> {
  const first: Snapshot = await live.ready;
  const conn: ConnState = first.conn;
  const lost: number | undefined = live.state.lostAt;
  const off: () => void = live.watch(
    (state) => state.pin,
    (now, before) => console.log(now?.product.title, before?.at),
    { signal: quit.signal },
  );
  live.watch((state) => state.bag, (bag: readonly BagItem[]) => console.log(bag[0]?.position));
  live.watch((state) => state.sales["USD"], (total) => console.log(total?.revenue));
  live.on("ready", ({ recovered, first: isFirst }) => console.log(recovered && isFirst), { once: true });
  live.on("chat", ({ messages, reset }: { messages: readonly ChatMessage[]; reset: boolean }) => {
    for (const { from, text, at } of messages) console.log(from.role, text, at + 1, reset);
  });
  live.on("chatDeleted", (message: string) => console.log(message));
  live.on("product", (product: Product) => console.log(product.skus[0]?.compare_at));
  live.on("purchase", ({ name, units }) => console.log(name, units + 1));
  live.on("stock", ({ sku, left }) => console.log(sku, left + 1));
  live.on("gap", ({ from, to }) => console.log(to - from));
  live.on("order", (order: Order) => console.log(order.number, order.ship_to.city));
  live.on("error", (error: YellowCartError) => console.log(error.code, error.retryAfterMs));
  console.log(conn, lost, live.url, live.now() + 1, live.state.checkout?.action?.url);
  off();
}

export async function buys(sku: string): Promise<string> {
  const cart: Cart = await live.cart.get({ timeoutMs: 1000 });
  const set: Result<Cart, BuyRefusal> = await live.cart.set(sku, cart.count);
  const added = await live.cart.add(sku);
  await live.cart.clear({ signal: quit.signal });
  if (!set.ok || !added.ok) return "";
  const shipTo: Address = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
  const held = await live.buy(sku, { qty: 2, key: newKey() });
  if (!held.ok) {
    const code: BuyRefusal = held.code;
    return `${code} ${held.message} ${String(held.data?.["sku"])}`;
  }
  const opened = await live.checkout.open({ expect: added.value.total });
  const paid: Result<Checkout, PayRefusal> = await live.checkout.pay(
    { type: "card", token: "tok_ok" },
    { shipTo, checkout: held.value.id },
  );
  const open: Checkout | null = await live.checkout.get();
  const cancelled: Checkout = await live.checkout.cancel(open?.id);
  const order: Order = await live.order(cancelled.orders[0] ?? "");
  const said = await live.chat.send("hello");
  live.like();
  live.like(3);
  await live.signIn("another token");
  return `${opened.ok} ${paid.ok} ${order.state} ${said.ok ? said.value : said.code}`;
}

export async function hosts(product: string, message: string, viewer: string): Promise<void> {
  const { host } = live;
  await host.start();
  const bag: readonly BagItem[] = await host.add(product);
  await host.move(product, bag.length, { timeoutMs: 1000 });
  await host.pin(product);
  await host.unpin();
  await host.remove(product);
  await host.deleteMessage(message);
  await host.mute(viewer, 60);
  await host.ban(viewer, "spam");
  await host.end();
  const sales: unknown = await live.http("GET", "/v1/shows/demo/sales");
  await live.http("POST", "/v1/shows", { title: "x" }, { "X-Test": "1" });
  console.log(sales);
  live.close();
}

export async function lookedUp(error: unknown): Promise<boolean> {
  if (!(error instanceof YellowCartError)) throw error;
  const code: Code = error.code;
  if (error.outcome === "unknown" && error.key) return (await live.lookup(error.key)).ok;
  return error.retryable && code === "offline";
}

export function isRefusedByTheCompiler(): void {
  // @ts-expect-error The state cannot be changed.
  live.state.viewers = 1;
  // @ts-expect-error There is no such event.
  live.on("pinned", () => {});
  // @ts-expect-error A show is needed.
  connect({});
  // @ts-expect-error Money is a number.
  void live.checkout.open({ expect: "19.99" });
}
