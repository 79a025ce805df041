// A first sale: node first_sale.mjs ws://127.0.0.1:8080/live HOST_TOKEN
import { randomUUID } from "node:crypto";
import { on, once } from "node:events";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const address = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
let commands = 0;

async function connect() {
  const socket = new WebSocket(url);
  socket.inbox = on(socket, "message");
  await once(socket, "open");
  return socket;
}

// The next message with this field; the server may send several in an array.
async function wait(socket, field, value) {
  for (;;) {
    const { value: [data] } = await socket.inbox.next();
    const found = [JSON.parse(data)].flat().find((message) => message[field] === value);
    if (found) return found;
  }
}

// Send a command, and wait for the reply to it.
async function run(socket, op, fields = {}) {
  const id = ++commands;
  socket.send(JSON.stringify({ id, op, ...fields }));
  const reply = await wait(socket, "re", id);
  if (reply.error) throw new Error(reply.error.message);
  return reply.ok;
}

const [host, viewer] = [await connect(), await connect()];
const { bag } = await run(host, "join", { show: "demo", token });
await run(viewer, "join", { show: "demo" });
await run(host, "unpin");
await run(host, "pin", { product: bag[0].product.id });
const seen = (await wait(viewer, "ev", "pinned")).product;
const { product } = bag.find((item) => item.product.id === seen);
const sku = product.skus[0].id;
const opened = (await run(viewer, "buy", { sku, qty: 1, key: randomUUID() })).checkout;
const method = { type: "card", token: "tok_ok" };
const pay = { checkout: opened.id, method, ship_to: address };
const { checkout } = await run(viewer, "checkout.pay", pay);
console.log(product.title, checkout.state, ...checkout.orders);
host.close();
viewer.close();
