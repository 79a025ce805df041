// What the chart draws: viewers as steps, units sold in bins of 10 s, and marks; kept over a reload.

const SPAN_MS = 3_600_000;
const SAVE_MS = 5000;
const MOST_STEPS = 3600;
const MOST_MARKS = 200;
const MOST_PURCHASES = 100;
export const BIN_MS = 10_000;

export class History {
  #desk;
  #storage;
  #key;
  #steps = [];
  #bins = new Map();
  #marks = [];
  #purchases = [];
  #isDirty = false;
  #isTimed = false;
  #early = [];

  constructor(desk, storage) {
    this.#desk = desk;
    this.#storage = storage;
    this.#key = `yc.history.${desk.state.show.id}`;
    this.#load();
    desk.watch((state) => state.viewers, () => this.#step());
    desk.watch((state) => state.conn, () => this.#step());
    desk.on("pin", (pin) => this.#mark(pin));
    desk.on("purchase", (purchase) => this.#sold(purchase));
    // The first second goes by: only then the server's clock is known for certain.
    desk.onTick(() => this.#isTimed || this.#begin());
    const save = () => this.#save();
    const timer = setInterval(save, SAVE_MS);
    addEventListener("pagehide", save, { signal: desk.signal });
    desk.signal.addEventListener("abort", () => clearInterval(timer));
  }

  /** Viewers: [time, how many], the last one holds; null where nothing is known. */
  get steps() {
    return this.#steps;
  }

  /** Pins: {at, title}; no title where one was taken away. */
  get marks() {
    return this.#marks;
  }

  /** The last purchases told, oldest first. */
  get purchases() {
    return this.#purchases;
  }

  get start() {
    return this.#steps[0]?.[0] ?? this.#desk.live.now();
  }

  /** Units sold in the bin that starts at `time`. */
  units(time) {
    return this.#bins.get(time) ?? 0;
  }

  get bins() {
    return this.#bins;
  }

  #begin() {
    this.#isTimed = true;
    const ago = this.#desk.live.now() - performance.now();
    this.#steps.push(...this.#early.map(([at, viewers]) => [at + ago, viewers]));
    this.#step();
  }

  #step() {
    const { live, online, state } = this.#desk;
    const viewers = online ? state.viewers : null;
    // Until the server's clock is known, by this machine's own.
    if (!this.#isTimed) this.#early.push([performance.now(), viewers]);
    else this.#steps.push([live.now(), viewers]);
    this.#isDirty = true;
  }

  #mark(pin) {
    this.#marks.push({ at: pin?.at ?? this.#desk.live.now(), title: pin ? this.#desk.title(pin.product.id) : null });
    if (this.#marks.length > MOST_MARKS) this.#marks.shift();
    this.#isDirty = true;
  }

  #sold(purchase) {
    const bin = Math.floor(purchase.at / BIN_MS) * BIN_MS;
    this.#bins.set(bin, this.units(bin) + purchase.units);
    this.#purchases.push(purchase);
    if (this.#purchases.length > MOST_PURCHASES) this.#purchases.shift();
    this.#isDirty = true;
  }

  #trim() {
    const oldest = this.#desk.live.now() - SPAN_MS;
    // The last step before the window still holds in it.
    const first = this.#steps.findIndex(([at]) => at >= oldest);
    if (first > 1) this.#steps.splice(0, first - 1);
    if (this.#steps.length > MOST_STEPS) this.#steps.splice(0, this.#steps.length - MOST_STEPS);
    for (const bin of this.#bins.keys()) if (bin < oldest) this.#bins.delete(bin);
    this.#marks = this.#marks.filter(({ at }) => at >= oldest);
  }

  #save() {
    if (!this.#isTimed && this.#early.length) this.#begin();
    if (!this.#isDirty) return;
    this.#isDirty = false;
    this.#trim();
    const whole = { steps: this.#steps, bins: [...this.#bins], marks: this.#marks, purchases: this.#purchases };
    this.#storage.set(this.#key, JSON.stringify(whole));
  }

  #load() {
    try {
      const kept = JSON.parse(this.#storage.get(this.#key) ?? "null");
      if (!kept) return;
      this.#steps = kept.steps;
      this.#bins = new Map(kept.bins);
      this.#marks = kept.marks;
      this.#purchases = kept.purchases;
      // Nothing is known of the time between.
      const last = this.#steps.at(-1);
      if (last && last[1] !== null) this.#steps.push([last[0] + 1000, null]);
      this.#trim();
    } catch {
      // What was kept is of another version.
    }
  }
}
