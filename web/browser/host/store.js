// Small texts kept by the browser; where storage is denied, kept as long as the page.

export class Store {
  #memory = new Map();
  #place;

  /** `place` gives the storage: even looking at it can be forbidden. */
  constructor(place) {
    this.#place = place;
  }

  get(name) {
    try {
      return this.#place().getItem(name) ?? this.#memory.get(name) ?? null;
    } catch {
      return this.#memory.get(name) ?? null;
    }
  }

  set(name, text) {
    this.#memory.set(name, text);
    try {
      this.#place().setItem(name, text);
    } catch {
      // Memory has it.
    }
  }

  remove(name) {
    this.#memory.delete(name);
    try {
      this.#place().removeItem(name);
    } catch {
      // It was never there.
    }
  }
}
