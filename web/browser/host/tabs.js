// Which part is seen where there is no room for all: tabs on a narrow screen, a drawer on a tablet.

import { h, write } from "../common/dom.js";
import * as words from "./words.js";

const NAMES = ["bag", "chat", "orders", "numbers"];

export class Tabs {
  #root;
  #buttons = new Map();
  #badges = new Map();
  #news = { chat: 0, orders: 0 };
  #opener;

  /** `opener` opens the drawer. */
  constructor(desk, opener) {
    this.#root = desk.root;
    this.#opener = opener;
    this.node = h("nav", { class: "tabs", "aria-label": words.tabs.label }, NAMES.map((name) => this.#button(name)));
    this.#drawerBadge = opener.appendChild(h("span", { class: "badge", hidden: true }));
    desk.on("chat", ({ messages, reset }) => reset || this.#count("chat", messages.length));
    desk.on("purchase", () => this.#count("orders", 1));
    desk.root.addEventListener("keydown", (event) => {
      const isForDrawer = event.key === "Escape" && !event.defaultPrevented && this.#isDrawerOpen;
      if (isForDrawer && !event.target.closest("input, dialog, [popover]")) this.toggleDrawer();
    });
    this.#select("bag");
  }

  #drawerBadge;

  #button(name) {
    const badge = h("span", { class: "badge", hidden: true });
    const on = { click: () => this.#select(name) };
    const button = h("button", { class: "tab", type: "button", on }, words.tabs[name], badge);
    this.#buttons.set(name, button);
    this.#badges.set(name, badge);
    return button;
  }

  #select(name) {
    this.#root.dataset.tab = name;
    for (const [other, button] of this.#buttons) {
      if (other === name) button.setAttribute("aria-current", "true");
      else button.removeAttribute("aria-current");
    }
    this.#seen();
  }

  /** Bring a part into sight, and the focus into it if told where. */
  show(name, focus) {
    this.#select(name);
    if ((name === "chat" || name === "orders") && this.#hasDrawer && !this.#isDrawerOpen) this.toggleDrawer();
    focus?.focus();
    focus?.select?.();
  }

  get #hasDrawer() {
    return this.#opener.offsetParent !== null;
  }

  get #isDrawerOpen() {
    return this.#root.classList.contains("drawer-open");
  }

  toggleDrawer() {
    const isOpen = this.#root.classList.toggle("drawer-open");
    this.#opener.ariaExpanded = String(isOpen);
    if (!isOpen) this.#opener.focus();
    this.#seen();
  }

  #isSeen(name) {
    const node = this.#root.querySelector(`#${name}`);
    return Boolean(node?.checkVisibility({ visibilityProperty: true }));
  }

  #count(name, more) {
    this.#news[name] = this.#isSeen(name) ? 0 : this.#news[name] + more;
    this.#draw();
  }

  #seen() {
    for (const name of Object.keys(this.#news)) if (this.#isSeen(name)) this.#news[name] = 0;
    this.#draw();
  }

  #draw() {
    for (const [name, n] of Object.entries(this.#news)) badge(this.#badges.get(name), n);
    badge(this.#drawerBadge, this.#news.chat);
    const { chat } = this.#news;
    this.#opener.ariaLabel = chat ? words.tabs.news(short(chat)) : words.chat.title;
  }
}

const short = (n) => (n > 99 ? "99+" : String(n));

function badge(node, n) {
  node.hidden = !n;
  write(node, short(n));
}
