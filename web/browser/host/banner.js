// Above everything: that the link is lost, that the LIVE is about to end, that the token runs out.

import { h, icon, write } from "../common/dom.js";
import { countdown } from "../common/money.js";
import { button } from "./controls.js";
import * as words from "./words.js";

// A link that is back at once needs no words; the controls were off all the same.
const LINK_AFTER_MS = 400;
const BACK_MS = 3000;

export class Banner {
  #desk;
  #rows = new Map();
  #timer = 0;

  constructor(desk) {
    this.#desk = desk;
    this.node = h("div", { class: "banners" });
    desk.watch((state) => state.conn, (now, before) => this.#conn(now, before));
    desk.onTick(() => this.#tick());
    desk.signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  /** A row by name: {text, kind, action: {label, run}}; again to change its words. */
  show(name, { text, kind = "warn", action }) {
    let row = this.#rows.get(name);
    if (!row) {
      const said = h("span", { class: "banner-text" });
      const act = action && button(action.label, action.run, { class: "small" });
      const mark = icon(kind === "ok" ? "check" : "alert", 20);
      row = { said, node: h("div", { class: `banner ${kind}`, data: { name } }, mark, said, act) };
      this.#rows.set(name, row);
      this.node.append(row.node);
    }
    write(row.said, text);
    return row.node;
  }

  hide(name) {
    this.#rows.get(name)?.node.remove();
    this.#rows.delete(name);
  }

  #conn(now, before) {
    clearTimeout(this.#timer);
    if (now === "online") {
      const wasTold = this.#rows.has("link");
      this.hide("link");
      if (!wasTold) return;
      this.show("back", { text: words.link.back, kind: "ok" });
      this.#desk.say(words.link.back);
      this.#timer = setTimeout(() => this.hide("back"), BACK_MS);
      return;
    }
    this.hide("back");
    if (before !== "online") return this.#tick();
    this.#timer = setTimeout(() => {
      this.#lost();
      this.#desk.say(words.link.lost("", this.#onAir), { assertive: true });
    }, LINK_AFTER_MS);
  }

  get #onAir() {
    return this.#desk.state.pin?.product.title ?? "";
  }

  #lost() {
    const { conn, lostAt } = this.#desk.state;
    if (conn === "closed") return;
    const since = countdown(Date.now() - (lostAt ?? Date.now()));
    this.show("link", { text: words.link.lost(since, this.#onAir), kind: "danger" });
  }

  #tick() {
    if (this.#rows.has("link")) this.#lost();
  }
}
