// Take webhooks in: SECRET=whsec_… PORT=3000 node receive_webhook.mjs
import { createHmac, timingSafeEqual } from "node:crypto";
import { createServer } from "node:http";

const { SECRET } = process.env;
if (!SECRET) throw new Error("Set SECRET to the endpoint's secret, whsec_…");
const key = Buffer.from(SECRET.replace("whsec_", ""), "base64");
const seen = new Set(); // keep these ids in your database, for as long as your orders

const isGenuine = (headers, body) => {
  const at = headers["webhook-timestamp"];
  const hmac = createHmac("sha256", key).update(`${headers["webhook-id"]}.${at}.`).update(body);
  const right = Buffer.from(`v1,${hmac.digest("base64")}`);
  const isFresh = Math.abs(Date.now() / 1000 - Number(at)) < 300;
  return isFresh && (headers["webhook-signature"] ?? "").split(" ").map((one) => Buffer.from(one))
    .some((given) => given.length === right.length && timingSafeEqual(given, right));
};

createServer(async (request, answer) => {
  const parts = [];
  for await (const part of request) parts.push(part);
  const body = Buffer.concat(parts);
  if (!isGenuine(request.headers, body)) return answer.writeHead(401).end();
  const event = JSON.parse(body);
  if (!seen.has(event.id)) {
    seen.add(event.id);
    console.log(event.kind, JSON.stringify(event.data));
  }
  return answer.writeHead(204).end();
}).listen(Number(process.env.PORT ?? 3000), "127.0.0.1");
