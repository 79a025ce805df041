// How long something is kept: read off the server's clock each second, never counted down here.
import { h, write } from "../common/dom.js";
import { countdown } from "../common/money.js";
import { keptSpoken } from "./checkout-words.js";
import { kept, keptMore } from "./words.js";

const SPOKEN_S = [60, 20];
const SECOND = 1000; // Only whole ones are shown: never more than there is.

/** Show in a sheet's head the time until `at` (server's time); `over()` is called when it is there. Returns what stops it. */
export function holdClock(ctx, frame, at, over) {
  const node = h("span", { class: "hold", role: "timer", "aria-live": "off" });
  const left = () => at - ctx.live.now();
  const say = (seconds) => ctx.say(keptSpoken(Math.floor(seconds / 60), seconds % 60));
  let due = SPOKEN_S.filter((seconds) => seconds * SECOND < left());
  let timer = 0;
  const stop = () => {
    clearTimeout(timer);
    frame.timer(null);
  };
  const tick = () => {
    const ms = left();
    if (ms <= 0) {
      stop();
      over?.();
      return;
    }
    const isShort = ms <= 60 * SECOND;
    write(node, (isShort ? keptMore : kept)(countdown(ms - SECOND + 1)));
    node.toggleAttribute("data-short", isShort);
    const passed = due.filter((seconds) => ms <= seconds * SECOND);
    due = due.filter((seconds) => !passed.includes(seconds));
    if (passed.length) say(passed.at(-1));
    // At the next full second; a tab that slept is right again at once.
    timer = setTimeout(tick, ms % SECOND || SECOND);
  };
  frame.signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  frame.timer(node);
  if (left() > 0) say(Math.round(left() / SECOND));
  tick();
  return stop;
}
