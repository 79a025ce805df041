// What a viewer is told of the link: a short cut nothing, a long one that it is looked after, then what was missed.
import * as words from "./words.js";

const RECONNECT_MS = 2000;
const SPOKEN_MS = 3000;
const BACK_MS = 2000;
const SLOW_MS = 4000;
const NEWS = ["show", "pin", "bag", "stock"];

export class Link {
  #ctx;
  #isPage;
  #lost = null;

  constructor(ctx) {
    this.#ctx = ctx;
    this.#isPage = ctx.settings.isPage;
    const { live, signal } = ctx;
    live.watch((state) => state.conn, (conn) => this.#changed(conn), { signal });
    live.on("ready", ({ recovered, first }) => first || this.#isBack(recovered), { signal });
    live.on("gap", () => this.#lost || ctx.strip("slow", words.SLOW, { forMs: SLOW_MS, quiet: true }), { signal });
    live.on("chat", () => this.#lost && (this.#lost.hasChat = true), { signal });
    live.on("error", (error) => this.#failed(error), { signal });
    this.#changed(live.state.conn);
  }

  #changed(conn) {
    if (conn === "online") return;
    const { live, signal, strip, clearStrip } = this.#ctx;
    this.#lost ??= { state: live.state, hasChat: false };
    if (conn === "offline") {
      const action = { label: words.TRY_AGAIN, run: () => live.retry() };
      strip("offline", words.OFFLINE, { assertive: true, action });
    } else clearStrip("offline");
    if (conn !== "reconnecting") return;
    setTimeout(() => {
      const isStill = live.state.conn === conn && !signal.aborted;
      if (isStill) strip("reconnect", words.RECONNECTING, { sayAfter: SPOKEN_MS });
    }, RECONNECT_MS);
  }

  /** The link is up again: said only when something was missed. */
  #isBack(recovered) {
    const { live, strip, clearStrip } = this.#ctx;
    for (const key of ["offline", "reconnect"]) clearStrip(key);
    const lost = this.#lost;
    this.#lost = null;
    if (!lost) return;
    const isOther = NEWS.some((name) => lost.state[name] !== live.state[name]);
    if (!recovered || isOther || lost.hasChat) strip("back", words.BACK, { forMs: BACK_MS });
  }

  /** The link is gone for good. */
  #failed({ code, message }) {
    if (this.#ctx.live.state.conn !== "closed") return;
    const isSignIn = code === "unauthorized";
    const text = { unauthorized: words.SIGN_IN_AGAIN, version: words.NEW_VERSION }[code] ?? message;
    const action = this.#isPage && !isSignIn && { label: words.RELOAD, run: () => location.reload() };
    this.#ctx.strip("refused", text, { assertive: true, action });
  }
}
