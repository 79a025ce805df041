// The viewer's page as a whole: waits for the first state, draws the room around it, and keeps it true.
import { h, icon, write } from "../common/dom.js";
import { count, countdown, money } from "../common/money.js";
import { Card } from "./card.js";
import { Stage } from "./stage.js";
import * as words from "./words.js";

const CONNECTING_MS = 3000;
const LONGEST_WAIT_MS = 8000;

/** Show a LIVE in an element's shadow root until `signal` is aborted. */
export async function show({ element, root, live, settings, signal }) {
  const styled = loaded(() => settings.styles(), signal);
  const isDrawn = root.querySelector(".yc") !== null;
  if (!isDrawn) styled.then(() => root.childElementCount || root.append(skeleton(settings, root.host)));
  const late = setTimeout(() => sayConnecting(root), CONNECTING_MS);
  try {
    await Promise.all([styled, live.ready]);
  } catch (error) {
    if (!signal.aborted) (await import("./refusal.js")).refuse(root, element, settings, error);
    return;
  } finally {
    clearTimeout(late);
  }
  if (!signal.aborted) new Shell({ element, root, live, settings, signal }).start();
}

/** Load modules or styles; a line that is cut meanwhile only makes it later. Never settles once `signal` is aborted. */
export async function loaded(load, signal) {
  for (let waitMs = 500; ; waitMs = Math.min(waitMs * 2, LONGEST_WAIT_MS)) {
    try {
      return await load();
    } catch {
      await new Promise((done) => setTimeout(done, waitMs));
      if (signal.aborted) await new Promise(() => {});
    }
  }
}

/** The boxes of the first paint, empty, for a page that no server of ours has drawn. */
function skeleton(settings, element) {
  const frame = h("div", { class: "yc", data: { state: "loading", layout: element.getAttribute("layout") ?? "auto" } },
    h("div", { class: "stage", part: "stage" },
      settings.poster && h("img", { class: "poster", src: settings.poster, alt: "" })),
    h("div", { class: "card skeleton", "aria-hidden": "true" }, h("span", { class: "card-image" }),
      h("div", { class: "card-text" }, h("p", { class: "card-title" }), h("p", { class: "card-price" }), h("p", { class: "card-stock" }))));
  return frame;
}

function sayConnecting(root) {
  const line = h("p", { class: "strip", role: "status" });
  root.querySelector(".yc")?.append(line);
  // A live region is heard when it changes, not when it comes.
  setTimeout(() => write(line, words.CONNECTING), 50);
}

class Shell {
  #context = null;
  #ticking = 0;

  constructor({ element, root, live, settings, signal }) {
    Object.assign(this, { element, root, live, settings, signal });
  }

  get locale() {
    return this.element.getAttribute("locale") || undefined;
  }

  money(amount, currency) {
    return money(amount, currency, this.locale);
  }

  /** What the sheets, the strip and the announcer need; loaded after the first card is there. */
  context() {
    this.#context ??= loaded(() => import("./context.js"), this.signal).then(({ Context }) => {
      const { element, root, live, settings, signal, frame } = this;
      return new Context({ element, root, frame, live, settings, signal });
    });
    return this.#context;
  }

  start() {
    this.stage = new Stage(this);
    this.card = new Card(this);
    this.#build();
    this.signal.addEventListener("abort", () => {
      clearTimeout(this.#ticking);
      this.root.replaceChildren();
    });
    // Drawn in full before it takes the place of what the server drew, whose pictures move over.
    this.stage.reuse(this.root.querySelector(".poster"));
    this.#watch();
    this.root.replaceChildren(this.frame);
    this.#observe();
    this.#tick();
    this.#rest().catch((error) => this.signal.aborted || reportError(error));
  }

  #build() {
    const on = (name) => ({ click: (event) => this.#act(name, event.currentTarget) });
    const button = (name, label, extra = {}) => h("button",
      { class: `icon-button ${name}`, type: "button", "aria-label": label, on: on(name), ...extra }, icon(name));
    this.host = h("bdi");
    this.avatar = h("span", { class: "avatar", "aria-hidden": "true" });
    this.badge = h("span", { class: "live-badge" });
    this.time = h("span", { class: "live-time" });
    this.title = h("h1", { class: "title", dir: "auto" });
    this.viewers = h("span", { class: "viewers-count" });
    this.pill = h("span", { class: "viewers", part: "viewers" }, icon("eye"), this.viewers,
      h("span", { class: "visually-hidden", text: " watching" }));
    this.cart = h("button", { class: "cart-button", part: "cart-button", type: "button", on: on("cart") }, icon("cart"),
      this.badgeCount = h("span", { class: "badge cart-count", "aria-hidden": "true", hidden: true }));
    this.chat = h("section", { class: "chat", part: "chat", "aria-label": "Chat" },
      h("div", { class: "chat-field", text: words.SAY_SOMETHING }));
    this.bag = h("aside", { class: "bag-column", "aria-label": "Bag", hidden: true });
    this.frame = h("div", { class: "yc" },
      this.#skip(words.SKIP_TO_PRODUCT, () => this.card.focus()), this.#skip(words.SKIP_TO_CHAT, () => this.chat.querySelector(".chat-log")?.focus()),
      h("header", { class: "topbar", part: "topbar" }, h("slot", { name: "logo" }), this.avatar,
        h("div", { class: "about" }, h("span", { class: "host", part: "host" }, this.host),
          h("div", { class: "headline" }, this.badge, this.time, this.title)), this.pill),
      this.stage.node, this.card.node, this.stage.sound, this.cart, this.bag, this.chat,
      button("share", words.SHARE), button("heart", words.LIKE),
      button("more", words.MENU, { "aria-haspopup": "dialog" }));
  }

  #skip(text, go) {
    return h("a", { class: "skip", href: "#", text, on: { click: (event) => (event.preventDefault(), go()) } });
  }

  #watch() {
    const { live, signal } = this;
    const keep = (pick, fn) => {
      live.watch(pick, fn, { signal });
      fn(pick(live.state), undefined);
    };
    keep((s) => s.show, (now, before) => this.#drawShow(now, before));
    keep((s) => s.pin, (now, before) => this.#drawPin(now, before));
    keep((s) => s.stock, () => this.card.drawStock());
    keep((s) => s.viewers, (n) => this.#drawViewers(n));
    keep((s) => s.cart?.count ?? 0, (n, before) => this.#drawCart(n, before));
    keep((s) => s.conn, (conn) => this.#drawConn(conn));
    live.on("order", (order) => this.#emit("yc-order", { order }), { signal });
    live.on("error", ({ code, message }) => this.#emit("yc-error", { code, message }), { signal });
    this.root.addEventListener("yc-attribute", ({ detail }) => this.#attribute(detail), { signal });
    document.addEventListener("visibilitychange", () => document.hidden || this.#tick(), { signal });
  }

  #drawShow(now, before) {
    this.frame.dataset.state = now.state;
    write(this.host, now.host.name);
    write(this.avatar, now.host.name.trim().slice(0, 1).toUpperCase() || "?");
    write(this.title, now.title);
    this.title.title = now.title;
    const [text, kind] = { live: [words.LIVE, ""], scheduled: [words.SOON, " soon"], ended: [words.OVER, " over"] }[now.state];
    write(this.badge, text);
    this.badge.className = `live-badge${kind}`;
    this.stage.drawShow(now, before);
    if (before?.state !== now.state) {
      this.#emit("yc-state", { state: now.state, conn: this.live.state.conn });
      if (now.state === "live") this.#say(words.isLive(now.host.name));
      if (now.state === "ended") this.#say(words.ENDED);
    }
  }

  #drawPin(now, before) {
    this.frame.dataset.pin = now?.product.id ?? "";
    this.card.draw(now?.product ?? null, before?.product ?? null);
    if (now?.product.id !== before?.product.id) this.#emit("yc-pin", { product: now?.product ?? null });
  }

  #drawViewers(n) {
    write(this.viewers, count(n, this.locale));
    this.pill.title = words.watching(n.toLocaleString(this.locale));
  }

  #drawCart(n, before) {
    this.badgeCount.hidden = !n;
    write(this.badgeCount, n > 99 ? "99+" : String(n));
    this.cart.setAttribute("aria-label", words.cartOf(n));
    if (n > (before ?? n)) bounce(this.badgeCount);
  }

  #drawConn(conn) {
    this.frame.dataset.conn = conn;
    this.card.drawBuy();
  }

  /** Once a second while it is seen: the LIVE's time and what counts down. */
  #tick() {
    clearTimeout(this.#ticking);
    if (document.hidden || this.signal.aborted) return;
    const now = this.live.now();
    const { show: live } = this.live.state;
    write(this.time, live.state === "live" && live.started_at ? countdown(Math.max(0, Math.floor((now - live.started_at) / 1000) * 1000)) : "");
    this.stage.tick(now);
    this.#look();
    this.#ticking = setTimeout(() => this.#tick(), 1000 - (now % 1000));
  }

  /** Which layout the style sheet has chosen for the element's size. */
  #observe() {
    this.#attribute("layout");
    const observer = new ResizeObserver(() => this.#look());
    observer.observe(this.element);
    this.signal.addEventListener("abort", () => observer.disconnect());
    this.#look();
  }

  #look() {
    const layout = getComputedStyle(this.frame).getPropertyValue("--layout").trim() || "phone";
    if (layout === this.frame.dataset.room) return;
    this.frame.dataset.room = layout;
    this.settings.layout = layout;
    this.settings.isWide = ["two", "three"].includes(layout);
    this.frame.dispatchEvent(new Event("yc-layout"));
    this.#drawBag();
  }

  #attribute(name) {
    if (name === "layout") this.frame.dataset.layout = this.element.getAttribute("layout") ?? "auto";
    else this.stage.setMuted(this.element.getAttribute("muted") !== "false");
  }

  /** The bag's own column, where there is room for three. */
  async #drawBag() {
    const isOpen = this.settings.layout === "three";
    this.bag.hidden = !isOpen;
    this.bagging?.abort();
    if (!isOpen) return;
    this.bagging = new AbortController();
    const signal = AbortSignal.any([this.signal, this.bagging.signal]);
    const [{ bagList }, ctx] = await Promise.all([
      loaded(() => import("./bag-sheet.js"), signal), this.context(), loaded(() => this.settings.sheetStyles(), signal)]);
    if (!signal.aborted) this.bag.replaceChildren(bagList(ctx, signal));
  }

  /** Everything that can wait until the card is painted. */
  async #rest() {
    const ctx = await this.context();
    if (this.signal.aborted) return;
    const { furnish } = await loaded(() => import("./rest.js"), this.signal);
    if (!this.signal.aborted) await furnish(this, ctx);
    this.#emit("yc-ready", { show: this.live.state.show });
  }

  async #act(name, from) {
    const [ctx, { acts }] = await Promise.all([this.context(), loaded(() => import("./rest.js"), this.signal)]);
    acts[name](this, ctx, from);
  }

  #say(text, options) {
    this.context().then((ctx) => ctx.say(text, options));
  }

  #emit(name, detail) {
    this.element.dispatchEvent(new CustomEvent(name, { detail, bubbles: true, composed: true }));
  }
}

function bounce(node) {
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) return;
  node.animate({ transform: ["scale(1)", "scale(1.2)", "scale(1)"] }, { duration: 240, easing: "ease-out" });
}
