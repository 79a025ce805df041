// What comes after the first card is painted: chat, hearts, the menu, and what the bar's buttons do.
import { h, icon } from "../common/dom.js";
import { checkAccent } from "./accent.js";
import { Chat } from "./chat.js";
import { ChatField } from "./chat-field.js";
import { Hearts } from "./hearts.js";
import { watchKeyboard } from "./keyboard.js";
import { Link } from "./link.js";
import { loaded } from "./shell.js";
import * as words from "./words.js";

const AHEAD_MS = 2000;
const SHEETS = ["bag", "product", "cart", "checkout"];

/** Furnish the room that the shell has built. */
export async function furnish(shell, ctx) {
  const { frame, stage, chat: section, signal } = shell;
  const field = new ChatField(ctx);
  section.replaceChildren(h("h2", { class: "chat-head", text: "Chat" }), chatTab(ctx), field.node);
  shell.messages = new Chat(ctx, section, field.node);
  shell.hearts = new Hearts(ctx, { layer: stage.hearts, button: frame.querySelector(".heart") });
  stage.node.addEventListener("yc-double", ({ detail }) => shell.hearts.send(detail), { signal });
  shell.link = new Link(ctx);
  watchKeyboard(ctx, field.input);
  cycleParts(shell);
  checkAccent(ctx);
  const { applyChoices } = await loaded(() => import("./menu.js"), signal);
  applyChoices(shell, ctx);
  openFromAddress(ctx);
  getReady(shell, ctx);
  lookAfterPurchase(ctx, async () => (await import("./checkout-sheet.js")).resume(ctx));
}

/** Have at hand what a tap will want next, so that it answers at once, and in a cut too. */
function getReady({ settings, signal }, ctx) {
  const idle = window.requestIdleCallback ?? ((fn) => setTimeout(fn, AHEAD_MS));
  idle(() => {
    if (signal.aborted) return;
    ctx.sheets.rehearse();
    if (navigator.connection?.saveData) return;
    const wanted = [settings.sheetStyles(), ...SHEETS.map((name) => import(`./${name}-sheet.js`))];
    // What does not come now comes when it is asked for.
    Promise.allSettled(wanted);
  }, { timeout: AHEAD_MS });
}

/** F6 goes from one part of the room to the next, as it does between a window's panes. */
function cycleParts({ frame, root, signal }) {
  frame.addEventListener("keydown", (event) => {
    if (event.key !== "F6" || frame.querySelector("dialog:modal")) return;
    event.preventDefault();
    const parts = [".card", ".bag-column", ".sheet", ".chat"].map((name) => frame.querySelector(name))
      .filter((part) => part?.checkVisibility() || part?.querySelector(".chat-log"));
    const at = parts.findIndex((part) => part.contains(root.activeElement));
    const next = parts[(at + (event.shiftKey ? parts.length - 1 : 1)) % parts.length];
    next?.querySelector(".buy, .sheet-title, .chat-log, input, button")?.focus();
  }, { signal });
}

/** While a sheet has the column, the chat is a tab that brings it back. */
function chatTab(ctx) {
  return h("button", { class: "chat-tab", type: "button", on: { click: () => ctx.sheets.close() } }, "Chat", icon("up", 20));
}

/** A purchase that goes on: its sheet comes back after a reload, or the strip tells of it. */
function lookAfterPurchase({ live, signal }, resume) {
  const known = new AbortController();
  const look = (checkout) => {
    if (!checkout) return;
    known.abort();
    resume();
  };
  live.watch((state) => state.checkout, look, { signal: AbortSignal.any([signal, known.signal]) });
  look(live.state.checkout);
}

/** Buy was pressed on what the server drew, before there was anything to answer it. */
function openFromAddress(ctx) {
  if (!ctx.settings.isPage || location.hash !== "#buy") return;
  history.replaceState(history.state, "", location.pathname + location.search);
  const { pin } = ctx.live.state;
  if (pin) ctx.buy(pin.product, undefined, ctx.root.querySelector(".buy"));
  else ctx.sheets.open("bag");
}

export const acts = {
  cart: (shell, ctx, from) => ctx.sheets.open(shell.settings.layout === "three" ? "cart" : "bag", {}, { from }),
  heart: (shell, _, from) => {
    const { right, top } = from.getBoundingClientRect();
    shell.hearts?.send({ x: right - 24 - Math.random() * 16, y: top - 8 });
  },
  share: async (shell, ctx) => {
    const { show } = shell.live.state;
    const url = shell.settings.isPage ? location.href.split("#")[0] : `${shell.settings.url}/watch/${show.id}`;
    try {
      if (navigator.share) await navigator.share({ title: show.title, url });
      else {
        await navigator.clipboard.writeText(url);
        ctx.strip("share", words.LINK_COPIED, { forMs: 3000 });
      }
    } catch (error) {
      // Called off by the viewer, or denied by the page around: then at least show the address.
      if (error.name !== "AbortError") ctx.strip("share", url, { forMs: 8000 });
    }
  },
  more: async (shell, ctx, from) => (await import("./menu.js")).openMenu(shell, ctx, from),
};
