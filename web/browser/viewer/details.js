// Who buys and where it goes: asked once, kept on this device if the buyer wants that.
import { h } from "../common/dom.js";
import { Field, Form } from "./form.js";
import { CARDS, cardGroup } from "./practice-cards.js";
import * as words from "./sheet-words.js";

const KEY = "yc.details";

// ISO 3166-1 alpha-2; their names come from the browser, in the viewer's language.
const COUNTRIES = `AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT
BV BW BY BZ CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK
FM FO FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO MP MQ
MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY QA RE RO
RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO TR TT TV TW
TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW`.split(/\s+/);

// Where nothing arrives without one, and what one looks like there. Elsewhere it may be left out.
const POSTCODES = { AT: "1010", AU: "2000", BE: "1000", BR: "01310-100", CA: "K1A 0B1", CH: "8001", CZ: "110 00",
  DE: "10115", DK: "1050", ES: "28001", FI: "00100", FR: "75001", GB: "SW1A 1AA", IN: "110001", IT: "00118",
  JP: "100-0001", KR: "04524", MX: "06000", NL: "1011 AB", NO: "0150", PL: "00-001", PT: "1000-001", SE: "111 20",
  US: "10001" };

const ADDRESS = ["name", "country", "line1", "line2", "postal_code", "city", "region", "phone"];

// What was typed in this visit, kept on the device or not; a `draft` was never sent off.
const visits = new WeakMap();

/** What is known of the buyer, or null: {email, name, line1, …, country, card}. */
export function known(ctx) {
  return visits.get(ctx) ?? ctx.store.get(KEY);
}

/** Whether nothing more has to be asked before stock is held. */
export function isComplete(details) {
  return Boolean(details && !details.draft && details.name && details.line1 && details.city && details.country && details.email
    && CARDS.some(({ token }) => token === details.card));
}

/** Remember for this visit, and for the next ones if `keep`. */
export function remember(ctx, details) {
  visits.set(ctx, details);
  if (details.keep) ctx.store.set(KEY, details);
  else ctx.store.remove(KEY);
}

export function forget(ctx) {
  visits.delete(ctx);
  ctx.store.remove(KEY);
}

/** The ADDRESS of the contract; what is empty is left out. */
export function addressOf({ name, line1, line2, city, region, postal_code, country, phone, email }) {
  const all = { name, line1, line2, city, region, postal_code, country, phone, email };
  return Object.fromEntries(Object.entries(all).filter(([, text]) => text));
}

/** An address as lines to read. */
export function addressLines(ctx, address) {
  return [
    [address.line1, address.line2].filter(Boolean).join(", "),
    [address.postal_code, address.city, address.region].filter(Boolean).join(" "),
    countryName(ctx, address.country),
  ].filter(Boolean);
}

/** The form of all of it: `node`, its `first` field, and `read()` → the details, null when something is to be fixed. */
export function detailsForm(ctx, { forgotten, send }) {
  const fields = fieldsOf(ctx);
  const form = new Form(Object.values(fields));
  const before = known(ctx);
  const keep = h("input", { type: "checkbox", checked: before?.keep ?? true });
  form.fill(before);
  suggestPostcode(fields);
  const part = (title, ...nodes) => h("section", {}, h("h3", { text: title }), nodes);
  const node = h("form", { class: "details", noValidate: true, "aria-label": words.YOUR_DETAILS },
    form.summary,
    part(words.CONTACT, fields.email.node),
    part(words.SHIP_TO, h("div", { class: "address" }, ADDRESS.map((name) => fields[name].node))),
    part(words.CARD, h("p", { class: "practice", text: words.PRACTICE }), fields.card.node),
    h("label", { class: "keep" }, keep, h("span", { text: words.KEEP })),
    before && h("button", { class: "button quiet", type: "button", text: words.FORGET, on: { click: forgotten } }));
  node.addEventListener("submit", (event) => event.preventDefault());
  node.addEventListener("keydown", (event) => enter(event, send));
  // Kept while typing too: a sheet closed by mistake must not cost a typed address.
  node.addEventListener("change", () => visits.set(ctx, { ...form.values, keep: keep.checked, draft: true }));
  return { node, first: fields.email, read: () => (form.check() ? { ...form.values, keep: keep.checked } : null) };
}

/** Enter goes where the key of a phone says: to the next field, and from the last one on. */
function enter(event, send) {
  if (event.key !== "Enter" || !event.target.matches("input:not([type=checkbox])")) return;
  event.preventDefault();
  const all = [...event.currentTarget.querySelectorAll("input[enterkeyhint], select")];
  const next = all[all.indexOf(event.target) + 1];
  if (next && event.target.getAttribute("enterkeyhint") === "next") next.focus();
  else send();
}

function fieldsOf(ctx) {
  const section = `section-${ctx.element.getAttribute("show") || "live"}`;
  const input = (token, more = {}) => h("input", { type: "text", autocomplete: `${section} shipping ${token}`,
    maxLength: 200, enterkeyhint: "next", ...more });
  const must = (message) => (value) => (value ? "" : message);
  const field = (name, label, control, more = {}) => new Field({ name, label, control, ...more });
  const fields = {
    email: field("email", words.EMAIL, input("email", { type: "email", inputMode: "email", autocapitalize: "off" }),
      { hint: words.EMAIL_HINT, check: (value) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? "" : words.EMAIL_WRONG) }),
    name: field("name", words.NAME, input("name"), { check: must(words.NAME_WRONG) }),
    country: field("country", words.COUNTRY, countrySelect(ctx, section), { check: must(words.COUNTRY_WRONG) }),
    line1: field("line1", words.LINE1, input("address-line1"), { check: must(words.LINE1_WRONG) }),
    line2: field("line2", words.LINE2, input("address-line2"), { optional: true }),
    postal_code: field("postal_code", words.POSTCODE, input("postal-code", { autocapitalize: "characters" }),
      { narrow: true, check: (value) => postcodeError(value, fields.country.value) }),
    city: field("city", words.CITY, input("address-level2"), { narrow: true, check: must(words.CITY_WRONG) }),
    region: field("region", words.REGION, input("address-level1"), { optional: true, narrow: true }),
    phone: field("phone", words.PHONE, input("tel", { type: "tel", inputMode: "tel", enterkeyhint: "done" }), { optional: true, narrow: true }),
    card: field("card", words.WHICH_CARD, cardGroup(), { check: must(words.CARD_WRONG) }),
  };
  return fields;
}

function postcodeError(value, country) {
  const example = POSTCODES[country];
  return example && !value ? words.postcodeWrong(example) : "";
}

/** Digits alone where a country's postcodes are digits: the phone then shows the number pad. */
function suggestPostcode({ country, postal_code: postcode }) {
  const suggest = () => {
    const example = POSTCODES[country.value] ?? "";
    postcode.control.inputMode = /^\d+$/.test(example) ? "numeric" : "text";
  };
  country.control.addEventListener("change", suggest);
  suggest();
}

function countrySelect(ctx, section) {
  const named = COUNTRIES.map((code) => [countryName(ctx, code), code]);
  named.sort(([one], [other]) => one.localeCompare(other, ctx.locale));
  return h("select", { autocomplete: `${section} shipping country` },
    h("option", { value: "", text: words.CHOOSE_COUNTRY }),
    named.map(([name, value]) => h("option", { value, text: name })));
}

const names = new Map();

function countryName(ctx, code) {
  const { locale } = ctx;
  if (!names.has(locale)) names.set(locale, new Intl.DisplayNames(locale, { type: "region" }));
  return names.get(locale).of(code);
}
