// Yellowcart's SDK: one LIVE, watched and bought in from a browser. Members: see yellowcart.d.ts.

export const VERSION = "0.1.0";

const MS = {
  attempt: 10_000,
  backOff: 500,
  mostBackOff: 20_000,
  steady: 5_000, // After that the back-off starts anew.
  tooMany: 5_000,
  silent: 20_000,
  pong: 5_000,
  measure: 60_000,
  command: 10_000,
  pay: 20_000,
  cart: 30_000,
  never: 2 ** 31 - 1,
  link: 5_000, // Nobody wants to buy much later.
  pending: 120_000,
  chat: 100,
  like: 500,
  likes: 10_000,
};
const MOST = { flying: 32, commands: 200, chat: 200, recent: 50, length: 5_000, likes: 500, like: 50 };

const BUY = ["sold_out", "price_changed", "limit", "closed", "in_progress", "conflict"];
const PAY = ["payment_declined", "expired", "conflict", "sold_out"];
const SAY = ["rate_limited", "forbidden", "closed"];
const PASSING = ["offline", "timeout", "rate_limited", "unavailable", "in_progress"];
const OPEN = ["reserving", "reserved", "pay_pending", "authorized", "capturing"];
const WAKING = ["online", "offline", "visibilitychange"];
const HOST = {
  start: "show.start",
  end: "show.end",
  pin: "pin product",
  unpin: "unpin",
  add: "bag.add product",
  remove: "bag.remove product",
  move: "bag.move product position",
  deleteMessage: "chat.delete message",
  mute: "viewer.mute viewer seconds",
  ban: "viewer.ban viewer reason",
};

const WORDS = {
  offline: "There is no connection. Nothing was sent.",
  cut: "The connection broke. Perhaps this happened, perhaps not.",
  timeout: "The server did not answer in time.",
  aborted: "This was called off.",
  ended: "The connection to this LIVE is closed.",
  replaced: "This LIVE is open elsewhere too. Reload to go on here.",
  forbidden: "You can no longer take part in this LIVE.",
  unauthorized: "Please sign in again. Your cart is safe.",
  version: "This page is out of date. Reload it.",
  rate_limited: "Too much at once. Wait a moment, then try again.",
  too_large: "This is too long.",
  not_found: "There is no such purchase.",
};

export class YellowCartError extends Error {
  constructor(code, message = WORDS[code], { outcome = "none", data, key, cause } = {}) {
    super(message, { cause });
    const retryAfterMs = data?.retry_after_ms;
    Object.assign(this, { name: "YellowCartError", code, outcome, data, key, retryAfterMs });
    this.retryable = PASSING.includes(code);
  }
}

export function newKey() {
  return Array.from(crypto.getRandomValues(new Uint32Array(5)), (n) => n.toString(36)).join("-");
}

export function connect(options) {
  return new Live(options);
}

const tick = () => performance.now();
const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
// Half an emoji would be a broken message.
const whole = (_, value) => value?.replace?.(/\p{Cs}/gu, "\ufffd") ?? value;
const isOpen = (checkout) => OPEN.includes(checkout?.state);
const report = (error) => (globalThis.reportError ?? console.error)(error);
const qtyIn = (cart, sku) => cart?.lines.find((line) => line.sku === sku)?.qty ?? 0;
const toChat = ({ ev, seq, ...said }) => frozen(said);

function frozen(value) {
  if (!value || typeof value !== "object" || Object.isFrozen(value)) return value;
  Object.values(value).forEach(frozen);
  return Object.freeze(value);
}

function onAbort(signal, fn) {
  signal?.addEventListener("abort", fn);
  return () => signal?.removeEventListener("abort", fn);
}

/** Expected refusals become values. */
async function result(answer, refusals) {
  try {
    return { ok: true, value: await answer };
  } catch (error) {
    const { code, message, data } = error;
    if (!refusals.includes(code)) throw error;
    return { ok: false, code, message, data };
  }
}

/** A guest's cart moves into a viewer's account, not a host's. */
function isViewer(token) {
  try {
    return JSON.parse(atob(token.split(".")[1].replace(/-/g, "+").replace(/_/g, "/"))).role === "viewer";
  } catch {
    return false;
  }
}

/** What outlives a reload. Storage may be denied or another tab's: memory first. */
class Kept {
  #memory = new Map();

  constructor(url, storage) {
    this.place = (name) => (storage !== undefined ? storage : name === "guest" ? localStorage : sessionStorage);
    this.key = (name) => `yc.${name}@${url}`;
  }

  get(name) {
    try {
      if (!this.#memory.get(name)) this.#memory.set(name, JSON.parse(this.place(name).getItem(this.key(name))));
    } catch { /* not kept */ }
    return this.#memory.get(name);
  }

  set(name, value = null) {
    this.#memory.set(name, value);
    try {
      if (value === null) this.place(name).removeItem(this.key(name));
      else this.place(name).setItem(this.key(name), JSON.stringify(value));
    } catch { /* not kept */ }
  }
}

/** Commands in their order: sent when there is a link, again after a cut if that is safe. */
class Commands {
  #all = new Set();
  #last = 0;
  isUp = false;

  constructor(send) {
    this.send = send;
  }

  id() {
    return ++this.#last;
  }

  run(op, fields, { timeoutMs = MS.command, linkMs = timeoutMs, again = true, signal, resent } = {}) {
    return new Promise((resolve, reject) => {
      const one = { id: 0, op, fields, linkMs, again, resent, sent: 0, factor: 1, until: tick() + timeoutMs };
      const timers = [];
      const settle = (how, value) => {
        timers.forEach(clearTimeout);
        forget();
        this.#all.delete(one);
        how(value);
        this.#flush();
      };
      one.after = (ms, fn) => timers.push(setTimeout(fn, ms));
      one.done = (ok) => settle(resolve, ok);
      one.fail = (code, words, data, outcome = one.sent && !op.endsWith(".get") ? "unknown" : "none") =>
        settle(reject, new YellowCartError(code, words, { data, outcome, key: fields.key }));
      const forget = onAbort(signal, () => one.fail("aborted"));
      if (signal?.aborted) return one.fail("aborted");
      if (JSON.stringify(fields)?.length > MOST.length) return one.fail("too_large");
      if (!this.isUp && !linkMs) return one.fail("offline");
      if (this.#all.size >= MOST.commands) return one.fail("rate_limited");
      one.after(timeoutMs, () => one.fail(one.sent || this.isUp ? "timeout" : "offline"));
      if (linkMs < timeoutMs) one.after(linkMs, () => one.sent || this.isUp || one.fail("offline"));
      this.#all.add(one);
      this.#flush();
    });
  }

  #flush() {
    let flying = [...this.#all].filter((one) => one.id).length;
    for (const one of this.#all) {
      if (!this.isUp || flying >= MOST.flying) return;
      if (one.id) continue;
      one.id = this.id();
      flying++;
      if (one.sent++) one.resent?.();
      else if (typeof one.fields === "function") one.fields = one.fields();
      this.send({ id: one.id, op: one.op, ...one.fields });
    }
  }

  answer({ re, ok, error }) {
    const one = [...this.#all].find(({ id }) => id === re);
    if (!one) return;
    if (ok) return one.done(ok);
    const { code, message, data } = error;
    const wait = data?.retry_after_ms * one.factor;
    const mayWait = one.again && tick() + wait < one.until && (one.factor === 1 || code === "rate_limited");
    if (!mayWait) return one.fail(code, message, data, "none");
    one.factor *= 2;
    one.id = -1;
    one.after(wait, () => {
      one.id = 0;
      this.#flush();
    });
  }

  up() {
    this.isUp = true;
    this.#flush();
  }

  down() {
    this.isUp = false;
    for (const one of [...this.#all]) {
      if (one.id > 0 && !one.again) one.fail("offline", WORDS.cut);
      else if (!one.linkMs) one.fail("offline");
      else if (one.id > 0) one.id = 0;
    }
  }

  end() {
    this.isUp = false;
    [...this.#all].forEach((one) => one.fail("ended"));
  }
}

/** Changes of the cart, one at a time; those of a SKU merge while they wait. */
class CartEdits {
  #edits = new Map(); // By SKU; "" empties the cart.
  #works = false;

  constructor(run, known) {
    this.run = run;
    this.known = known;
  }

  change(sku, { qty, plus = 0 }, options) {
    const edit = this.#edits.get(sku) ?? this.#add(sku);
    if (qty !== undefined) [edit.qty, edit.plus] = [qty, 0];
    edit.plus += plus;
    return this.#wait(edit, options);
  }

  clear(options) {
    const overtaken = [...this.#edits.values()];
    this.#edits.clear();
    const edit = this.#add("");
    overtaken.forEach((other) => other.resolve(edit.promise));
    return this.#wait(edit, options);
  }

  #add(sku) {
    const edit = { sku, plus: 0, waiters: 0, off: new AbortController() };
    edit.promise = new Promise((resolve, reject) => Object.assign(edit, { resolve, reject }));
    this.#edits.set(sku, edit);
    return edit;
  }

  /** An edit goes with the last who waits for it. */
  #wait(edit, { timeoutMs = MS.cart, signal } = {}) {
    edit.waiters++;
    if (!this.#works) this.#work();
    return new Promise((resolve, reject) => {
      const fail = (code) => {
        if (!--edit.waiters) this.#leave(edit), edit.off.abort();
        reject(new YellowCartError(code, undefined, { outcome: edit.isSent ? "unknown" : "none" }));
      };
      const timer = setTimeout(() => fail(edit.isSent ? "timeout" : "offline"), timeoutMs);
      const forget = onAbort(signal, () => fail("aborted"));
      edit.promise.then(resolve, reject).then(() => (clearTimeout(timer), forget()));
      if (signal?.aborted) fail("aborted");
    });
  }

  async #work() {
    this.#works = true;
    for (const edit of this.#edits.values()) {
      await this.#send(edit).then(edit.resolve, edit.reject);
      this.#leave(edit);
    }
    this.#works = false;
  }

  async #send(edit) {
    const { sku } = edit;
    const options = { timeoutMs: MS.never, signal: edit.off.signal };
    let known = this.known(sku);
    if (sku && edit.qty === undefined) known ??= qtyIn(await this.run("cart.get", {}, options), sku);
    return this.run(sku ? "cart.set" : "cart.clear", () => {
      edit.isSent = true;
      this.#leave(edit);
      return sku && { sku, qty: (edit.qty ?? this.known(sku) ?? known) + edit.plus };
    }, options);
  }

  #leave(edit) {
    if (this.#edits.get(edit.sku) === edit) this.#edits.delete(edit.sku);
  }
}

class Live {
  #options;
  #kept;
  #clock = { offset: Date.now() - tick(), slack: Infinity };
  #commands = new Commands((message) => this.#send(message));
  #edits = new CartEdits(
    (...given) => this.#cartOf(...given),
    (sku) => (this.#cartIsFresh ? qtyIn(this.#now.cart, sku) : undefined),
  );
  #token;
  #why; // Why a token is to be asked for first.
  #socket = null;
  #turn = 0; // What an older attempt brings is ignored.
  #attempts = 0;
  #retry = 0;
  #notBefore = 0;
  #wasOpen = false;
  #joinId = 0;
  #joinedAt = 0;
  #since = null; // What was applied last.
  #target = 0; // The seq at which it is up to date.
  #heard = 0;
  #ping = { id: 0, at: 0 };
  #alive = 0;
  #handlers = new Map();
  #watchers = new Set();
  #due = [];
  #now; // The state in the making.
  #isChanged = false;
  #unshown = [];
  #recent = []; // For who listens late.
  #chatTimer = 0;
  #likes = { n: 0, since: 0, sent: -MS.like, timer: 0 };
  #requests = new Set();
  #joiners = [];
  #isClosed = false;
  #forget;
  #state;
  #cartIsFresh = false;

  constructor(options) {
    const { url, token, getToken, storage, signal } = options;
    this.#options = options;
    this.url = (url || new URL(import.meta.url).origin).replace(/\/+$/, "");
    this.#kept = new Kept(this.url, storage);
    this.#token = token;
    this.#why = !token && getToken && "start";
    this.#now = {
      conn: "connecting", show: null, pin: null, bag: frozen([]), stock: frozen({}), viewers: 0, likes: 0,
      sales: frozen({}), me: null, cart: null, checkout: null,
    };
    this.#state = frozen({ ...this.#now });
    this.ready = this.#nextJoin();
    this.#forget = onAbort(signal, () => this.close());
    if (signal?.aborted) this.close();
    else this.#start();
  }

  get state() {
    return this.#state;
  }

  now = () => Math.round(tick() + this.#clock.offset);

  cart = {
    get: (options) => this.#cartOf("cart.get", {}, options),
    set: (sku, qty, options) => result(this.#edits.change(sku, { qty }, options), BUY),
    add: (sku, plus = 1, options) => result(this.#edits.change(sku, { plus }, options), BUY),
    clear: (options) => this.#edits.clear(options),
  };

  checkout = {
    open: ({ expect, ...options } = {}) =>
      result(this.#purchase("checkout.open", { expected_total: expect }, options), BUY),
    pay: (method, options) => result(this.#pay(method, options), PAY),
    get: (id, options) => this.#checkoutOf("checkout.get", { checkout: id }, options).catch((error) => {
      if (error.code === "not_found") return null;
      throw error;
    }),
    cancel: async (checkout = this.#state.checkout?.id, options) => {
      if (!checkout) throw new YellowCartError("not_found");
      return this.#checkoutOf("checkout.cancel", { checkout }, { timeoutMs: MS.pay, linkMs: MS.link, ...options });
    },
  };

  chat = {
    send: (text, options) => {
      const said = this.#run("chat.send", { text }, { linkMs: MS.link, ...options, again: false });
      return result(said.then((ok) => ok.message), SAY);
    },
  };

  host = Object.fromEntries(Object.entries(HOST).map(([name, command]) => [name, async (...given) => {
    const [op, ...names] = command.split(" ");
    const fields = Object.fromEntries(names.map((field, n) => [field, given[n]]));
    const { bag } = await this.#run(op, fields, { ...given[names.length], linkMs: 0, again: false });
    return bag && frozen(bag.map(this.#item));
  }]));

  buy(sku, { qty = 1, ...options } = {}) {
    return result(this.#purchase("buy", { sku, qty }, options), BUY);
  }

  lookup(key) {
    return result(this.#lookup(key), BUY);
  }

  order(id) {
    return this.http("GET", `/v1/orders/${encodeURIComponent(id)}`);
  }

  retry() {
    this.#wake({ type: "online" });
  }

  // The link.

  #start() {
    for (const type of WAKING) addEventListener(type, this.#wake);
    this.#connect();
  }

  /** Another network, or seen again: look at once, unless told to wait. */
  #wake = ({ type }) => {
    if (document.hidden && type === "visibilitychange") return;
    if (this.#joinedAt) this.#probe();
    else if (type === "offline") this.#conn();
    else if ((this.#retry || (this.#socket && type === "online")) && tick() >= this.#notBefore) this.#connect();
  };

  async #connect() {
    this.#drop();
    const turn = this.#turn;
    this.#conn();
    try {
      const token = this.#why ? await this.#options.getToken(this.#why) : this.#token;
      if (turn !== this.#turn) return;
      this.#token = token;
      this.#why = null;
      this.#alive = setTimeout(() => this.#down(), MS.attempt);
      const socket = new WebSocket(`${this.url.replace(/^http/, "ws")}/live`, "yellowcart.v1.json");
      this.#socket = socket;
      socket.onopen = () => this.#join();
      socket.onmessage = ({ data }) => this.#receive(data);
      socket.onclose = ({ code }) => this.#down(code);
    } catch (error) {
      report(error);
      if (turn === this.#turn) this.#down();
    }
  }

  #join() {
    this.#wasOpen = true;
    const join = { id: (this.#joinId = this.#commands.id()), op: "join", show: this.#options.show };
    const guest = this.#kept.get("guest");
    if (this.#token) join.token = this.#token;
    if (guest && (!this.#token || isViewer(this.#token))) join.guest_token = guest;
    if (this.#since) join.since = this.#since;
    this.#send(join);
  }

  #send(message) {
    if (this.#options.debug) console.debug("yc →", message);
    if (this.#socket?.readyState === 1) this.#socket.send(JSON.stringify(message, whole));
  }

  /** Let go of the socket; its close may take a minute, or never come. */
  #drop() {
    const socket = this.#socket;
    const joinedAt = this.#joinedAt;
    clearTimeout(this.#alive);
    clearTimeout(this.#retry);
    this.#turn++;
    this.#socket = null;
    this.#retry = this.#joinedAt = this.#joinId = this.#target = 0;
    this.#cartIsFresh = false;
    if (socket) {
      socket.onopen = socket.onmessage = socket.onclose = null;
      socket.close();
    }
    if (!joinedAt) return false;
    if (tick() - joinedAt > MS.steady) this.#attempts = 0;
    this.#set("lostAt", Date.now());
    this.#commands.down();
    return true;
  }

  #down(code, waitMs = 0) {
    const wasUp = this.#drop();
    // Before the join: a page that was suspended, perhaps.
    if (code === 4400 && (wasUp || this.#attempts > 3)) return this.#fatal("version");
    if (code === 4403) return this.#fatal("forbidden");
    if (code === 4409) return this.#fatal("ended", WORDS.replaced);
    if (code === 4401) {
      if (!this.#token) this.#kept.set("guest");
      else if (this.#options.getToken) this.#why = "expired";
      else return this.#fatal("unauthorized");
      if (wasUp) return this.#connect();
    }
    if (code === 4429) waitMs = MS.tooMany;
    if (code === 1001) waitMs = Math.random() * 1000;
    this.#notBefore = tick() + waitMs;
    const backOff = Math.random() * Math.min(MS.mostBackOff, MS.backOff * 2 ** this.#attempts++);
    this.#retry = setTimeout(() => this.#connect(), waitMs + backOff);
    this.#conn();
    if (!this.#wasOpen && this.#retry) this.#askWhy();
  }

  /** A browser does not say why it was refused, the server does. */
  async #askWhy() {
    const said = await this.#fetch("/v1/client").then((answer) => answer.json()).catch(() => null);
    if (said?.allowed !== false || this.#wasOpen || this.#now.conn === "closed") return;
    console.error(said.message);
    this.#fatal("forbidden", said.message);
  }

  #conn() {
    const conn = navigator.onLine === false ? "offline" : this.#since ? "reconnecting" : "connecting";
    if (conn !== this.#now.conn) this.#tell("conn", conn);
    this.#commit();
  }

  #fatal(code, words, data) {
    const error = new YellowCartError(code, words, { data });
    this.#end(error);
    this.#emit("error", error);
    this.#commit();
  }

  #end(error) {
    for (const type of WAKING) removeEventListener(type, this.#wake);
    this.#commands.end();
    this.#drop();
    clearTimeout(this.#chatTimer);
    clearTimeout(this.#likes.timer);
    this.#chatTimer = this.#likes.timer = this.#likes.n = 0;
    this.#unshown = [];
    this.#tell("conn", "closed");
    this.#joiners.splice(0).forEach(({ reject }) => reject(error));
  }

  close() {
    if (this.#isClosed) return;
    this.#isClosed = true;
    this.#forget?.();
    if (this.#now.conn !== "closed") this.#end(new YellowCartError("ended"));
    this.#requests.forEach((request) => request.abort());
    this.#commit();
    this.#handlers.forEach((handlers) => handlers.clear());
    this.#watchers.clear();
  }

  #nextJoin() {
    const joined = new Promise((resolve, reject) => this.#joiners.push({ resolve, reject }));
    joined.catch(() => {}); // There is the error event.
    return joined;
  }

  // Liveness.

  #guard = () => {
    const now = tick();
    if (this.#ping.waits && this.#heard < this.#ping.at) return this.#down();
    this.#ping.waits = false;
    const silent = now - this.#heard;
    if (silent >= MS.silent || now - this.#ping.at >= MS.measure) return this.#probe();
    this.#alive = setTimeout(this.#guard, MS.silent - silent);
  };

  #probe() {
    clearTimeout(this.#alive);
    this.#ping = { id: this.#commands.id(), at: tick(), waits: true };
    this.#send({ id: this.#ping.id, op: "ping" });
    this.#alive = setTimeout(this.#guard, MS.pong);
  }

  /** The shortest round trip knows best. */
  #measure({ ok }) {
    if (!ok) return;
    const slack = (tick() - this.#ping.at) / 2;
    const offset = ok.at - this.#ping.at - slack;
    // More than both may err: this machine slept, or a clock was set.
    const jumped = Math.abs(offset - this.#clock.offset) > slack + this.#clock.slack + 1;
    if (jumped || slack < this.#clock.slack) this.#clock = { offset, slack };
  }

  // What comes in.

  #receive(data) {
    const socket = this.#socket;
    this.#heard = tick();
    const messages = [JSON.parse(data)].flat();
    if (this.#options.debug) console.debug("yc ←", ...messages);
    for (const message of messages) {
      if (message.ev) this.#event(message);
      else if (message.re === this.#joinId) this.#joined(message);
      else if (message.re === this.#ping.id) this.#measure(message);
      else this.#commands.answer(message);
      if (this.#socket !== socket) return;
    }
    this.#commit();
  }

  #joined({ ok, error }) {
    if (error) return this.#refused(error);
    const first = !this.#since;
    const isNew = !!ok.guest_token;
    this.#joinedAt = tick();
    this.#joinId = 0;
    this.#cartIsFresh = isNew; // A new guest's is empty.
    this.#commands.up();
    if (isNew) this.#kept.set("guest", ok.guest_token);
    else if (this.#token && isViewer(this.#token)) this.#kept.set("guest");
    if (this.#now.me && this.#now.me.id !== ok.viewer.id) {
      this.#set("cart", null);
      this.#set("checkout", null);
    }
    this.#keep("me", ok.viewer);
    if (ok.recovered) this.#gauges(ok);
    else this.#replace(ok);
    delete this.#now.lostAt;
    this.#probe();
    this.#sendLikes();
    if (!isNew) this.#catchUp();
    this.#tell("conn", "online");
    if (this.#since.seq < ok.seq) this.#target = ok.seq;
    else this.#upToDate(ok.recovered, first);
    this.#commit();
    if (this.#joinedAt) this.#joiners.splice(0).forEach(({ resolve }) => resolve(this.#state));
  }

  #refused({ code, message, data }) {
    if (code === "unauthorized") this.#down(4401);
    else if (data?.retry_after_ms) this.#down(0, data.retry_after_ms);
    else this.#fatal(code, message, data);
  }

  #upToDate(recovered, first) {
    this.#target = 0;
    this.#emit("ready", { recovered, first });
  }

  /** Private events may have been missed. */
  #catchUp() {
    const checkout = this.#kept.get("checkout") ?? undefined;
    this.#cartOf("cart.get", {}).catch(() => {});
    this.#checkoutOf("checkout.get", { checkout }).catch(({ code }) => {
      if (code === "not_found") this.#kept.set("checkout");
    });
  }

  #gauges({ stock, viewers, likes }) {
    this.#keep("stock", stock);
    this.#keep("viewers", viewers);
    this.#keep("likes", likes);
  }

  /** The snapshot is the truth. */
  #replace({ epoch, seq, show, bag, pinned, chat, ...gauges }) {
    const from = this.#since?.seq;
    this.#since = { epoch, seq };
    if (from !== undefined) this.#emit("gap", { from, to: seq });
    if (this.#keep("show", this.#show(show))) this.#emit("show", this.#now.show);
    if (this.#keep("bag", bag.map(this.#item))) this.#emit("bag", this.#now.bag);
    if (this.#pin(pinned?.product, pinned?.at)) this.#emit("pin", this.#now.pin);
    this.#gauges(gauges);
    this.#unshown = [];
    this.#recent = chat.map(toChat);
    this.#emit("chat", { messages: [...this.#recent], reset: true });
  }

  #event(event) {
    if (event.ev === "snapshot") {
      this.#replace(event);
      if (this.#target) this.#upToDate(false, false);
      return;
    }
    if (event.seq) {
      if (event.seq <= this.#since.seq) return;
      // Something is missing: the next join brings it.
      if (event.seq > this.#since.seq + 1) return this.#down(4408);
      this.#since.seq = event.seq;
    }
    this.#apply[event.ev]?.(event);
    if (this.#target && this.#since.seq >= this.#target) this.#upToDate(true, false);
  }

  #apply = {
    "show.started": ({ show }) => this.#tell("show", this.#show(show)),
    "show.ended": ({ show }) => this.#tell("show", this.#show(show)),
    pinned: ({ product, at }) => {
      this.#pin(product, at);
      this.#emit("pin", this.#now.pin);
    },
    unpinned: () => this.#tell("pin", null),
    "bag.changed": ({ bag }) => {
      this.#bag(bag.map(this.#item));
      this.#emit("bag", this.#now.bag);
    },
    "product.changed": ({ product }) => {
      const fresh = this.#product(product);
      this.#bag(this.#now.bag.map((item) => (item.product.id === fresh.id ? { ...item, product: fresh } : item)));
      this.#emit("product", fresh);
    },
    chat: (event) => {
      const said = toChat(event);
      this.#recent = [...this.#recent, said].slice(-MOST.recent);
      if (!this.#handlers.get("chat")?.size) return;
      this.#unshown.push(said);
      if (this.#unshown.length > MOST.chat) this.#unshown.shift();
      this.#chatTimer ||= setTimeout(this.#flushChat, MS.chat);
    },
    "chat.deleted": ({ message }) => {
      const stays = (said) => said.message !== message;
      this.#unshown = this.#unshown.filter(stays);
      this.#recent = this.#recent.filter(stays);
      this.#emit("chatDeleted", message);
    },
    purchase: ({ ev, seq, ...purchase }) => this.#emit(ev, purchase),
    stock: ({ sku, left }) => {
      // Once a batch: commit freezes it.
      if (Object.isFrozen(this.#now.stock)) this.#set("stock", { ...this.#now.stock });
      this.#now.stock[sku] = left;
      this.#emit("stock", { sku, left });
    },
    viewers: ({ n }) => this.#tell("viewers", n),
    likes: ({ n }) => this.#tell("likes", n),
    sales: ({ ev, at, ...total }) => {
      this.#set(ev, frozen({ ...this.#now.sales, [total.currency]: total }));
      this.#emit(ev, total);
    },
    cart: ({ cart }) => (cart.version < this.#now.cart?.version && this.#cartIsFresh) || this.#takeCart(cart),
    checkout: ({ checkout }) => this.#takeCheckout(checkout),
    order: ({ order }) => this.#emit("order", frozen(order)),
  };

  #bag(bag) {
    this.#set("bag", frozen(bag));
    this.#pin(this.#now.pin?.product.id, this.#now.pin?.at);
  }

  #pin(id, at) {
    const product = this.#now.bag.find((item) => item.product.id === id)?.product;
    return this.#keep("pin", product ? { product, at } : null);
  }

  #takeCart(cart) {
    this.#cartIsFresh = true;
    if (this.#keep("cart", cart)) this.#emit("cart", cart);
    return this.#now.cart;
  }

  /** Another checkout counts when it is open, or the known one is not. */
  #takeCheckout(checkout) {
    const known = this.#now.checkout;
    if (checkout.action) checkout.action.url = this.#absolute(checkout.action.url);
    const isNews = known?.id === checkout.id
      ? checkout.version > known.version - (checkout.place ? 1 : 0)
      : isOpen(checkout) || (!isOpen(known) && !(checkout.pay_by < known?.pay_by));
    if (!isNews) return known.id === checkout.id ? known : frozen(checkout);
    this.#kept.set("checkout", isOpen(checkout) ? checkout.id : null);
    this.#tell("checkout", frozen(checkout));
    return checkout;
  }

  #absolute = (url) => (url.startsWith("/") ? this.url + url : url);
  #product = (product) => ({ ...product, images: product.images.map(this.#absolute) });
  #item = (item) => ({ ...item, product: this.#product(item.product) });

  #show(show) {
    if (show.playback_url) show.playback_url = this.#absolute(show.playback_url);
    return frozen(show);
  }

  // State and events.

  #set(name, value) {
    this.#now[name] = value;
    this.#isChanged = true;
  }

  /** What says the same stays the same object. */
  #keep(name, value) {
    if (same(this.#now[name], value)) return false;
    this.#set(name, frozen(value));
    return true;
  }

  #emit(name, value) {
    this.#due.push([name, value]);
  }

  #tell(name, value) {
    this.#set(name, value);
    this.#emit(name, value);
  }

  #commit() {
    const isChanged = this.#isChanged;
    if (isChanged) {
      this.#isChanged = false;
      Object.freeze(this.#now.stock);
      this.#state = Object.freeze({ ...this.#now });
    }
    for (const [name, value] of this.#due.splice(0)) this.#call(this.#handlers.get(name), value);
    if (isChanged) this.#call(this.#watchers);
  }

  #call(fns = [], value) {
    for (const fn of [...fns]) {
      try {
        if (fns.has(fn)) fn(value);
      } catch (error) {
        report(error);
      }
    }
  }

  #flushChat = () => {
    clearTimeout(this.#chatTimer);
    this.#chatTimer = 0;
    const messages = this.#unshown;
    this.#unshown = [];
    if (messages.length) this.#call(this.#handlers.get("chat"), { messages, reset: false });
  };

  watch(pick, fn, { signal } = {}) {
    let before = pick(this.#state);
    return this.#added(this.#watchers, () => {
      const now = pick(this.#state);
      const was = before;
      before = now;
      if (!Object.is(now, was)) fn(now, was);
    }, signal);
  }

  on(name, fn, { signal, once } = {}) {
    const handlers = this.#handlers.get(name) ?? new Set();
    this.#handlers.set(name, handlers);
    if (name === "chat") this.#flushChat();
    const off = this.#added(handlers, (value) => {
      if (once) off();
      fn(value);
    }, signal);
    if (name === "chat" && this.#since && !this.#isClosed) {
      this.#call(new Set([fn]), { messages: [...this.#recent], reset: true });
    }
    return off;
  }

  #added(fns, fn, signal) {
    const off = () => {
      forget();
      fns.delete(fn);
    };
    const forget = onAbort(signal, off);
    if (!this.#isClosed && !signal?.aborted) fns.add(fn);
    return off;
  }

  // Commands.

  async #run(op, fields, options) {
    if (this.#now.conn === "closed") throw new YellowCartError("ended", undefined, { key: fields.key });
    return this.#commands.run(op, fields, options);
  }

  async #cartOf(op, fields, options) {
    const { cart } = await this.#run(op, fields, options);
    const taken = this.#takeCart(cart);
    this.#commit();
    return taken;
  }

  async #checkoutOf(op, fields, options) {
    const { checkout } = await this.#run(op, fields, options);
    const taken = this.#takeCheckout(checkout);
    this.#commit();
    return taken;
  }

  /** Its key is kept until it is answered: after a reload the same purchase repeats it. */
  async #purchase(op, body, { key, ...options } = {}) {
    const pending = this.#kept.get("pending");
    const repeats = !key && pending?.op === op && same(pending.body, body) && Date.now() - pending.at < MS.pending;
    const used = key ?? (repeats ? pending.key : newKey());
    let isAnswered = true;
    this.#kept.set("pending", { key: used, op, body, at: Date.now() });
    try {
      const checkout = await this.#checkoutOf(op, { ...body, key: used }, { linkMs: MS.link, ...options });
      if (!repeats || isOpen(checkout)) return checkout;
    } catch (error) {
      isAnswered = error.outcome === "none";
      throw error;
    } finally {
      if (isAnswered && this.#kept.get("pending")?.key === used) this.#kept.set("pending");
    }
    return this.#purchase(op, body, options); // That one is over.
  }

  async #lookup(key) {
    const pending = this.#kept.get("pending");
    if (pending?.key !== key) throw new YellowCartError("not_found", undefined, { key });
    return this.#purchase(pending.op, pending.body, { key });
  }

  async #pay(method, { checkout = this.#state.checkout?.id, shipTo, ...options } = {}) {
    const look = () => this.#checkoutOf("checkout.get", { checkout });
    let wasResent = false;
    if (!checkout) throw new YellowCartError("not_found");
    try {
      return await this.#checkoutOf("checkout.pay", { checkout, method, ship_to: shipTo ?? undefined }, {
        timeoutMs: MS.pay, linkMs: MS.link, ...options, resent: () => (wasResent = true),
      });
    } catch (error) {
      // It is being paid, or the first try ended it.
      if (error.code === "in_progress" || (wasResent && error.code === "conflict")) return look();
      if (error.code === "payment_declined") await look().catch(() => {}); // For the state.
      throw error;
    }
  }

  like(count = 1) {
    const likes = this.#likes;
    if (this.#now.conn === "closed") return;
    if (!likes.n) likes.since = tick();
    likes.n = Math.min(likes.n + count, MOST.likes);
    if (!likes.timer) this.#sendLikes();
  }

  #sendLikes() {
    const likes = this.#likes;
    const now = tick();
    clearTimeout(likes.timer);
    likes.timer = 0;
    if (now - likes.since > MS.likes) likes.n = 0;
    if (likes.n && this.#joinedAt && now - likes.sent >= MS.like) {
      const count = Math.min(likes.n, MOST.like);
      this.#send({ id: this.#commands.id(), op: "like", count });
      likes.n -= count;
      likes.sent = likes.since = now;
    }
    if (likes.n) likes.timer = setTimeout(() => this.#sendLikes(), MS.like);
  }

  async signIn(token) {
    if (this.#isClosed) throw new YellowCartError("ended");
    this.#token = token;
    this.#why = null;
    const joined = this.#nextJoin();
    if (this.#now.conn === "closed") this.#start();
    else this.#connect();
    return joined;
  }

  async #fetch(path, init) {
    const request = new AbortController();
    const timer = setTimeout(() => request.abort(), MS.command);
    this.#requests.add(request);
    try {
      return await fetch(this.url + path, { ...init, signal: request.signal });
    } finally {
      clearTimeout(timer);
      this.#requests.delete(request);
    }
  }

  async http(method, path, body, headers) {
    const all = new Headers(headers);
    const bearer = this.#token ?? this.#kept.get("guest");
    if (bearer) all.set("Authorization", `Bearer ${bearer}`);
    if (body !== undefined) all.set("Content-Type", "application/json");
    const answer = await this.#fetch(path, { method, headers: all, body: JSON.stringify(body) }).catch((cause) => {
      const code = cause.name === "AbortError" ? "timeout" : "offline";
      throw new YellowCartError(code, undefined, { cause, outcome: method === "GET" ? "none" : "unknown" });
    });
    const said = await answer.json().catch(() => null);
    if (answer.ok) return said;
    throw new YellowCartError(said?.code ?? "unavailable", said?.detail ?? WORDS.timeout, { data: said?.data });
  }
}
