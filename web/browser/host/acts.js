// A host's acts: sent at once or not at all, believed only when the LIVE has told of them.

import * as words from "./words.js";

const CONFIRM_MS = 2000;
const PATIENT_MS = 5000;
// How long after a lost answer an event still counts as the late effect of one's own act.
const LATE_MS = 60_000;
// Two pins so close together are a race: who lost it is told so.
const RACE_MS = 3000;
const MUTE_S = 600;
const UNDO = { isUndo: true };

export class Acts {
  #desk;
  #log;
  #sent = [];
  #status = new Map();
  #listeners = new Set();
  #bag;
  #pin;
  #myPin = { id: null, at: 0 };
  #show;

  constructor(desk, log) {
    this.#desk = desk;
    this.#log = log;
    this.#bag = desk.state.bag;
    this.#pin = desk.state.pin?.product.id ?? null;
    this.#show = desk.state.show?.state;
    // Events, not the state: of two pins in one batch the state shows the second only.
    desk.on("pin", (pin) => this.#pinned(pin?.product.id ?? null));
    desk.on("bag", (bag) => this.#bagChanged(bag));
    desk.on("product", (product) => this.#productChanged(product));
    desk.on("show", (show) => this.#showChanged(show.state));
    desk.watch((state) => state.conn, () => this.#forgetStatus());
  }

  // What a row shows while its pin is under way: undefined, or {state, text}.

  status(product) {
    return this.#status.get(product);
  }

  onStatus(fn) {
    this.#listeners.add(fn);
  }

  #setStatus(product, status) {
    if (status) this.#status.set(product, status);
    else this.#status.delete(product);
    this.#listeners.forEach((fn) => fn(product));
  }

  #forgetStatus() {
    for (const product of [...this.#status.keys()]) this.#setStatus(product, null);
  }

  // Acts. Each gives whether it was confirmed. `how.isUndo`: it takes one back, and is not undone itself.

  async pin(product, how) {
    if (this.status(product)?.state === "pinning") return false;
    this.#setStatus(product, { state: "pinning", text: words.bag.pinning });
    const fail = (error) => {
      const text = this.#whyNoPin(error);
      this.#setStatus(product, { state: "failed", text });
      this.#desk.say(`${this.#desk.title(product)}: ${text}`, { assertive: true });
    };
    const run = () => this.#desk.live.host.pin(product, { timeoutMs: CONFIRM_MS });
    const isDone = await this.#send(`pin:${product}`, run, fail, how);
    if (!isDone) return false;
    await this.#settled(() => this.#pin === product);
    if (this.status(product)) this.#setStatus(product, null);
    return true;
  }

  /** An answer may come before the event that shows its effect; give that a moment. */
  async #settled(isSo) {
    for (let waits = 0; waits < 20 && !isSo(); waits += 1) await new Promise((done) => { setTimeout(done, 25); });
  }

  unpin(how) {
    return this.#do("unpin", (options) => this.#desk.live.host.unpin(options), words.air.unpin, how);
  }

  add(product, how) {
    return this.#do(`bag:${product}`, (options) => this.#desk.live.host.add(product, options), words.picker.add, how);
  }

  remove(product, how) {
    const run = (options) => this.#desk.live.host.remove(product, options);
    return this.#do(`bag:${product}`, run, words.bag.remove, how);
  }

  move(product, position, how) {
    const run = (options) => this.#desk.live.host.move(product, position, options);
    return this.#do(`bag:${product}`, run, words.bag.move, how);
  }

  start() {
    return this.#do("show:live", (options) => this.#desk.live.host.start(options), words.start.go);
  }

  end() {
    return this.#do("show:ended", (options) => this.#desk.live.host.end(options), words.end.end);
  }

  async deleteMessage(message, name) {
    const run = (options) => this.#desk.live.host.deleteMessage(message, options);
    const isDone = await this.#do(null, run, words.chat.remove);
    if (isDone) this.#log.tell(words.done.deleted(name));
    return isDone;
  }

  async mute(viewer, name) {
    const set = (seconds) => {
      const run = (options) => this.#desk.live.host.mute(viewer, seconds, options);
      return this.#do(null, run, words.chat.mute);
    };
    const isDone = await set(MUTE_S);
    if (isDone) this.#log.add(words.done.muted(name), () => set(0));
    return isDone;
  }

  async ban(viewer, name, reason) {
    const run = (options) => this.#desk.live.host.ban(viewer, reason, options);
    const isDone = await this.#do(null, run, words.chat.banNow);
    if (isDone) this.#log.tell(words.done.banned(name));
    return isDone;
  }

  #do(key, run, what, how) {
    const fail = (error) => this.#log.tell(this.#why(error, what), { warn: true });
    return this.#send(key, () => run({ timeoutMs: PATIENT_MS }), fail, how);
  }

  async #send(key, run, fail, { isUndo = false } = {}) {
    if (!this.#desk.online) {
      fail({ code: "offline" });
      return false;
    }
    const mine = { key, until: performance.now() + LATE_MS, isLate: false, isUndo };
    if (key) this.#sent.push(mine);
    try {
      await run();
      // What was so already has no event: do not wait for one.
      mine.until = performance.now() + CONFIRM_MS;
      return true;
    } catch (error) {
      if (error.outcome === "unknown") mine.isLate = true;
      else this.#sent = this.#sent.filter((other) => other !== mine);
      fail(error);
      return false;
    }
  }

  #whyNoPin(error) {
    if (error.outcome === "unknown") return words.bag.notConfirmed;
    return error.code === "not_found" ? words.bag.notThere : this.#why(error);
  }

  #why(error, what) {
    if (error.outcome === "unknown") return words.failed.unknown(what);
    if (error.code === "offline") return words.link.off;
    if (error.code === "closed") return words.failed.closed;
    return words.failed.again(error.message);
  }

  // What the LIVE tells. Ours can be undone; what others did is told in words.

  /** Take one's own act of this name, if there is one that waits for its effect. */
  #own(key) {
    const now = performance.now();
    this.#sent = this.#sent.filter((mine) => mine.until > now);
    const found = this.#sent.find((mine) => mine.key === key);
    if (found) this.#sent = this.#sent.filter((mine) => mine !== found);
    return found;
  }

  #expects(key) {
    return this.#sent.some((mine) => mine.key === key && mine.until > performance.now());
  }

  #note(mine, text, undo, isStill) {
    if (!mine.isUndo) this.#log.add(mine.isLate ? words.done.late(text) : text, undo, isStill);
  }

  #pinned(now) {
    const [before, desk] = [this.#pin, this.#desk];
    if (now === before) return;
    this.#pin = now;
    for (const product of new Set([before, now])) if (product && this.status(product)) this.#setStatus(product, null);
    const mine = this.#own(now ? `pin:${now}` : "unpin");
    if (!mine) return this.#pinnedElsewhere(now, before);
    const title = desk.title(now ?? before);
    if (now) this.#myPin = { id: now, at: performance.now() };
    const undo = () => (before && this.#inBag(before) ? this.pin(before, UNDO) : this.unpin(UNDO));
    this.#note(mine, now ? words.done.pinned(title) : words.done.unpinned(title), undo, () => this.#pin === now);
  }

  #pinnedElsewhere(now, before) {
    const title = this.#desk.title(now ?? before);
    // Ending takes the pin away first; that is told as the end.
    if (!now && (!this.#desk.isLive || this.#expects("show:ended"))) return;
    const isRace = now && before === this.#myPin.id && performance.now() - this.#myPin.at < RACE_MS;
    if (isRace) this.#log.tell(words.others.pinnedOver(title, this.#desk.title(before)), { warn: true });
    else this.#log.tell(now ? words.others.pinned(title) : words.others.unpinned(title));
  }

  #inBag(product) {
    return this.#bag.some((item) => item.product.id === product);
  }

  #bagChanged(now) {
    const before = this.#bag;
    this.#bag = now;
    const [was, is] = [ids(before), ids(now)];
    const added = is.filter((id) => !was.includes(id));
    const removed = was.filter((id) => !is.includes(id));
    for (const id of added) this.#tellBag(id, words.done.added, words.others.added, () => this.remove(id, UNDO), true);
    for (const id of removed) {
      const place = was.indexOf(id) + 1;
      this.#tellBag(id, words.done.removed, words.others.removed, () => this.#putBack(id, place), false);
    }
    if (!added.length && !removed.length) this.#tellMoves(was, is);
  }

  #tellBag(id, mine, theirs, undo, isThere) {
    const [own, title] = [this.#own(`bag:${id}`), this.#desk.title(id)];
    if (own) this.#note(own, mine(title), undo, () => this.#inBag(id) === isThere);
    else this.#log.tell(theirs(title));
  }

  async #putBack(product, place) {
    return (await this.add(product, UNDO)) && this.move(product, place, UNDO);
  }

  #tellMoves(was, is) {
    if (was.every((id, index) => id === is[index])) return;
    const moved = is.find((id) => this.#expects(`bag:${id}`));
    const own = moved && this.#own(`bag:${moved}`);
    if (!own) return this.#log.tell(words.others.moved);
    const [from, to] = [was.indexOf(moved) + 1, is.indexOf(moved) + 1];
    const text = words.done.moved(this.#desk.title(moved), to);
    this.#note(own, text, () => this.move(moved, from, UNDO), () => ids(this.#bag).indexOf(moved) + 1 === to);
  }

  #productChanged(product) {
    const before = this.#bag.find((item) => item.product.id === product.id);
    this.#bag = this.#desk.state.bag;
    if (!before) return;
    const [was, is] = [this.#desk.price(before.product).text, this.#desk.price(product).text];
    if (was !== is) this.#log.tell(words.others.price(product.title, is, was));
  }

  #showChanged(now) {
    const before = this.#show;
    this.#show = now;
    if (now === before || (now !== "live" && before !== "live")) return;
    const isMine = this.#own(`show:${now}`);
    const said = isMine ? words.done : words.others;
    this.#log.tell(now === "live" ? said.started : said.ended, { warn: !isMine });
  }
}

const ids = (bag) => bag.map((item) => item.product.id);
