// The sheets over the LIVE: one <dialog>, modal on a phone, a panel in the right column where there is room.
// Opening, going back, closing, focus and the Back button are alike for all; each sheet fills in its content.
import { h, icon } from "../common/dom.js";
import { swipeDown } from "./swipe.js";
import * as words from "./words.js";

const CLOSE_MS = 200;
/** The second tap of a double one must not hit what has just come under the finger. */
const SETTLE_MS = 350;
const DOUBLE_MS = 500;
/** What a frame takes at most where there are frames. */
const FRAME_MS = 150;
/** Of an element in a page so much of the picture stays in sight, if that leaves enough for the sheet. */
const PICTURE_LEFT = 96;
const SHEET_LEAST = 360;

export class Sheets {
  #ctx;
  #dialog = null;
  #stack = [];
  #opener = null;
  #filling = null;
  #isClosing = false;
  #hasEntry = false;
  #askedAt = 0;
  #ending = null;

  constructor(ctx) {
    this.#ctx = ctx;
    const { signal } = ctx;
    if (ctx.settings.isPage) window.addEventListener("popstate", () => this.#wentBack(), { signal });
    ctx.frame.addEventListener("yc-layout", () => this.#stand(), { signal });
    for (const name of ["click", "keydown"]) ctx.frame.addEventListener(name, (event) => this.#hold(event), { capture: true, signal });
    signal.addEventListener("abort", () => this.#leave());
  }

  /** The sheet on top: {name, props}, or null. */
  get current() {
    return this.#stack.at(-1) ?? null;
  }

  /** Whether sheets stand beside the picture instead of over it. */
  get isPanel() {
    return this.#ctx.settings.isWide;
  }

  /** Open a sheet over whatever is open; Back returns to that. `from`: gets the focus at the end. */
  async open(name, props = {}, { from } = {}) {
    if (this.#isSecondTap(name, props)) return;
    // Asked for from beside an open panel: it begins anew.
    if (from && this.#dialog && !this.#dialog.contains(from)) this.#stack = [];
    if (!this.#stack.length) this.#opener = from ?? this.#ctx.root.activeElement;
    this.#stack.push({ name, props });
    await this.#show();
  }

  /** Beside a panel the button that opened it can be pressed twice. */
  #isSecondTap(name, props) {
    const now = performance.now();
    const isSame = name === this.current?.name && JSON.stringify(props) === JSON.stringify(this.current.props);
    const isSecond = isSame && now - this.#askedAt < DOUBLE_MS;
    this.#askedAt = now;
    return isSecond;
  }

  /** Put another sheet in the place of the top one; `alone`: nothing is left to go back to. */
  async replace(name, props = {}, { alone = false } = {}) {
    this.#stack.splice(alone ? 0 : -1, this.#stack.length, { name, props });
    await this.#show();
  }

  /** Build a dialog for nothing: what a browser runs for the first time takes it several times as long. */
  rehearse() {
    this.#build(AbortSignal.abort());
  }

  /** One sheet back, or close the last. */
  async back() {
    if (this.#stack.length < 2) return this.close();
    this.#stack.pop();
    return this.#show();
  }

  close() {
    if (!this.#dialog || this.#isClosing) return;
    if (this.#hasEntry) {
      this.#hasEntry = false;
      history.back();
    }
    this.#stack = [];
    this.#end();
    const dialog = this.#dialog;
    this.#isClosing = true;
    dialog.dataset.leaving = "";
    const isStill = matchMedia("(prefers-reduced-motion: reduce)").matches;
    setTimeout(() => this.#closed(dialog), isStill || this.isPanel ? 0 : CLOSE_MS);
  }

  #closed(dialog) {
    this.#isClosing = false;
    // Something was opened meanwhile: the dialog stays for it.
    if (this.#stack.length) {
      delete dialog.dataset.leaving;
      this.#stand();
      this.#enter();
      return;
    }
    dialog.close();
    this.#remove();
    delete this.#ctx.frame.dataset.sheet;
    this.#ctx.frame.dispatchEvent(new Event("yc-sheet"));
    const { root } = this.#ctx;
    // Back to where one was; if that is gone (another pin), to the card.
    const places = [this.#opener, root.querySelector(".card .buy"), root.querySelector(".cart-button")];
    this.#opener = null;
    places.find((place) => place?.isConnected && place.checkVisibility())?.focus();
  }

  async #show() {
    const { name, props } = this.current;
    const entry = this.current;
    const seen = this.#dialog ? null : nextFrame();
    const dialog = this.#ensure(name);
    this.#end();
    const ending = new AbortController();
    this.#filling = ending;
    const frame = this.#frame(dialog, ending);
    // These take as long as the rest of the answer, so they wait for that to be seen.
    seen?.then(() => dialog === this.#dialog && !this.#isClosing && (this.#stand(), this.#enter()));
    let sheet;
    try {
      // The tap is answered by the empty sheet; what takes longer waits until that was seen.
      const [module] = await Promise.all([
        import(`./${name}-sheet.js`), this.#ctx.settings.sheetStyles(), seen,
      ]);
      if (entry !== this.current || ending.signal.aborted) return;
      sheet = await module.default(this.#ctx, props, frame);
    } catch (error) {
      if (ending.signal.aborted) return;
      this.#ctx.fail(error);
      this.close();
      return;
    }
    // Another sheet was asked for while this one was loading.
    if (entry !== this.current || ending.signal.aborted) {
      sheet?.close?.();
      return;
    }
    ending.signal.addEventListener("abort", () => sheet.close?.());
    this.#fill(dialog, name, sheet);
  }

  #fill(dialog, name, sheet) {
    const { title, head, body, foot } = dialog.parts;
    dialog.dataset.name = name;
    dialog.dataset.size = sheet.size ?? name;
    this.#ctx.frame.dataset.sheet = name;
    title.replaceChildren(sheet.title);
    if (sheet.label) title.setAttribute("aria-label", sheet.label);
    else title.removeAttribute("aria-label");
    head.querySelector(".sheet-back").hidden = this.#stack.length < 2;
    body.replaceChildren(sheet.body);
    body.scrollTop = 0;
    foot.replaceChildren(...(sheet.foot ? [sheet.foot] : []));
    foot.hidden = !sheet.foot;
    dialog.removeAttribute("aria-busy");
    setTimeout(() => dialog.removeAttribute("data-fresh"), SETTLE_MS);
    (sheet.initialFocus ?? title).focus({ preventScroll: true });
    this.#ctx.frame.dispatchEvent(new Event("yc-sheet"));
  }

  /** What a sheet may do with its frame. */
  #frame(dialog, ending) {
    const { title, head, body, foot, timer } = dialog.parts;
    const isMine = () => !ending.signal.aborted;
    timer.replaceChildren();
    return {
      body,
      signal: ending.signal,
      close: () => isMine() && this.close(),
      back: () => isMine() && this.back(),
      open: (name, props) => this.open(name, props),
      replace: (name, props, options) => isMine() && this.replace(name, props, options),
      setTitle: (text) => isMine() && title.replaceChildren(text),
      setFoot: (node) => {
        if (!isMine()) return;
        foot.replaceChildren(...(node ? [node] : []));
        foot.hidden = !node;
      },
      setBusy: (isBusy) => {
        if (!isMine()) return;
        if (isBusy) dialog.setAttribute("aria-busy", "true");
        else dialog.removeAttribute("aria-busy");
      },
      timer: (node) => isMine() && timer.replaceChildren(...(node ? [node] : [])),
      head,
    };
  }

  #ensure(name) {
    if (this.#dialog) {
      delete this.#dialog.dataset.leaving;
      return this.#dialog;
    }
    this.#ending = new AbortController();
    const dialog = this.#build(AbortSignal.any([this.#ctx.signal, this.#ending.signal]));
    this.#dialog = dialog;
    dialog.dataset.size = name;
    this.#ctx.frame.append(dialog);
    // What showModal() does beside showing touches the whole page. In a page of others nothing else lays it over all.
    if (this.#ctx.settings.isPage && !this.isPanel) dialog.open = true;
    else this.#stand();
    return dialog;
  }

  /** An entry in the history: Back closes the sheet instead of leaving the LIVE. */
  #enter() {
    if (!this.#ctx.settings.isPage || this.#hasEntry) return;
    history.pushState({ yc: "sheet" }, "");
    this.#hasEntry = true;
  }

  /** Beside the picture or over it, as the room is now. */
  #stand() {
    const dialog = this.#dialog;
    if (!dialog || (this.isPanel ? dialog.matches("[open][data-panel]") : dialog.matches(":modal"))) return;
    const focused = this.#ctx.root.activeElement;
    dialog.close();
    dialog.toggleAttribute("data-panel", this.isPanel);
    if (this.isPanel) dialog.show();
    else dialog.showModal();
    if (dialog.contains(focused)) focused.focus();
  }

  /** Until a sheet is modal nothing else keeps what lies behind it out of reach, or hears Esc. */
  #hold(event) {
    if (!this.#dialog?.matches("[open]:not([data-panel], :modal)") || event.composedPath().includes(this.#dialog)) return;
    event.preventDefault();
    event.stopPropagation();
    if (event.key === "Escape") this.back();
  }

  #remove() {
    this.#ending?.abort();
    this.#dialog?.remove();
    this.#dialog = null;
  }

  #build(signal) {
    const title = h("h2", { class: "sheet-title", id: "sheet-title", tabIndex: -1 });
    const timer = h("div", { class: "sheet-timer", part: "timer" });
    const back = h("button", { class: "icon-button sheet-back", type: "button", "aria-label": "Back", hidden: true,
      on: { click: () => this.back() } }, icon("back"));
    const shut = h("button", { class: "icon-button sheet-close", type: "button", "aria-label": words.CLOSE,
      on: { click: () => this.close() } }, icon("close"));
    const head = h("header", { class: "sheet-head", part: "sheet-head" },
      h("span", { class: "sheet-grip", "aria-hidden": "true" }), back, title, timer, shut);
    const body = h("div", { class: "sheet-body" });
    const foot = h("footer", { class: "sheet-foot", hidden: true });
    const dialog = h("dialog", { class: "sheet", part: "sheet", "aria-labelledby": "sheet-title", "aria-busy": "true", "data-fresh": "" }, head, body, foot,
      this.#ctx.announcer.region());
    dialog.parts = { title, head, body, foot, timer };
    // Esc goes one sheet back, not out of the LIVE.
    dialog.addEventListener("cancel", (event) => {
      event.preventDefault();
      this.back();
    }, { signal });
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "Escape" || !("panel" in dialog.dataset)) return;
      event.preventDefault();
      this.back();
    }, { signal });
    dialog.addEventListener("click", (event) => {
      const isBeside = event.target === dialog && !("panel" in dialog.dataset);
      if (isBeside && !("fresh" in dialog.dataset)) this.close();
    }, { signal });
    swipeDown(head, dialog, () => this.close(), signal);
    this.#place(dialog, signal);
    return dialog;
  }

  /** A small element in a wide page has its sheet over itself, not across the window. */
  #place(dialog, signal) {
    const put = () => {
      const box = this.#ctx.element.getBoundingClientRect();
      const isOwn = innerWidth >= 600 && box.width < innerWidth - 8;
      dialog.toggleAttribute("data-placed", isOwn);
      dialog.style.setProperty("max-block-size", isOwn ? `${Math.max(SHEET_LEAST, box.height - PICTURE_LEFT)}px` : "none");
      if (!isOwn) return;
      const width = Math.min(innerWidth, Math.max(320, box.width));
      const left = Math.max(0, Math.min(box.left, innerWidth - width));
      dialog.style.setProperty("--sheet-left", `${left}px`);
      dialog.style.setProperty("--sheet-width", `${width}px`);
      dialog.style.setProperty("--sheet-bottom", `${Math.max(0, innerHeight - box.bottom)}px`);
    };
    put();
    for (const event of ["resize", "scroll"]) window.addEventListener(event, put, { signal, passive: true });
  }

  #wentBack() {
    if (!this.#hasEntry) return;
    this.#hasEntry = false;
    if (this.#stack.length < 2) {
      this.close();
      return;
    }
    this.#enter();
    this.back();
  }

  /** End the content that is shown. */
  #end() {
    this.#filling?.abort();
    this.#filling = null;
  }

  #leave() {
    this.#end();
    this.#stack = [];
    this.#remove();
  }
}

/** Resolves once a frame was painted, or soon where none is: a tab behind another has no frames. */
function nextFrame() {
  return new Promise((resolve) => {
    requestAnimationFrame(() => setTimeout(resolve));
    setTimeout(resolve, FRAME_MS);
  });
}
