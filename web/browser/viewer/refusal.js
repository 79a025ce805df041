// The LIVE cannot be joined: why, in the place of everything else.
import { h } from "../common/dom.js";
import * as words from "./words.js";

const LONG = 60;

export function refuse(root, element, settings, { code, message }) {
  element.dispatchEvent(new CustomEvent("yc-error", { detail: { code, message }, bubbles: true, composed: true }));
  const lines = code === "not_found" ? [words.REMOVED, message] : [message];
  const cover = h("div", { class: "cover", role: "alert" }, lines.map((text, at) =>
    h("p", { class: at > 0 || text.length > LONG ? "cover-text" : "cover-title", text })), wayOut(code, settings));
  const layout = element.getAttribute("layout") ?? "auto";
  root.replaceChildren(h("div", { class: "yc refused", data: { state: "refused", refused: code, layout } },
    h("div", { class: "stage", part: "stage" }, cover)));
}

function wayOut(code, { url, isPage }) {
  if (code === "not_found") return h("a", { class: "button", href: `${url}/`, text: words.OTHER_LIVES });
  if (code !== "version" || !isPage) return null;
  return h("button", { class: "button", type: "button", text: words.RELOAD, on: { click: () => location.reload() } });
}
