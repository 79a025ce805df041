// How long something is kept: read off the server's clock each second, never counted down here.
import { h, write } from "../common/dom.js";
import { countdown } from "../common/money.js";
import { keptSpoken } from "./sheet-words.js";
import { kept, keptMore } from "./words.js";

const SPOKEN_S = [60, 20];

/** A timer until `at` (server's time); `over()` is called once when it is there. */
export function holdClock(ctx, at, { signal, over }) {
  const node = h("span", { class: "hold", role: "timer", "aria-live": "off" });
  let due = SPOKEN_S.filter((seconds) => seconds * 1000 < at - ctx.live.now());
  let timer = 0;
  const say = (seconds) => ctx.say(keptSpoken(Math.floor(seconds / 60), seconds % 60));
  const tick = () => {
    const left = at - ctx.live.now();
    const seconds = Math.ceil(left / 1000);
    const isShort = left <= 60_000;
    write(node, (isShort ? keptMore : kept)(countdown(left)));
    node.toggleAttribute("data-short", isShort);
    const passed = due.filter((one) => seconds <= one);
    if (passed.length && left > 0) {
      due = due.filter((one) => seconds > one);
      say(passed.at(-1));
    }
    if (left <= 0) over();
    // At the next full second; a tab that slept is right again at once.
    else timer = setTimeout(tick, left % 1000 || 1000);
  };
  signal.addEventListener("abort", () => clearTimeout(timer), { once: true });
  tick();
  return { node, sayStart: () => say(Math.max(0, Math.round((at - ctx.live.now()) / 1000))) };
}
