// Units sold by product: read from the server, then counted on with every purchase told.

const SOONEST_MS = 5000;

export class Sold {
  #desk;
  #units = new Map();
  #listeners = new Set();
  #isReading = false;
  #readAt = -SOONEST_MS;
  #timer = 0;

  constructor(desk) {
    this.#desk = desk;
    desk.on("purchase", ({ product, units }) => {
      this.#units.set(product, this.of(product) + units);
      this.#tell();
    });
    // Purchases told while away are missed: the server knows.
    desk.on("ready", () => this.#read());
    desk.on("sales", () => this.#check());
    desk.signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#read();
  }

  of(product) {
    return this.#units.get(product) ?? 0;
  }

  onChange(fn) {
    this.#listeners.add(fn);
  }

  #tell() {
    this.#listeners.forEach((fn) => fn());
  }

  #sum() {
    return [...this.#units.values()].reduce((sum, units) => sum + units, 0);
  }

  /** The total comes by itself once a second; when ours differs, read anew in a while. */
  #check() {
    const told = Object.values(this.#desk.state.sales).reduce((sum, { units }) => sum + units, 0);
    if (told === this.#sum() || this.#timer) return;
    const wait = Math.max(SOONEST_MS, this.#readAt + SOONEST_MS - performance.now());
    this.#timer = setTimeout(() => {
      this.#timer = 0;
      const now = Object.values(this.#desk.state.sales).reduce((sum, { units }) => sum + units, 0);
      if (now !== this.#sum()) this.#read();
    }, wait);
  }

  async #read() {
    if (this.#isReading) return;
    this.#isReading = true;
    try {
      const show = encodeURIComponent(this.#desk.state.show.id);
      const { items } = await this.#desk.live.http("GET", `/v1/shows/${show}/sales`);
      this.#units = new Map(items.map(({ product, units }) => [product, units]));
      this.#tell();
    } catch {
      // The link tells of itself; the next total that differs asks again.
    } finally {
      this.#isReading = false;
      this.#readAt = performance.now();
    }
  }
}
