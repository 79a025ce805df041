// A first sale: node first_sale.mjs ws://127.0.0.1:8080/live HOST_TOKEN
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
let id = 0;

async function open() {
  const socket = new WebSocket(url);
  socket.inbox = on(socket, "message");
  await once(socket, "open");
  return socket;
}

// The next message with this field; the server may send several in an array.
async function wait(socket, field, value) {
  for (;;) {
    const [data] = (await socket.inbox.next()).value;
    const found = [JSON.parse(data)].flat().find((message) => message[field] === value);
    if (found) return found;
  }
}

// Send a command, and wait for the reply to it.
async function run(socket, op, fields) {
  socket.send(JSON.stringify({ id: ++id, op, ...fields }));
  const { ok, error } = await wait(socket, "re", id);
  if (error) throw new Error(error.message);
  return ok;
}

const [host, viewer] = [await open(), await open()];
const { bag } = await run(host, "join", { show: "demo", token });
await run(viewer, "join", { show: "demo" });
await run(host, "unpin");
await run(host, "pin", { product: bag[0].product.id });
const seen = (await wait(viewer, "ev", "pinned")).product;
const { product } = bag.find((item) => item.product.id === seen);
const order = { sku: product.skus[0].id, qty: 1, key: randomUUID() };
const bought = (await run(viewer, "buy", order)).checkout.id;
const method = { type: "card", token: "tok_ok" };
const ship_to = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
const paid = await run(viewer, "checkout.pay", { checkout: bought, method, ship_to });
console.log(product.title, paid.checkout.state, ...paid.checkout.orders);
process.exit();
