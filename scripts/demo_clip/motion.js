// How things move in time: eased tracks of keys, all of them periodic, so that the film loops.

export const SECONDS = 20;

export const turn = (cycles, t, shift = 0) => Math.sin((2 * Math.PI * cycles * t) / SECONDS + shift);
export const mix = (a, b, x) => a + (b - a) * x;
export const clamp = (x, low = 0, high = 1) => Math.min(high, Math.max(low, x));
export const ease = (x) => {
  const c = clamp(x);
  return c * c * c * (c * (6 * c - 15) + 10);
};

/** Rises from 0 to 1 within [from, from + over] and falls back within [till - over, till]. */
export const bell = (t, from, till, over) =>
  ease((t - from) / over) * (1 - ease((t - till + over) / over));

/** A value that goes from key to key: [[seconds, value], …], and from the last to the first. */
export function track(keys, length = SECONDS) {
  return (t) => {
    const at = ((t % length) + length) % length;
    const last = keys[keys.length - 1];
    let before = [last[0] - length, last[1]];
    for (const key of [...keys, [keys[0][0] + length, keys[0][1]]]) {
      if (at < key[0]) return mix(before[1], key[1], ease((at - before[0]) / (key[0] - before[0])));
      before = key;
    }
    return before[1];
  };
}
