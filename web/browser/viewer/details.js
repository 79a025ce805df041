// Who buys and where it goes: asked once, kept on this device if the buyer wants that.
import { CARDS } from "./practice-cards.js";

const KEY = "yc.details";
const NEEDED = ["email", "name", "line1", "city", "country"];

// What was typed in this visit, kept on the device or not; a `draft` was never sent off.
const visits = new WeakMap();

/** What is known of the buyer, or null: {email, name, line1, …, country, card, keep}. */
export const known = (ctx) => visits.get(ctx) ?? ctx.store.get(KEY);

/** Whether nothing more has to be asked before stock is held. */
export function isComplete(details) {
  return Boolean(details && !details.draft && NEEDED.every((name) => details[name])
    && CARDS.some(({ token }) => token === details.card));
}

/** Remember for this visit, and for the next ones if that is wanted. */
export function remember(ctx, details) {
  visits.set(ctx, details);
  if (details.draft) return;
  if (details.keep) ctx.store.set(KEY, details);
  else ctx.store.remove(KEY);
}

export function forget(ctx) {
  visits.delete(ctx);
  ctx.store.remove(KEY);
}

/** The ADDRESS of the contract; what is empty is left out. */
export function addressOf({ card, keep, draft, ...address }) {
  return Object.fromEntries(Object.entries(address).filter(([, text]) => text));
}

/** An address as lines to read. */
export function addressLines(ctx, address) {
  return [
    [address.line1, address.line2].filter(Boolean).join(", "),
    [address.postal_code, address.city, address.region].filter(Boolean).join(" "),
    countryName(ctx, address.country),
  ].filter(Boolean);
}

/** In the viewer's language, as the browser knows it. */
export function countryName({ locale }, code) {
  return new Intl.DisplayNames(locale, { type: "region" }).of(code);
}
