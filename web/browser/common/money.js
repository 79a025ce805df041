// Money and times for people, in their locale. Amounts are integers in minor units.

const formats = new Map();

// Digits of the minor unit where they are not two, by ISO 4217, as the server counts them. What Intl
// says is another thing: how many people write, none for rupiah or forint.
const EXPONENTS = {
  0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
  3: "BHD IQD JOD KWD LYD OMR TND",
  4: "CLF UYW",
};

/** How many digits of an amount stand after the point. */
export function exponent(currency) {
  const found = Object.keys(EXPONENTS).find((digits) => EXPONENTS[digits].includes(currency));
  return Number(found ?? 2);
}

function format(amount, currency, locale, currencyDisplay) {
  const key = `${locale}/${currency}/${currencyDisplay}`;
  const digits = exponent(currency);
  if (!formats.has(key)) {
    const fraction = { minimumFractionDigits: digits, maximumFractionDigits: digits };
    formats.set(key, new Intl.NumberFormat(locale, { style: "currency", currency, currencyDisplay, ...fraction }));
  }
  return formats.get(key).format(amount / 10 ** digits);
}

/** 2490 and "EUR" → "€24.90". */
export function money(amount, currency, locale = undefined) {
  return currency ? format(amount, currency, locale, "narrowSymbol") : "";
}

/** The same for ears: "24.90 euros". */
export function spokenMoney(amount, currency, locale = undefined) {
  return currency ? format(amount, currency, locale, "name") : "";
}

/** How much less, in whole percent rounded down: 22 for 2490 of 3200; 0 when it is no less. */
export function percentOff(price, before) {
  return before > price ? Math.floor(((before - price) * 100) / before) : 0;
}

/** 1234 → "1.2K" where it is short of room; up to 9,999 in full. */
export function count(n, locale = undefined) {
  return n < 10_000
    ? n.toLocaleString(locale)
    : new Intl.NumberFormat(locale, { notation: "compact", maximumFractionDigits: 1 }).format(n);
}

/** Seconds → "4:32", "1:04:32". */
export function countdown(ms) {
  const all = Math.max(0, Math.ceil(ms / 1000));
  const [hours, minutes, seconds] = [Math.floor(all / 3600), Math.floor((all % 3600) / 60), all % 60];
  const two = (n) => String(n).padStart(2, "0");
  return hours ? `${hours}:${two(minutes)}:${two(seconds)}` : `${minutes}:${two(seconds)}`;
}

// A chat says hundreds of times a minute when; making a formatter takes longer than laying out a row.
const clocks = new Map();

/** A server time as the viewer's own clock time: "19:42". */
export function timeOf(ms, locale = undefined) {
  if (!clocks.has(locale)) clocks.set(locale, new Intl.DateTimeFormat(locale, { hour: "2-digit", minute: "2-digit" }));
  return clocks.get(locale).format(ms);
}

/** "Thu 4 June, 19:00". */
export function dateOf(ms, locale = undefined) {
  const options = { weekday: "short", day: "numeric", month: "long", hour: "2-digit", minute: "2-digit" };
  return new Intl.DateTimeFormat(locale, options).format(ms);
}
