// What viewers see, small: the picture without sound, with the card that is on air.

import { h, icon, write } from "../common/dom.js";
import { picture } from "./bag-row.js";
import { iconButton } from "./controls.js";
import * as marks from "./marks.js";
import * as words from "./words.js";

const OFF = "yc.console.preview";

export class Preview {
  #desk;
  #store;
  #isOff;
  #url;
  #video = null;
  #screen = h("div", { class: "screen" });
  #note = h("p", { class: "screen-note" });
  #card = h("div", { class: "screen-card" });
  /** "none" | "loading" | "plays" | "fails" | "off" */
  status = "none";

  constructor(desk, store) {
    this.#desk = desk;
    this.#store = store;
    this.#isOff = store.get(OFF) === "off";
    this.toggle = iconButton("", "close", () => this.#switch(), { class: "small" });
    const open = h("a", {
      class: "icon-button small", href: `/watch/${encodeURIComponent(desk.state.show.id)}`, target: "_blank",
      rel: "noopener", "aria-label": words.preview.open, title: words.preview.open,
    }, icon(marks.out, 16));
    this.node = h("section", { class: "panel preview", "aria-labelledby": "preview-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "preview-title" }, words.preview.title), this.toggle, open),
      h("div", { class: "screen-frame" }, this.#screen));
    desk.watch((state) => state.show, () => this.#draw());
    desk.watch((state) => state.pin, () => this.#drawCard());
    desk.signal.addEventListener("abort", () => this.#stop());
    this.#draw();
  }

  #switch() {
    this.#isOff = !this.#isOff;
    this.#store.set(OFF, this.#isOff ? "off" : "on");
    this.#draw();
  }

  #draw() {
    const { show } = this.#desk.state;
    const label = this.#isOff ? words.preview.show : words.preview.hide;
    this.toggle.replaceChildren(icon(this.#isOff ? "eye" : "close", 16));
    this.toggle.ariaLabel = this.toggle.title = label;
    const plays = show.state === "live" && !this.#isOff ? show.playback_url : undefined;
    if (plays !== this.#url) {
      this.#stop();
      this.#url = plays;
      if (plays) this.#play(plays);
    }
    if (!plays) this.status = this.#isOff ? "off" : "none";
    this.#screen.replaceChildren(...[this.#video, this.#note, this.#card].filter(Boolean));
    this.#drawNote();
    this.#drawCard();
  }

  #drawNote() {
    const { show } = this.#desk.state;
    const texts = {
      off: words.preview.hidden, fails: words.preview.fails, loading: "", plays: "",
      none: { scheduled: words.preview.soon, ended: words.preview.over, live: words.preview.noPicture }[show.state],
    };
    const text = texts[this.status];
    write(this.#note, text);
    this.#note.hidden = !text;
  }

  #play(url) {
    const video = h("video", {
      class: "screen-video", muted: true, autoplay: true, playsInline: true, loop: true, tabIndex: -1,
      disablePictureInPicture: true, "aria-hidden": "true",
    });
    // The property alone does not count before the first frame in every browser.
    video.setAttribute("muted", "");
    const become = (status) => () => {
      this.status = status;
      this.#drawNote();
    };
    this.status = "loading";
    video.addEventListener("playing", become("plays"));
    video.addEventListener("error", become("fails"));
    this.#video = video;
    this.#load(video, url).catch(become("fails"));
  }

  async #load(video, url) {
    const isList = /\.m3u8(?:$|\?)/.test(url);
    if (!isList || video.canPlayType("application/vnd.apple.mpegurl")) {
      video.src = url;
      return;
    }
    const { default: Hls } = await import("../vendor/hls.light.min.mjs");
    if (this.#video !== video) return;
    this.hls = new Hls({ enableWorker: false, startLevel: 0, capLevelToPlayerSize: true });
    this.hls.on(Hls.Events.ERROR, (_, { fatal }) => fatal && video.dispatchEvent(new Event("error")));
    this.hls.loadSource(url);
    this.hls.attachMedia(video);
  }

  #stop() {
    this.hls?.destroy();
    this.hls = undefined;
    this.#video?.removeAttribute("src");
    this.#video?.load();
    this.#video = null;
    this.#url = undefined;
  }

  #drawCard() {
    const product = this.#desk.state.pin?.product;
    this.#card.hidden = !product || this.#isOff;
    if (!product) return;
    const { text, from } = this.#desk.price(product);
    const said = [h("b", { dir: "auto" }, product.title), h("span", {}, from ? "from " : "", text)];
    this.#card.replaceChildren(picture(product, 32), h("span", { class: "screen-words" }, said));
  }
}
