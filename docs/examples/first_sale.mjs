// A first sale: node first_sale.mjs ws://127.0.0.1:8080/live HOST_TOKEN
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import WebSocket from "ws";

const [url, token] = process.argv.slice(2);
const open = async () => {
  const socket = new WebSocket(url);
  await once(socket, "open");
  return socket;
};
const run = (socket, op, fields) => new Promise((done, fail) => {
  socket.onmessage = ({ data }) => {
    const { re, ok, error, ...event } = JSON.parse(data);
    if (re) error ? fail(new Error(error.message)) : done(ok);
    else console.log(event); // an event, or several
  };
  socket.send(JSON.stringify({ id: 1, op, ...fields }));
});

const [host, viewer] = [await open(), await open()];
const { product } = (await run(host, "join", { show: "demo", token })).bag[0];
await run(viewer, "join", { show: "demo" });
await run(host, "unpin");
await run(host, "pin", { product: product.id });
const order = { sku: product.skus[0].id, qty: 1, key: randomUUID() };
const { id } = (await run(viewer, "buy", order)).checkout;
const method = { type: "card", token: "tok_ok" };
const ship_to = { name: "Ada L.", line1: "1 Mill Road", city: "Leeds", country: "GB" };
const paid = await run(viewer, "checkout.pay", { checkout: id, method, ship_to });
console.log(product.title, paid.checkout.state, ...paid.checkout.orders);
process.exit();
