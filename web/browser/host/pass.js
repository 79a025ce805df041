// The host's token: out of the address into this tab's memory, and the page that asks for one.

import { h } from "../common/dom.js";
import * as words from "./words.js";

const key = (show) => `yc.host.${show}`;
// A token is three base64url parts; people paste links, "Bearer …" and stray spaces around it.
const TOKEN = /([A-Za-z0-9_-]+\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+)/;

/** The token in a pasted text or in the address; null when there is none. */
export function tokenIn(text) {
  const after = text.includes("#") ? text.slice(text.indexOf("#") + 1) : text;
  return TOKEN.exec(after.replace(/^.*token=/, ""))?.[1] ?? null;
}

/** The token, out of the address bar: it is not to be shared, shown or kept in the browser's history. */
export function takePass(show, { location, history, storage }) {
  const token = location.hash.includes("token=") ? tokenIn(location.hash) : null;
  if (token) {
    history.replaceState(history.state, "", location.pathname + location.search);
    keepPass(show, token, storage);
  }
  return token ?? storage.get(key(show));
}

export function keepPass(show, token, storage) {
  storage.set(key(show), token);
}

export function dropPass(show, storage) {
  storage.remove(key(show));
}

/** What a token says; the server alone decides whether it holds. */
export function claims(token) {
  try {
    const body = token.split(".")[1].replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(body), (letter) => letter.charCodeAt(0));
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

/** Why a token cannot open this console, in words; null when it may. */
export function objection(token, show) {
  const said = claims(token);
  if (!said) return words.pass.unreadable;
  if (said.show && said.show !== show.id) return words.pass.otherShow;
  const runs = said.role === "admin" || (said.role === "host" && said.sub === show.host.id);
  return runs ? null : words.pass.foreign(said.name ?? said.sub, said.role ?? "viewer", show.host.id);
}

/** The form that asks for a token; calls `take(token)` with one that may open the console. */
export function passForm(show, why, take) {
  const error = h("p", { class: "field-error", id: "pass-error", role: "alert" });
  const field = h("input", {
    id: "pass-field", name: "token", type: "text", autocomplete: "off", spellcheck: false,
    "aria-describedby": "pass-error", autocapitalize: "none",
  });
  const refuse = (text) => {
    error.textContent = text;
    field.setAttribute("aria-invalid", "true");
    field.focus();
  };
  const submit = (event) => {
    event.preventDefault();
    const token = tokenIn(field.value);
    const no = token ? objection(token, show) : words.pass.unreadable;
    if (no) refuse(no);
    else take(token, refuse);
  };
  return h("form", { class: "pass-form", on: { submit } },
    h("p", { class: "pass-why" }, why),
    h("p", {}, words.pass.how),
    h("pre", { class: "pass-command", tabIndex: 0 }, h("code", {}, words.pass.command(show.host.id))),
    h("div", { class: "field" }, h("label", { for: "pass-field" }, words.pass.paste), field, error),
    h("button", { class: "button primary", type: "submit" }, words.pass.open));
}
