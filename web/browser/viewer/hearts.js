// Hearts that rise: a pool of a dozen nodes, moved by the browser; a counter for who wants no motion.
import { h, icon } from "../common/dom.js";
import { count } from "../common/money.js";

const ALIVE = 12;
const COLOURS = ["#FF4D6D", "#FFC800", "#FF8FA3", "#FFF", "#FF6B3D"];
const OTHERS_MS = 350;

export class Hearts {
  #ctx;
  #stage;
  #free = [];
  #made = 0;
  #due = 0;
  #own = 0;
  #timer = 0;
  isOff = false;

  constructor(ctx, { layer, button }) {
    this.#ctx = ctx;
    this.#stage = layer;
    this.counter = h("span", { class: "heart-count", hidden: true });
    button.append(this.counter);
    const { live, signal } = ctx;
    live.watch((state) => state.likes, (now, before) => this.#others(now - before), { signal });
    const still = matchMedia("(prefers-reduced-motion: reduce)");
    still.addEventListener("change", () => this.draw(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.draw();
  }

  get #isStill() {
    return this.isOff || matchMedia("(prefers-reduced-motion: reduce)").matches || navigator.connection?.saveData === true;
  }

  /** The counter stands in for the hearts. */
  draw() {
    const { likes } = this.#ctx.live.state;
    this.counter.hidden = !this.#isStill || !likes;
    this.counter.textContent = count(likes, this.#ctx.locale);
  }

  /** One's own, from where it was tapped. */
  send(at) {
    this.#ctx.live.like(1);
    this.#own += 1;
    this.#rise(at);
  }

  #others(more) {
    this.draw();
    // One's own come back in the count: they have risen already.
    const own = Math.min(this.#own, Math.max(0, more));
    this.#own -= own;
    this.#due = Math.min(ALIVE, this.#due + Math.max(0, more - own));
    this.#next();
  }

  #next() {
    if (this.#timer || !this.#due || document.hidden || this.#isStill) return;
    this.#due -= 1;
    this.#rise();
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      this.#next();
    }, OTHERS_MS * (0.5 + Math.random()));
  }

  #rise(at) {
    if (this.#isStill || document.hidden) return;
    const heart = this.#free.pop() ?? (this.#made < ALIVE ? this.#make() : null);
    if (!heart) return;
    heart.style.setProperty("color", COLOURS[Math.floor(Math.random() * COLOURS.length)]);
    if (at) {
      const box = this.#stage.getBoundingClientRect();
      heart.style.setProperty("inset-inline-end", "auto");
      heart.style.setProperty("left", `${at.x - box.left - 16}px`);
      heart.style.setProperty("top", `${at.y - box.top - 16}px`);
    } else for (const name of ["inset-inline-end", "left", "top"]) heart.style.removeProperty(name);
    this.#stage.append(heart);
    const drift = (Math.random() - 0.5) * 40;
    const turn = (Math.random() - 0.5) * 40;
    const size = 0.8 + Math.random() * 0.5;
    const up = at ? 180 : 300;
    const flight = heart.animate([
      { opacity: 0, transform: `scale(${size * 0.4})` },
      { opacity: 1, transform: `translate(${drift * 0.3}px, ${-up * 0.15}px) scale(${size})`, offset: 0.15 },
      { opacity: 1, transform: `translate(${drift}px, ${-up * 0.6}px) rotate(${turn}deg) scale(${size})`, offset: 0.6 },
      { opacity: 0, transform: `translate(${-drift * 0.6}px, ${-up}px) rotate(${-turn}deg) scale(${size})` },
    ], { duration: 1800 + Math.random() * 600, easing: "ease-out" });
    flight.onfinish = () => {
      heart.remove();
      this.#free.push(heart);
    };
  }

  #make() {
    this.#made += 1;
    return h("span", { class: "rising" }, icon("heart", 32));
  }
}
