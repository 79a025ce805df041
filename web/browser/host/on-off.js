// Going live after a look at what viewers will meet, and ending in two acts that can be taken back.

import { h, icon } from "../common/dom.js";
import { dialog } from "./dialog.js";
import * as words from "./words.js";

const SECONDS = 10;
const LATE_MS = 3000;

export class OnOff {
  #desk;
  #acts;
  #banner;
  #log;
  #preview;
  #endsAt = 0;
  #timer = 0;
  #isAsking = false;

  constructor(desk, acts, { banner, log, preview }) {
    this.#desk = desk;
    this.#acts = acts;
    this.#banner = banner;
    this.#log = log;
    this.#preview = preview;
    // An end that comes late is a wrong end: without a link, or once it has ended elsewhere, it is off.
    desk.watch((state) => state.conn, (conn) => conn !== "online" && this.#endsAt && this.#callOff(words.end.lost));
    desk.watch((state) => state.show?.state, (state) => state !== "live" && this.#callOff());
    addEventListener("beforeunload", (event) => { if (this.#endsAt) event.preventDefault(); }, { signal: desk.signal });
    desk.signal.addEventListener("abort", () => clearInterval(this.#timer));
  }

  // Going live.

  async askStart() {
    if (this.#desk.isLive || this.#isAsking) return;
    this.#isAsking = true;
    const again = this.#desk.state.show.state === "ended";
    const checks = this.#checks();
    const list = h("ul", { class: "checks" }, checks.map(({ kind, text }) =>
      h("li", { class: kind }, icon(kind === "ok" ? "check" : "alert", 18),
        h("span", {}, h("span", { class: "visually-hidden" }, words.start.kinds[kind]), text))));
    const isBlocked = checks.some(({ kind }) => kind === "bad");
    const answer = await dialog(this.#desk, {
      title: again ? words.start.resume : words.start.title,
      body: [h("p", {}, words.start.intro), list],
      actions: [
        { label: words.start.later },
        {
          label: again ? words.start.goOn : words.start.go, value: "go", kind: "primary",
          ...(isBlocked ? { isOff: true } : { isFirst: true, needs: "link" }),
        },
      ],
    });
    this.#isAsking = false;
    if (answer === "go") await this.#acts.start();
  }

  #checks() {
    const { bag, show } = this.#desk.state;
    const check = (kind, text) => ({ kind, text });
    const checks = [check(bag.length ? "ok" : "bad", words.start.bag(bag.length))];
    if (bag.length) {
      const out = bag.filter(({ product }) => !this.#desk.left(product)).length;
      const free = bag.filter(({ product }) => product.skus.some((sku) => sku.price === 0)).length;
      checks.push(check(out ? "warn" : "ok", out === bag.length ? words.start.noStock : words.start.stock(out)));
      checks.push(check(free ? "warn" : "ok", free ? words.start.free(free) : words.start.priced));
    }
    if (!show.playback_url) checks.push(check("warn", words.start.noPicture));
    else if (this.#preview.status === "fails") checks.push(check("warn", words.start.pictureFails));
    else checks.push(check("ok", words.start.picture));
    checks.push(this.#desk.online ? check("ok", words.start.linked) : check("bad", words.start.notLinked));
    return checks;
  }

  // Ending.

  async askEnd() {
    if (!this.#desk.isLive || this.#endsAt || this.#isAsking) return;
    this.#isAsking = true;
    const answer = await dialog(this.#desk, {
      title: words.end.title(this.#desk.state.viewers),
      body: h("p", {}, words.end.text),
      // The dangerous one is on the other side of where the focus is.
      actions: [
        { label: words.end.end, value: "end", kind: "danger filled", needs: "live" },
        { label: words.end.stay, isFirst: true },
      ],
    });
    this.#isAsking = false;
    if (answer === "end" && this.#desk.online && this.#desk.isLive) this.#count();
  }

  #count() {
    this.#endsAt = performance.now() + SECONDS * 1000;
    this.#tick();
    const row = this.#banner.show("ending", this.#words());
    row.querySelector("button").focus();
    this.#desk.say(words.end.soon(SECONDS), { assertive: true });
    this.#timer = setInterval(() => this.#tick(), 250);
  }

  #words() {
    const left = Math.max(0, Math.ceil((this.#endsAt - performance.now()) / 1000));
    const back = () => this.#callOff(words.done.notEnding);
    return { text: words.end.soon(left), kind: "danger", action: { label: words.end.back, run: back } };
  }

  #tick() {
    const now = performance.now();
    if (now < this.#endsAt) return this.#banner.show("ending", this.#words());
    // A machine that slept comes here much later: that is another moment than the one that was meant.
    const isLate = now - this.#endsAt > LATE_MS;
    this.#callOff(isLate ? words.end.late : undefined);
    return isLate || this.#acts.end();
  }

  /** Stop the count; with words when somebody is to be told. */
  #callOff(text) {
    if (!this.#endsAt) return;
    this.#endsAt = 0;
    clearInterval(this.#timer);
    this.#banner.hide("ending");
    if (text) this.#log.tell(text);
  }
}
