// The chat for ears: one line in 3 s at most, the host's and answers to oneself first.

const EVERY_MS = 3000;

export class ReadAloud {
  #ctx;
  #next = null;
  #timer = 0;
  isOn = false;

  constructor(ctx, chat) {
    this.#ctx = ctx;
    chat.listen((message, isForMe) => this.#heard(message, isForMe));
    ctx.signal.addEventListener("abort", () => clearTimeout(this.#timer));
  }

  #heard({ from, text }, isForMe) {
    const isOwn = from.id === this.#ctx.live.state.me?.id;
    if (!this.isOn || isOwn) return;
    const rank = isForMe ? 2 : from.role === "viewer" ? 0 : 1;
    if (this.#next && this.#next.rank > rank) return;
    this.#next = { rank, line: `${from.name}: ${text}` };
    if (!this.#timer) this.#say();
  }

  #say() {
    if (this.#next && this.isOn) this.#ctx.say(this.#next.line);
    const hasSaid = this.#next !== null;
    this.#next = null;
    this.#timer = hasSaid ? setTimeout(() => this.#say(), EVERY_MS) : 0;
  }
}
