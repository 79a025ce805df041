// A small menu beside the control that opened it; one for the whole page, in the top layer.

import { h, icon } from "../common/dom.js";

const MARGIN = 8;

/** Open it. `items`: {label, icon, run, isDanger, off: why it cannot be, in words}. */
export function menu(anchor, items, { label, signal }) {
  const node = h("div", { class: "menu", role: "menu", "aria-label": label, popover: "auto" });
  const buttons = items.map((item) => h("button", {
    class: item.isDanger ? "menu-item danger" : "menu-item", role: "menuitem", type: "button", tabIndex: -1,
    "aria-disabled": item.off ? "true" : null,
    on: { click: () => item.off || choose(item) },
  }, icon(item.icon, 18), h("span", {}, item.label, item.off ? h("small", {}, item.off) : null)));
  node.append(...buttons);
  const choose = (item) => {
    node.hidePopover();
    item.run();
  };
  const step = (by) => {
    const at = buttons.indexOf(document.activeElement);
    buttons[(at + by + buttons.length) % buttons.length].focus();
  };
  const moves = {
    ArrowDown: () => step(1), ArrowUp: () => step(-1),
    Home: () => buttons[0].focus(), End: () => buttons.at(-1).focus(),
  };
  node.addEventListener("keydown", (event) => {
    if (event.key === "Tab") node.hidePopover();
    if (!moves[event.key]) return;
    event.preventDefault();
    event.stopPropagation();
    moves[event.key]();
  });
  node.addEventListener("toggle", (event) => {
    if (event.newState === "open") return;
    anchor.ariaExpanded = "false";
    node.remove();
    // Unless the act that was chosen has taken the focus elsewhere.
    if (anchor.isConnected && document.activeElement === document.body) anchor.focus();
  });
  signal?.addEventListener("abort", () => node.remove(), { once: true });
  // Within the dialog or the page that holds the anchor: outside of a modal dialog it could not be used.
  (anchor.closest("dialog, .console") ?? document.body).append(node);
  anchor.ariaExpanded = "true";
  node.showPopover();
  place(node, anchor.getBoundingClientRect());
  buttons[0].focus();
}

function place(node, at) {
  const { offsetWidth: width, offsetHeight: height } = node;
  const below = at.bottom + 4 + height <= innerHeight - MARGIN;
  const left = Math.min(Math.max(MARGIN, at.right - width), innerWidth - width - MARGIN);
  node.style.setProperty("left", `${left}px`);
  node.style.setProperty("top", `${Math.max(MARGIN, below ? at.bottom + 4 : at.top - height - 4)}px`);
}
