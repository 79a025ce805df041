// Put into a page before its own scripts: a LIVE of hours in a few minutes. The socket is
// played from here, and the page's clock is turned as the messages come; frames are real.
(() => {
  const STEP_MS = 100;
  const FRAME_EVERY = 30; // steps between two real frames
  const realNow = performance.now.bind(performance);
  const realDate = Date.now;
  const realFrame = window.requestAnimationFrame.bind(window);
  const realTimer = window.setTimeout.bind(window);
  let ahead = 0;
  let last = 0;
  const timers = new Map();
  const frames = new Map();
  performance.now = () => realNow() + ahead;
  Date.now = () => realDate() + Math.round(ahead);
  window.setTimeout = (fn, ms = 0, ...given) => (timers.set((last += 1), { fn: () => fn(...given), at: performance.now() + ms }), last);
  window.setInterval = (fn, ms, ...given) => {
    const id = (last += 1);
    const again = () => (timers.set(id, { fn: again, at: performance.now() + ms }), fn(...given));
    timers.set(id, { fn: again, at: performance.now() + ms });
    return id;
  };
  window.clearTimeout = window.clearInterval = (id) => timers.delete(id);
  window.requestAnimationFrame = (fn) => (frames.set((last += 1), fn), last);
  window.cancelAnimationFrame = (id) => frames.delete(id);

  function run() {
    const due = [...timers].filter(([, { at }]) => at <= performance.now()).sort(([, a], [, b]) => a.at - b.at);
    for (const [id, { fn }] of due) if (timers.delete(id)) fn();
    const drawn = [...frames];
    frames.clear();
    for (const [, fn] of drawn) fn(performance.now());
  }
  const pump = () => (run(), realTimer(pump, 16));
  pump();

  let socket = null;
  let snapshot = null;
  let seq = 0;
  let sent = 0;
  let sold = 0;
  const deliver = (messages) => socket?.onmessage?.({ data: JSON.stringify(messages) });
  const answers = {
    join: () => {
      seq = snapshot.seq;
      return { ok: { ...snapshot, recovered: false } };
    },
    ping: () => ({ ok: { at: Date.now() } }),
  };
  window.WebSocket = class extends EventTarget {
    readyState = 0;
    constructor() {
      super();
      socket = this;
      realTimer(() => {
        this.readyState = 1;
        this.onopen?.({});
      }, 0);
    }
    send(text) {
      const { id, op } = JSON.parse(text);
      const answer = answers[op]?.() ?? { error: { code: "not_found", message: "Not in this bench." } };
      realTimer(() => deliver([{ re: id, ...answer }]), 0);
    }
    close() {
      socket = null;
    }
  };

  const words = "does it shrink love this colour from Leeds how much is shipping to Norway".split(" ");
  const said = (n) => Array.from({ length: 2 + (n % 9) }, (_, i) => words[(n * 7 + i * 5) % words.length]).join(" ");
  const feed = (ev, more) => ({ ev, seq: (seq += 1), at: Date.now(), ...more });
  const gauge = (ev, more) => ({ ev, at: Date.now(), ...more });
  const item = (n) => snapshot.bag[n % snapshot.bag.length].product;

  /** What only a host is told. */
  const sales = () => (sold += 1, snapshot.viewer.role === "host" ? [gauge("sales", { orders: sold, units: sold, revenue: sold * 2400, currency: "EUR" })] : []);

  /** What comes in the step `n`: ten messages, and now and then all the rest. */
  function step(n) {
    const every = (ms) => n % (ms / STEP_MS) === 0;
    const messages = [];
    for (let i = 0; i < 10; i += 1) {
      sent += 1;
      messages.push(feed("chat", { message: `m${sent}`, from: { id: `v${sent % 5000}`, name: `Viewer ${sent % 5000}`, role: "viewer" }, text: said(sent) }));
    }
    if (every(1000)) messages.push(gauge("viewers", { n: 1000 + (n % 400) }), gauge("likes", { n: sent }));
    if (every(2000)) messages.push(gauge("stock", { sku: item(n).skus[0].id, left: 5 + ((n / 20) % 90) }));
    if (every(5000)) messages.push(feed("purchase", { name: "Mia B.", product: item(n).id, units: 1 }), ...sales());
    if (every(10_000)) messages.push(feed("chat.deleted", { message: `m${sent - 15}` }));
    if (every(30_000)) messages.push(feed("pinned", { product: item(n / 300).id }));
    if (every(60_000)) messages.push(feed("bag.changed", { bag: snapshot.bag }));
    deliver(messages);
  }

  let at = 0;
  window.long = {
    open: (ok) => (snapshot = ok),
    /** Let so many minutes go by; answers how many messages there were in all. */
    async play(minutes) {
      for (const end = at + (minutes * 60_000) / STEP_MS; at < end; ) {
        at += 1;
        ahead += STEP_MS;
        step(at);
        run();
        if (at % FRAME_EVERY === 0) await new Promise(realFrame);
      }
      return sent;
    },
    joined: () => seq > 0,
  };
})();
