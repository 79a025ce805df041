// The bar on top: how long live, how many watch, what was sold, whether the link is up; start and end.

import { h, icon, write } from "../common/dom.js";
import { count, money } from "../common/money.js";
import { button, iconButton, menuButton } from "./controls.js";
import * as marks from "./marks.js";
import { menu } from "./menu.js";
import * as words from "./words.js";

export class TopBar {
  #desk;
  #badge = h("span", { class: "live-badge" });
  #time = h("span", { class: "live-time", role: "timer", "aria-live": "off" });
  #viewers = h("strong", {});
  #revenue = h("strong", {});
  #orders = h("strong", {});
  #ordersWord = h("span", {});
  #link = h("span", { class: "link-state", role: "status" });

  /** `does`: {start, end, theme, help, chat}: what its buttons do. */
  constructor(desk, does) {
    this.#desk = desk;
    const { start, end, theme, help, chat } = does;
    const wide = { class: "wide-only" };
    this.start = desk.need(button("", start, { class: "primary act-start" }), "link");
    this.end = desk.need(button(words.end.open, end, { class: "danger act-end" }), "live");
    this.more = menuButton(words.top.more, () => this.#openMenu(does));
    this.chat = iconButton(words.chat.title, marks.chat, chat, { class: "open-chat", "aria-expanded": "false" });
    const fact = (name, ...parts) => h("p", { class: `fact ${name}` }, parts);
    this.node = h("header", { class: "top-bar" },
      h("span", { class: "mark", "aria-hidden": "true" }, icon("cart", 18)),
      h("h1", { dir: "auto", title: desk.state.show.title }, desk.state.show.title),
      h("p", { class: "on-since" }, this.#badge, this.#time),
      fact("viewers", icon("eye", 16), this.#viewers, h("span", { class: "words" }, ` ${words.top.watching}`)),
      fact("revenue", this.#revenue), fact("orders-total", this.#orders, " ", this.#ordersWord),
      this.#link, h("span", { class: "spring" }),
      iconButton(words.top.theme, marks.theme, theme, wide), iconButton(words.keys.title, "keyboard", help, wide),
      this.chat, this.start, this.end, this.more);
    for (const name of ["show", "viewers", "sales", "conn"]) desk.watch((state) => state[name], () => this.#draw());
    desk.onTick(() => this.#tick());
    this.#draw();
  }

  #openMenu(does) {
    const { isLive, online } = this.#desk;
    const off = online ? undefined : words.link.down;
    const act = isLive
      ? { label: words.end.open, icon: marks.stop, isDanger: true, run: does.end, off }
      : { label: this.#startLabel(), icon: "eye", run: does.start, off };
    menu(this.more, [
      { label: words.top.theme, icon: marks.theme, run: does.theme },
      { label: words.keys.title, icon: "keyboard", run: does.help },
      act,
    ], { label: words.top.more, signal: this.#desk.signal });
  }

  #startLabel() {
    return this.#desk.state.show.state === "ended" ? words.start.openAgain : words.start.open;
  }

  #draw() {
    const { show, viewers, sales } = this.#desk.state;
    const { isLive, online } = this.#desk;
    const badges = { live: words.top.live, scheduled: words.top.scheduled, ended: words.top.ended };
    write(this.#badge, badges[show.state]);
    this.#badge.dataset.state = show.state;
    write(this.#viewers, count(viewers));
    const totals = Object.values(sales);
    const revenue = totals.map((total) => money(total.revenue, total.currency)).join(" + ");
    const orders = totals.reduce((sum, total) => sum + total.orders, 0);
    const currency = this.#desk.state.bag[0]?.product.skus[0].currency;
    write(this.#revenue, revenue || money(0, currency));
    write(this.#orders, orders.toLocaleString());
    write(this.#ordersWord, words.top.orders(orders));
    write(this.#link, online ? words.link.up : words.link.down);
    this.#link.classList.toggle("is-down", !online);
    this.start.hidden = isLive;
    this.end.hidden = !isLive;
    write(this.start, this.#startLabel());
    this.#tick();
  }

  #tick() {
    const { show } = this.#desk.state;
    const since = show.state === "live" && show.started_at;
    write(this.#time, since ? clock(this.#desk.live.now() - since) : "");
  }
}

/** 00:41:07: it counts up, so it is rounded down. */
function clock(ms) {
  const all = Math.max(0, Math.floor(ms / 1000));
  return [all / 3600, (all % 3600) / 60, all % 60].map((part) => String(Math.floor(part)).padStart(2, "0")).join(":");
}
