// node ws: its own frame written once per client, as its documentation's broadcast does.
const { WebSocketServer } = require("ws");

const text = "x".repeat(Number(process.argv[2]));
const server = new WebSocketServer({ port: 0, host: "127.0.0.1", perMessageDeflate: false, backlog: 4096 }, () => {
  console.log(server.address().port);
});
require("readline").createInterface({ input: process.stdin })
  .on("line", () => server.clients.forEach((client) => client.send(text)))
  .on("close", () => process.exit());
