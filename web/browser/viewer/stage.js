// The picture: the film of the LIVE, its poster, and what stands in its place while there is none.
import { h, icon, write } from "../common/dom.js";
import { countdown, dateOf } from "../common/money.js";
import * as words from "./words.js";

const WAITING_MS = 10_000;
const AGAIN_MS = 5000;
const DOUBLE_MS = 320;
const DOUBLE_PX = 40;
const PICTURES = 4;
/** Before a LIVE starts, at these minutes it is said aloud. */
const SPOKEN = [10, 1];

export class Stage {
  #shell;
  #film = null;
  #url = "";
  #hls = null;
  #timer = 0;
  #state = "";
  #awaySince = 0;
  #said = Infinity;
  #isMuted = true;
  #tap = { at: 0, x: 0, y: 0 };

  constructor(shell) {
    this.#shell = shell;
    const { settings, element, signal } = shell;
    this.poster = settings.poster ? h("img", { class: "poster", src: settings.poster, alt: "" }) : h("div", { class: "poster" });
    // Without a poster the goods, out of focus, are the ground.
    const [ground = ""] = settings.poster ? [settings.poster] : this.#pictures();
    this.cover = h("div", { class: "cover", hidden: true });
    this.hearts = h("div", { class: "hearts", "aria-hidden": "true" });
    this.node = h(settings.isPage ? "main" : "section", { class: "stage", part: "stage", "aria-label": words.LIVE },
      ground && h("img", { class: "backdrop", src: ground, alt: "", "aria-hidden": "true" }), this.poster, this.cover, this.hearts);
    this.node.toggleAttribute("data-bare", !settings.poster);
    this.sound = h("button", { class: "button sound", type: "button", hidden: true, on: { click: () => this.setMuted(false) } },
      icon("muted", 20), words.TAP_FOR_SOUND);
    this.#isMuted = element.getAttribute("muted") !== "false";
    this.node.addEventListener("pointerup", (event) => this.#tapped(event), { signal });
    signal.addEventListener("abort", () => this.#stop());
  }

  /** The poster that the server drew is already decoded: keep it. */
  reuse(drawn) {
    if (!drawn || drawn === this.poster || drawn.src !== this.poster.src) return;
    this.poster.replaceWith(drawn);
    this.poster = drawn;
  }

  /** Pictures of what is sold, the item on air first. */
  #pictures() {
    const { pin, bag } = this.#shell.live.state;
    const products = [pin?.product, ...bag.map((item) => item.product)];
    return [...new Set(products.map((product) => product?.images[0]).filter(Boolean))];
  }

  get isMuted() {
    return this.#isMuted;
  }

  get hasFilm() {
    return this.#film !== null;
  }

  setMuted(isMuted) {
    this.#isMuted = isMuted;
    this.#drawSound();
    if (!this.#film) return;
    this.#film.muted = isMuted;
    // A browser that did not let it play by itself lets it play after a tap.
    this.#film.play().catch(() => {});
  }

  drawShow(show) {
    const url = show.state === "live" ? show.playback_url ?? "" : "";
    if (url !== this.#url) {
      this.#stop();
      this.#url = url;
      if (url) this.#play();
    }
    this.#said = Infinity;
    this.#draw();
  }

  /** Called once a second. */
  tick(now) {
    const { show } = this.#shell.live.state;
    if (show.state === "scheduled" && show.starts_at) this.#count(show.starts_at - now);
    else if (this.#state === "away") this.#draw();
  }

  #count(ms) {
    if (ms <= 0) return this.#draw();
    const title = this.cover.querySelector(".cover-count");
    if (title) write(title, words.startsIn(countdown(ms)));
    else this.#draw();
    const minutes = ms / 60_000;
    const due = SPOKEN.find((mark) => minutes <= mark && this.#said > mark && minutes > mark - 1);
    if (this.#said !== Infinity && due) this.#shell.context().then((ctx) => ctx.say(words.startsSoonSpoken(due)));
    this.#said = minutes;
    return undefined;
  }

  // The film.

  async #play() {
    const film = h("video", { class: "film", playsInline: true, autoplay: true, loop: !isPlaylist(this.#url), preload: "auto", tabIndex: -1,
      "aria-label": "The LIVE's picture" });
    film.muted = this.#isMuted;
    film.defaultMuted = this.#isMuted;
    this.#film = film;
    const on = (name, fn) => film.addEventListener(name, () => film === this.#film && fn());
    on("playing", () => this.#playing());
    on("loadedmetadata", () => (this.node.dataset.shape = film.videoWidth > film.videoHeight ? "wide" : "tall"));
    on("error", () => this.#failed(film));
    on("waiting", () => this.#patience());
    on("stalled", () => film.readyState < 3 && this.#patience());
    this.poster.after(film);
    this.#patience();
    if (isPlaylist(this.#url) && !film.canPlayType("application/vnd.apple.mpegurl")) await this.#playInPieces(film);
    else film.src = this.#url;
    film.play().catch(() => this.#blocked(film));
  }

  async #playInPieces(film) {
    let Hls;
    try {
      ({ default: Hls } = await import("../vendor/hls.light.min.mjs"));
    } catch {
      return this.#lost("stuck");
    }
    if (film !== this.#film) return undefined;
    if (!Hls.isSupported()) return this.#lost("stuck");
    // A worker would need `worker-src blob:` of every page that shows us.
    const hls = new Hls({ enableWorker: false, backBufferLength: 30 });
    this.#hls = hls;
    let isRepaired = false;
    hls.on(Hls.Events.ERROR, (_, { fatal, type }) => {
      if (!fatal) return;
      if (type === Hls.ErrorTypes.MEDIA_ERROR && !isRepaired) {
        isRepaired = true;
        hls.recoverMediaError();
      } else this.#lost(type === Hls.ErrorTypes.NETWORK_ERROR ? "away" : "stuck");
    });
    hls.loadSource(this.#url);
    hls.attachMedia(film);
    return undefined;
  }

  #playing() {
    clearTimeout(this.#timer);
    this.#awaySince = 0;
    this.#become("playing");
  }

  /** It may not start by itself: try without sound, else the chip starts it. */
  #blocked(film) {
    if (film !== this.#film || film.error) return;
    clearTimeout(this.#timer);
    if (this.#isMuted) return this.#become("blocked");
    this.#isMuted = film.muted = true;
    film.play().catch(() => this.#blocked(film));
  }

  #drawSound() {
    this.sound.hidden = !(this.#state === "blocked" || (this.#state === "playing" && this.#isMuted));
  }

  #patience() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#lost(isPlaylist(this.#url) ? "away" : "stuck"), WAITING_MS);
  }

  /** A playlist that is not there yet is the host's doing, anything else is ours. */
  async #failed(film) {
    const isThere = !isPlaylist(this.#url) || (await fetch(this.#url).then((answer) => answer.ok, () => false));
    if (film === this.#film) this.#lost(isThere ? "stuck" : "away");
  }

  /** "away": the host sends nothing, look again by ourselves; "stuck": the picture failed here. */
  #lost(state) {
    clearTimeout(this.#timer);
    const { conn } = this.#shell.live.state;
    if (state === "away") {
      this.#awaySince ||= this.#shell.live.now();
      this.#timer = setTimeout(() => this.reload(), AGAIN_MS);
    }
    if (this.#state !== state && conn === "online") {
      this.#shell.context().then((ctx) => ctx.say(state === "away" ? words.AWAY : words.PICTURE_STUCK));
    }
    this.#become(state);
  }

  reload() {
    const state = this.#state;
    this.#stop();
    this.#url = this.#shell.live.state.show.playback_url ?? "";
    if (this.#url) this.#play();
    // What was said stays until the picture moves.
    if (state === "away") this.#become("away");
  }

  #become(state) {
    this.#state = state;
    this.node.dataset.film = state;
    this.#drawSound();
    this.#draw();
  }

  #stop() {
    clearTimeout(this.#timer);
    this.#hls?.destroy();
    this.#hls = null;
    const film = this.#film;
    this.#film = null;
    this.#url = "";
    this.#state = "";
    this.node.dataset.film = "";
    this.#drawSound();
    if (!film) return;
    film.pause();
    film.removeAttribute("src");
    film.load();
    film.remove();
  }

  // What stands over it.

  #draw() {
    const parts = this.#parts();
    const key = parts?.key ?? "";
    const text = parts?.text ?? "";
    if (this.cover.dataset.key === key && this.cover.dataset.text === text) return;
    Object.assign(this.cover.dataset, { key, text });
    this.cover.hidden = !parts;
    if (!parts) return;
    const { title, count, action, goods } = parts;
    const pictures = goods ? this.#pictures().slice(0, PICTURES) : [];
    this.cover.replaceChildren(
      h("p", { class: count ? "cover-title cover-count" : "cover-title", text: title }),
      ...(text ? [h("p", { class: "cover-text", text })] : []),
      ...(pictures.length ? [h("span", { class: "cover-goods", "aria-hidden": "true" },
        pictures.map((src) => h("img", { src, alt: "", width: 56, height: 56 })))] : []),
      ...(action ? [h("button", { class: "button", type: "button", text: action.label, on: { click: action.run } })] : []));
  }

  /** The words over the picture, by what the show and the film are doing. */
  #parts() {
    const { show } = this.#shell.live.state;
    const { locale, live } = this.#shell;
    const bag = (label) => ({ goods: true, action: { label, run: (event) => this.#openBag(event.currentTarget) } });
    const later = show.starts_at ?? 0;
    if (show.state === "scheduled" && later > live.now()) {
      const title = words.startsIn(countdown(later - live.now()));
      return { key: "scheduled", title, count: true, text: words.startsAt(dateOf(later, locale)), ...bag(words.SEE_WHAT_IS_COMING) };
    }
    if (show.state === "scheduled") return { key: "starting", title: words.STARTING_SOON, ...bag(words.SEE_WHAT_IS_COMING) };
    if (show.state === "ended") {
      return { key: "ended", title: words.ENDED, text: `${words.NO_REPLAY} ${words.BAG_IS_OPEN}`, ...bag(words.OPEN_BAG) };
    }
    if (this.#state === "away") {
      const minutes = Math.floor((live.now() - this.#awaySince) / 60_000);
      return { key: "away", title: words.AWAY, text: minutes ? words.awayFor(minutes) : "" };
    }
    if (this.#state === "stuck") {
      return { key: "stuck", title: words.PICTURE_STUCK, action: { label: words.RELOAD_PICTURE, run: () => this.reload() } };
    }
    return null;
  }

  async #openBag(from) {
    const ctx = await this.#shell.context();
    if (this.#shell.settings.layout === "three") this.#shell.bag.querySelector("button, a, [tabindex]")?.focus();
    else ctx.sheets.open("bag", {}, { from });
  }

  /** Twice on the picture sends a heart; the button is its twin. Nothing on the bare picture ever buys. */
  #tapped(event) {
    if (event.target.closest("button, a, .cover")) return;
    const { clientX: x, clientY: y, timeStamp: at } = event;
    const before = this.#tap;
    const isDouble = at - before.at < DOUBLE_MS && Math.hypot(x - before.x, y - before.y) < DOUBLE_PX;
    this.#tap = isDouble ? { at: 0, x: 0, y: 0 } : { at, x, y };
    if (isDouble) this.node.dispatchEvent(new CustomEvent("yc-double", { detail: { x, y } }));
  }
}

const isPlaylist = (url) => /\.m3u8($|[?#])/i.test(url);
