// Socket.IO: an event to everybody in the namespace, over WebSocket only.
const { createServer } = require("http");
const { Server } = require("socket.io");

const text = "x".repeat(Number(process.argv[2]));
const http = createServer();
const io = new Server(http, { transports: ["websocket"], perMessageDeflate: false, pingInterval: 1200000 });
http.listen({ port: 0, host: "127.0.0.1", backlog: 4096 }, () => console.log(http.address().port));
require("readline").createInterface({ input: process.stdin })
  .on("line", () => io.emit("e", text))
  .on("close", () => process.exit());
