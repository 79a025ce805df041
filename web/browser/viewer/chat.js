// The chat: what others say, in rows that are used again, and the field to answer in.
import { h, icon } from "../common/dom.js";
import * as words from "./words.js";

const FLUSH_MS = 100;
const ROWS = { phone: 80, wide: 200 };
/** From so full on, rows go; down to so full. */
const FULL = 0.75;
const LEAN = 0.6;
/** Rows a second at most; the host's, one's own and those that name one are always shown. */
const RATE = { usual: 20, calm: 1 };
const WAITING = 300;
const PURCHASE_MS = 4000;

export class Chat {
  #ctx;
  #rows = h("ol", { class: "chat-rows", role: "list" });
  #queue = [];
  #held = [];
  #byId = new Map();
  #free = [];
  #trimming = 0;
  #trimmedAt = 0;
  #tokens = RATE.usual;
  #filledAt = 0;
  #timer = 0;
  #skipped = 0;
  #isPaused = false;
  #boughtAt = -PURCHASE_MS;
  #listeners = [];
  isCalm = false;

  /** In a section, before its field. */
  constructor(ctx, section, field) {
    this.#ctx = ctx;
    this.log = h("div", { class: "chat-log", role: "log", "aria-live": "off", "aria-label": "Messages", tabIndex: 0 }, this.#rows);
    this.fresh = h("button", { class: "chat-new", type: "button", hidden: true, on: { click: () => this.resume() } });
    this.more = h("span", { class: "chat-more", hidden: true });
    this.box = h("div", { class: "chat-box" }, this.log, this.more, this.fresh);
    section.insertBefore(this.box, field);
    const { live, signal } = ctx;
    live.on("chat", ({ messages, reset }) => this.#take(messages, reset), { signal });
    live.on("chatDeleted", (id) => this.#delete(id), { signal });
    live.on("purchase", (purchase) => this.#bought(purchase), { signal });
    live.watch((state) => state.show.state, () => this.#later(), { signal });
    this.log.addEventListener("scroll", () => this.#scrolled(), { signal, passive: true });
    this.log.addEventListener("focus", () => this.log.matches(":focus-visible") && this.pause(), { signal });
    this.log.addEventListener("blur", () => this.#isAtEnd() && this.resume(), { signal });
    // Told between layout and paint: there scrolling to the end costs no layout of its own.
    const resized = new ResizeObserver(() => this.#isPaused || this.#toEnd());
    resized.observe(this.log);
    resized.observe(this.#rows);
    document.addEventListener("visibilitychange", () => document.hidden || this.#later(), { signal });
    signal.addEventListener("abort", () => {
      clearTimeout(this.#timer);
      cancelAnimationFrame(this.#timer);
      cancelAnimationFrame(this.#trimming);
      resized.disconnect();
      clearTimeout(this.#fading);
    });
  }

  get isPaused() {
    return this.#isPaused;
  }

  /** Hear of every message that was sent, whether it is shown or not: fn(message, isForMe). */
  listen(fn) {
    this.#listeners.push(fn);
  }

  pause() {
    this.#isPaused = true;
    this.box.toggleAttribute("data-paused", true);
  }

  resume() {
    if (!this.#isPaused) return;
    this.#isPaused = false;
    this.box.toggleAttribute("data-paused", false);
    this.fresh.hidden = true;
    this.#queue.unshift(...this.#held.splice(0));
    this.#flush();
    this.#toEnd();
  }

  #take(messages, reset) {
    if (reset) {
      this.#queue = [];
      this.#held = [];
      this.#byId.clear();
      this.#rows.replaceChildren();
      // What was said before one came is no flood.
      for (const message of messages) this.#append(message);
      return;
    }
    for (const message of messages) {
      const isForMe = this.#isForMe(message);
      this.#listeners.forEach((fn) => fn(message, isForMe));
      this.#queue.push({ message, always: isForMe || message.from.role !== "viewer" });
    }
    this.#trim(this.#queue);
    this.#later();
  }

  #isForMe({ from, text }) {
    const me = this.#ctx.live.state.me;
    return !!me && (from.id === me.id || text.toLowerCase().includes(`@${me.name.toLowerCase()}`));
  }

  #trim(list) {
    while (list.length > WAITING) {
      const at = list.findIndex((one) => !one.always);
      list.splice(Math.max(at, 0), 1);
      this.#skipped++;
    }
  }

  /** At most one flush in 100 ms, in a frame of the browser's. */
  #later() {
    if (this.#timer || document.hidden || !this.#queue.length) return;
    const due = this.#filledAt + FLUSH_MS - performance.now();
    this.#timer = setTimeout(() => this.#inFrame(), Math.max(0, due));
  }

  /** Not in a frame in which old rows go: where they and new ones move together, what is seen would jump. */
  #inFrame() {
    this.#timer = requestAnimationFrame((at) => {
      if (at === this.#trimmedAt) return this.#inFrame();
      this.#timer = 0;
      this.#flush();
    });
  }

  #flush() {
    if (this.#isPaused) {
      this.#held.push(...this.#queue.splice(0));
      this.#trim(this.#held);
      this.fresh.hidden = !this.#held.length;
      this.fresh.textContent = words.newMessages(this.#held.length);
      return;
    }
    const rate = this.isCalm ? RATE.calm : RATE.usual;
    const now = performance.now();
    // At rest a burst of a whole second may come; in a flood two rows a flush.
    this.#tokens = Math.min(rate, this.#tokens + ((now - this.#filledAt) * rate) / 1000);
    this.#filledAt = now;
    let skipped = 0;
    for (const { message, always } of this.#queue.splice(0)) {
      if (!always && this.#tokens < 1) skipped++;
      else {
        this.#tokens -= 1;
        this.#append(message);
      }
    }
    this.#tokens = Math.max(0, this.#tokens);
    this.#trimLater();
    this.#count(skipped + this.#skipped);
    this.#skipped = 0;
  }

  #count(skipped) {
    if (skipped) {
      this.unshown = (this.unshown ?? 0) + skipped;
      this.more.textContent = words.andMore(this.unshown);
      this.more.hidden = false;
      clearTimeout(this.#fading);
      this.#fading = setTimeout(() => {
        this.unshown = 0;
        this.more.hidden = true;
      }, 3000);
    }
  }

  #fading = 0;

  /** A row for it, one that was used before if there is one. */
  #append({ message, from, text }) {
    while (this.#rows.childElementCount >= this.#most) this.#drop();
    const row = this.#free.pop() ?? newRow();
    const { name, badge, words: said } = row.parts;
    const isHost = from.role === "host" || from.role === "admin";
    row.className = `chat-row${from.id === this.#ctx.live.state.me?.id ? " own" : ""}${isHost ? " by-host" : ""}`;
    row.dataset.message = message;
    name.textContent = tidy(from.name);
    badge.hidden = !isHost;
    said.textContent = tidy(text);
    this.#byId.set(message, row);
    this.#rows.append(row);
  }

  get #most() {
    return this.#ctx.settings.isWide ? ROWS.wide : ROWS.phone;
  }

  /** Take the oldest row away. */
  #drop() {
    const row = this.#rows.firstElementChild;
    this.#byId.delete(row.dataset.message);
    row.remove();
    this.#free.push(row);
  }

  /** To the newest row. */
  #toEnd() {
    this.log.scrollTop = 1e6;
  }

  /** Old rows go in a frame in which none come: the browser then keeps what is seen in its place. */
  #trimLater() {
    if (this.#trimming || this.#rows.childElementCount <= this.#most * FULL) return;
    this.#trimming = requestAnimationFrame((at) => {
      this.#trimming = 0;
      this.#trimmedAt = at;
      // By now there is enough to scroll; the empty room above the first row is not needed.
      this.#rows.toggleAttribute("data-full", true);
      while (this.#rows.childElementCount > this.#most * LEAN) this.#drop();
    });
  }

  #delete(id) {
    const stays = (one) => one.message.message !== id;
    this.#queue = this.#queue.filter(stays);
    this.#held = this.#held.filter(stays);
    this.#byId.get(id)?.remove();
    this.#byId.delete(id);
  }

  /** Only what was paid is told, masked, and at most one in 4 s. */
  #bought({ name, product }) {
    const now = performance.now();
    if (this.isCalm || this.#isPaused || document.hidden || now - this.#boughtAt < PURCHASE_MS) return;
    this.#boughtAt = now;
    const item = this.#ctx.live.state.bag.find((one) => one.product.id === product);
    if (!item) return;
    this.#append({ message: `bought-${now}`, from: { id: "", name: "", role: "viewer" }, text: words.bought(name, item.product.title) });
    this.#rows.lastElementChild.classList.add("bought");
  }

  #isAtEnd() {
    const { scrollHeight, scrollTop, clientHeight } = this.log;
    return scrollHeight - scrollTop - clientHeight < 24;
  }

  #scrolled() {
    if (this.#isAtEnd()) {
      if (!this.log.matches(":focus-visible")) this.resume();
    } else this.pause();
  }
}

function newRow() {
  const parts = {
    name: h("bdi", { class: "chat-name" }),
    badge: h("span", { class: "chat-badge", text: "Host", hidden: true }),
    words: h("span", { class: "chat-words", dir: "auto" }),
  };
  const row = h("li", { part: "chat-row" }, parts.name, parts.badge, " ", parts.words);
  row.parts = parts;
  return row;
}

/** Signs that turn the direction of the text after them have no place in other people's rows. */
const tidy = (text) => text.replace(/[\u202A-\u202E\u2066-\u2069\u200E\u200F]/gu, "");
