// The chat: rows in batches, never more than 300, held still while somebody reads or aims at one.

import { h, write } from "../common/dom.js";
import { timeOf } from "../common/money.js";
import { button, iconButton } from "./controls.js";
import { dialog } from "./dialog.js";
import * as marks from "./marks.js";
import * as words from "./words.js";

const MOST_ROWS = 300;

export class Chat {
  #desk;
  #acts;
  #rows = [];
  #byMessage = new Map();
  #waiting = [];
  #isPointed = false;
  #isFocused = false;
  #isAtEnd = true;
  #list = h("div", { class: "messages", tabIndex: 0, role: "log", "aria-live": "off", "aria-label": words.chat.log });
  #empty = h("p", { class: "empty" }, words.chat.empty);
  #field = h("input", {
    type: "text", class: "write", maxLength: 500, placeholder: words.chat.write, "aria-label": words.chat.write,
    autocomplete: "off", enterkeyhint: "send",
  });

  constructor(desk, acts) {
    this.#desk = desk;
    this.#acts = acts;
    const send = desk.need(iconButton(words.chat.send, "send", null, { type: "submit" }), "live");
    this.more = button("", () => this.#catchUp(), { class: "new-messages", hidden: true });
    this.tools = this.#makeTools();
    this.form = h("form", { class: "write-row", on: { submit: (event) => this.#send(event) } }, this.#field, send);
    this.note = h("p", { class: "write-note", role: "status" });
    this.node = h("section", { class: "panel chat", id: "chat", "aria-labelledby": "chat-title" },
      h("header", { class: "panel-head" }, h("h2", { id: "chat-title" }, words.chat.title)),
      h("div", { class: "messages-box" }, this.#list, this.#empty, this.more),
      this.note, this.form);
    this.#listen();
    desk.on("chat", ({ messages, reset }) => this.#take(messages, reset));
    desk.on("chatDeleted", (message) => this.#deleted(message));
    const closed = () => write(this.note, desk.isLive ? "" : words.chat.closed);
    desk.watch((state) => state.show?.state, closed);
    closed();
  }

  #listen() {
    const box = this.#list;
    const on = (name, fn) => box.addEventListener(name, fn);
    on("pointerenter", (event) => { this.#isPointed = event.pointerType !== "touch"; });
    on("pointerleave", () => {
      this.#isPointed = false;
      this.#hideTools();
      this.#flush();
    });
    on("focusin", (event) => {
      this.#isFocused = true;
      this.#showTools(event.target.closest(".message"));
    });
    on("focusout", (event) => {
      this.#isFocused = box.contains(event.relatedTarget);
      if (this.#isFocused) return;
      if (!this.#isPointed) this.tools.remove();
      this.#flush();
    });
    on("pointerover", (event) => this.#showTools(event.target.closest(".message")));
    on("click", (event) => event.target.closest(".message")?.focus({ preventScroll: true }));
    on("scroll", () => {
      this.#isAtEnd = box.scrollHeight - box.scrollTop - box.clientHeight < 24;
      if (this.#isAtEnd) this.#flush();
    });
    // Its height changes with banners, notes and the window: the end stays in sight.
    const sizes = new ResizeObserver(() => { if (this.#isAtEnd) box.scrollTop = box.scrollHeight; });
    sizes.observe(box);
    this.#desk.signal.addEventListener("abort", () => sizes.disconnect());
  }

  // What comes in.

  get #isHeld() {
    return this.#isPointed || this.#isFocused || !this.#isAtEnd;
  }

  #take(messages, reset) {
    if (reset) {
      this.#waiting = [];
      for (const row of this.#rows) row.node.remove();
      this.#rows = [];
      this.#byMessage.clear();
    }
    this.#waiting.push(...messages);
    if (this.#waiting.length > MOST_ROWS) this.#waiting.splice(0, this.#waiting.length - MOST_ROWS);
    this.#flush();
  }

  #flush() {
    if (this.#isHeld) return this.#tellWaiting();
    this.#append();
  }

  #catchUp() {
    const isByKey = this.more.matches(":focus-visible");
    this.#isAtEnd = true;
    this.#append();
    // The button goes; who pressed it by keyboard goes on in the field below it.
    if (isByKey) this.#field.focus();
  }

  #append() {
    const messages = this.#waiting.splice(0);
    for (const message of messages) {
      const row = this.#rows.length >= MOST_ROWS ? this.#recycled() : makeRow();
      fill(row, message, this.#desk.state.show?.host.id);
      this.#rows.push(row);
      this.#byMessage.set(message.message, row);
      this.#list.append(row.node);
    }
    this.#empty.hidden = this.#rows.length > 0;
    if (messages.length) this.#list.scrollTop = this.#list.scrollHeight;
    this.#tellWaiting();
  }

  #recycled() {
    const row = this.#rows.shift();
    this.#byMessage.delete(row.message.message);
    if (this.tools.parentNode === row.node) this.tools.remove();
    return row;
  }

  #tellWaiting() {
    this.more.hidden = !this.#waiting.length;
    write(this.more, words.chat.paused(this.#waiting.length));
  }

  #deleted(message) {
    this.#waiting = this.#waiting.filter((one) => one.message !== message);
    this.#tellWaiting();
    const row = this.#byMessage.get(message);
    if (!row) return;
    // It keeps its place, so that the row under the pointer stays the row that was meant.
    row.isGone = true;
    row.node.classList.add("gone");
    write(row.text, words.chat.gone);
    if (this.tools.parentNode === row.node) this.tools.remove();
  }

  // What can be done with a row: one set of buttons, in the row that is pointed at or has the focus.

  #makeTools() {
    const tool = (name, shape, run) => iconButton(name, shape, (event) => {
      event.stopPropagation();
      run(this.tools.parentNode);
    }, { size: 18 });
    this.buttons = {
      remove: tool(words.chat.remove, "trash", (node) => this.remove(node)),
      mute: tool(words.chat.mute, marks.silence, (node) => this.mute(node)),
      ban: tool(words.chat.ban, "ban", (node) => this.ban(node)),
    };
    for (const button of Object.values(this.buttons)) this.#desk.need(button, "link");
    return h("span", { class: "tools" }, Object.values(this.buttons));
  }

  #showTools(node) {
    const row = node && this.#rowOf(node);
    if (!row || row.isGone || this.tools.parentNode === node) return;
    // Not away from under the focus: the pointer may rest on another row.
    if (this.tools.contains(document.activeElement)) return;
    const { name } = row.message.from;
    this.buttons.remove.setAttribute("aria-label", `${words.chat.remove}: ${name}`);
    this.buttons.mute.setAttribute("aria-label", `${words.chat.mute}: ${name}`);
    this.buttons.ban.setAttribute("aria-label", `${words.chat.ban}: ${name}`);
    this.buttons.mute.hidden = this.buttons.ban.hidden = row.isHost;
    node.append(this.tools);
  }

  #hideTools() {
    if (!this.tools.contains(document.activeElement) && !this.selected) this.tools.remove();
  }

  #rowOf(node) {
    return this.#rows.find((row) => row.node === node);
  }

  remove(node) {
    const row = this.#rowOf(node);
    if (row && !row.isGone) this.#acts.deleteMessage(row.message.message, row.message.from.name);
  }

  mute(node) {
    const row = this.#rowOf(node);
    if (row && !row.isHost) this.#acts.mute(row.message.from.id, row.message.from.name);
  }

  async ban(node) {
    const row = this.#rowOf(node);
    if (!row || row.isHost) return;
    const { id, name } = row.message.from;
    const reason = await askReason(this.#desk, name);
    if (reason) this.#acts.ban(id, name, reason);
  }

  // Keys.

  /** The message that has the focus, if one has. */
  get selected() {
    return document.activeElement?.closest?.(".message") ?? null;
  }

  focusNewest() {
    (this.#list.lastElementChild ?? this.#field).focus();
  }

  step(by) {
    const { selected } = this;
    if (!selected) return this.focusNewest();
    const next = by > 0 ? selected.nextElementSibling : selected.previousElementSibling;
    next?.focus();
  }

  // Writing.

  async #send(event) {
    event.preventDefault();
    const text = this.#field.value.trim();
    if (!text || !this.#desk.online || !this.#desk.isLive) return;
    try {
      const answer = await this.#desk.live.chat.send(text);
      write(this.note, answer.ok ? "" : answer.message);
      if (answer.ok && this.#field.value.trim() === text) this.#field.value = "";
    } catch (error) {
      write(this.note, error.outcome === "unknown" ? words.failed.unknown(words.chat.send) : error.message);
    }
  }
}

function makeRow() {
  const row = {
    time: h("time", {}), name: h("bdi", { class: "name" }), role: h("span", { class: "chip" }),
    text: h("span", { class: "said", dir: "auto" }),
  };
  row.node = h("div", { class: "message", tabIndex: -1 }, row.time, h("p", {}, row.name, " ", row.role, " ", row.text));
  return row;
}

function fill(row, message, host) {
  row.message = message;
  row.isGone = false;
  row.isHost = message.from.id === host;
  row.node.classList.toggle("gone", false);
  row.node.classList.toggle("host", row.isHost);
  write(row.time, timeOf(message.at));
  write(row.name, message.from.name);
  row.role.hidden = message.from.role === "viewer" && !row.isHost;
  write(row.role, row.isHost ? words.chat.host : message.from.role);
  write(row.text, message.text);
}

/** The reason of a ban; undefined when it was thought better of. */
async function askReason(desk, name) {
  const error = h("p", { class: "field-error", id: "reason-error", role: "alert" });
  const field = h("input", {
    id: "reason", type: "text", maxLength: 200, autocomplete: "off", "aria-describedby": "reason-hint reason-error",
  });
  const form = h("form", { class: "field" },
    h("label", { for: "reason" }, words.chat.reason),
    h("p", { class: "hint", id: "reason-hint" }, words.chat.reasonHint), field, error);
  const check = () => {
    if (field.value.trim()) return true;
    write(error, words.chat.reasonMissing);
    field.setAttribute("aria-invalid", "true");
    field.focus();
    return false;
  };
  const answer = await dialog(desk, {
    title: words.chat.banTitle(name),
    body: [h("p", {}, words.chat.banText), form],
    enter: "ban",
    actions: [
      { label: words.chat.cancel, isFirst: true },
      { label: words.chat.banNow, value: "ban", kind: "danger", needs: "link" },
    ],
    check: (value) => value !== "ban" || check(),
  });
  return answer === "ban" ? field.value.trim() : undefined;
}
