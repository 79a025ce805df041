// The form for what a buyer has to tell: contact, address, card.
import { h } from "../common/dom.js";
import * as words from "./checkout-words.js";
import { countryName, known, remember } from "./details.js";
import { Field, Form } from "./form.js";
import { cardGroup } from "./practice-cards.js";

// ISO 3166-1 alpha-2, by their first letter: the second ones follow it.
const COUNTRIES = `ADEFGILMOQRSTUWXZ BABDEFGHIJLMNOQRSTVWYZ CACDFGHIKLMNORUVWXYZ DEJKMOZ ECEGHRST FIJKMOR
GABDEFGHILMNPQRSTUWY HKMNRTU IDELMNOQRST JEMOP KEGHIMNPRWYZ LABCIKRSTUVY MACDEFGHKLMNOPQRSTUVWXYZ NACEFGILOPRUZ
OM PAEFGHKLMNRSTWY QA REOSUW SABCDEGHIJKLMNORSTVXYZ TCDFGHJKLMNORTVWZ UAGMSYZ VACEGINU WFS YET ZAMW`
  .split(/\s+/).flatMap(([first, ...seconds]) => seconds.map((second) => first + second));

// Where nothing arrives without one, and what one looks like there. Elsewhere it may be left out.
const POSTCODES = { AT: "1010", AU: "2000", BE: "1000", BR: "01310-100", CA: "K1A 0B1", CH: "8001", DE: "10115",
  DK: "1050", ES: "28001", FI: "00100", FR: "75001", GB: "SW1A 1AA", IT: "00118", JP: "100-0001", NL: "1011 AB",
  NO: "0150", PL: "00-001", PT: "1000-001", SE: "111 20", US: "10001" };

/** `node`, its `first` field, and `read()`: the details, or null when something is to be fixed. */
export function detailsForm(ctx, { forgotten, send }) {
  const { email, card, ...address } = fieldsOf(ctx);
  const form = new Form([email, ...Object.values(address), card]);
  const before = known(ctx);
  const keep = h("input", { type: "checkbox", checked: before?.keep ?? true });
  const told = () => ({ ...form.values, keep: keep.checked });
  form.fill(before);
  suggestPostcode(address);
  const part = (title, ...nodes) => h("section", {}, h("h3", { text: title }), nodes);
  const node = h("form", { class: "details", noValidate: true, "aria-label": words.YOUR_DETAILS, on: {
    submit: (event) => event.preventDefault(),
    keydown: (event) => enter(event, send),
    // A sheet closed by mistake must not cost a typed address.
    change: () => remember(ctx, { ...told(), draft: true }),
  } },
  form.summary,
  part(words.CONTACT, email.node),
  part(words.SHIP_TO, h("div", { class: "address" }, Object.values(address).map((field) => field.node))),
  part(words.CARD, h("p", { class: "practice", text: words.PRACTICE }), card.node),
  h("label", { class: "keep" }, keep, h("span", { text: words.KEEP })),
  before && h("button", { class: "button quiet", type: "button", text: words.FORGET, on: { click: forgotten } }));
  return { node, first: email, read: () => (form.check() ? told() : null) };
}

/** Enter goes where the key of a phone says: to the next field, and from the last one on. */
function enter(event, send) {
  const { target, currentTarget } = event;
  if (event.key !== "Enter" || !target.enterKeyHint) return;
  event.preventDefault();
  const all = [...currentTarget.querySelectorAll("[enterkeyhint]")];
  const next = all[all.indexOf(target) + 1];
  if (next) next.focus();
  else send();
}

function fieldsOf(ctx) {
  const section = `section-${ctx.element.getAttribute("show")} shipping`;
  const field = (name, label, token, { wrong, check, hint, narrow, ...more } = {}) => new Field({
    name, label, wrong, check, hint, narrow,
    control: h("input", { type: "text", autocomplete: `${section} ${token}`, maxLength: 200, enterkeyhint: "next", ...more }),
  });
  const country = new Field({ name: "country", label: words.COUNTRY, wrong: words.COUNTRY_WRONG,
    control: countrySelect(ctx, `${section} country`) });
  const postcode = (value) => (value || !POSTCODES[country.value] ? "" : words.postcodeWrong(POSTCODES[country.value]));
  const narrow = true;
  return {
    email: field("email", words.EMAIL, "email", { type: "email", hint: words.EMAIL_HINT,
      check: (value) => (/^[^\s@]+@[^\s@]+\.[^\s@]+$/.test(value) ? "" : words.EMAIL_WRONG) }),
    name: field("name", words.NAME, "name", { wrong: words.NAME_WRONG }),
    country,
    line1: field("line1", words.LINE1, "address-line1", { wrong: words.LINE1_WRONG }),
    line2: field("line2", words.LINE2, "address-line2"),
    postal_code: field("postal_code", words.POSTCODE, "postal-code", { narrow, check: postcode }),
    city: field("city", words.CITY, "address-level2", { narrow, wrong: words.CITY_WRONG }),
    region: field("region", words.REGION, "address-level1", { narrow }),
    phone: field("phone", words.PHONE, "tel", { narrow, type: "tel", enterkeyhint: "done" }),
    card: new Field({ name: "card", label: words.WHICH_CARD, wrong: words.CARD_WRONG, control: cardGroup() }),
  };
}

/** Digits alone where a country's postcodes are digits: a phone then shows its number pad. */
function suggestPostcode({ country, postal_code: postcode }) {
  const suggest = () => {
    postcode.control.inputMode = /^\d+$/.test(POSTCODES[country.value]) ? "numeric" : "text";
  };
  country.control.addEventListener("change", suggest);
  suggest();
}

function countrySelect(ctx, autocomplete) {
  const named = COUNTRIES.map((code) => [countryName(ctx, code), code]);
  named.sort(([one], [other]) => one.localeCompare(other, ctx.locale));
  return h("select", { autocomplete, enterkeyhint: "next" }, h("option", { value: "", text: words.CHOOSE_COUNTRY }),
    named.map(([name, value]) => h("option", { value, text: name })));
}
