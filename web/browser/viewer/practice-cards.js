// The cards of the practice provider: what each is called, and what its bank does.
import { h } from "../common/dom.js";

export const CARDS = [
  { token: "tok_ok", name: "Visa 4242", does: "Pays" },
  { token: "tok_declined", name: "Visa 0002", does: "Is declined" },
  { token: "tok_insufficient_funds", name: "Visa 9995", does: "Has too little money" },
  { token: "tok_3ds", name: "Visa 3155", does: "Asks if it is you" },
  { token: "tok_slow", name: "Visa 0010", does: "Takes 10 seconds" },
  { token: "tok_timeout", name: "Visa 0408", does: "Pays, its answer is lost" },
  { token: "tok_webhook_only", name: "Visa 0202", does: "Pays, tells later" },
  { token: "tok_unavailable", name: "Visa 0503", does: "Bank does not answer" },
];

/** "Visa 4242" of a token. */
export function cardName(token) {
  return CARDS.find((card) => card.token === token)?.name ?? "";
}

/** The cards as a group of radio buttons. */
export function cardGroup(chosen = "") {
  return h("fieldset", { class: "cards" }, CARDS.map((card) => h("label", { class: "card-choice" },
    h("input", { type: "radio", name: "yc-card", value: card.token, checked: card.token === chosen }),
    h("span", { class: "card-choice-text" },
      h("span", { class: "card-choice-name", text: card.name }),
      h("span", { class: "card-choice-does", text: card.does })))));
}
