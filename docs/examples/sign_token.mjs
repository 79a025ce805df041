// A token as a merchant's backend signs it: SECRET=… node sign_token.mjs
import { createHmac } from "node:crypto";

const encode = (value) => Buffer.from(JSON.stringify(value)).toString("base64url");
const claims = {
  sub: "customer-4711",
  role: "viewer",
  name: "Ada L.",
  exp: Math.floor(Date.now() / 1000) + 3600,
};
const signed = `${encode({ alg: "HS256", typ: "JWT" })}.${encode(claims)}`;
const signature = createHmac("sha256", process.env.SECRET).update(signed).digest("base64url");
console.log(`${signed}.${signature}`);
