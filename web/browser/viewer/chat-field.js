// The field to write in: Enter sends; it says why one cannot write, and until when.
import { h, icon } from "../common/dom.js";
import * as words from "./words.js";

const LONGEST = 500;

export class ChatField {
  #ctx;
  #input;
  #send;
  #note;
  #until = 0;
  #timer = 0;
  #isSending = false;

  constructor(ctx) {
    this.#ctx = ctx;
    this.#input = h("input", { class: "chat-input", type: "text", maxLength: LONGEST, autocomplete: "off", enterKeyHint: "send",
      "aria-label": words.SAY_SOMETHING, placeholder: words.SAY_SOMETHING, "aria-describedby": "chat-note" });
    this.#send = h("button", { class: "icon-button chat-send", type: "submit", "aria-label": words.SEND, hidden: true }, icon("send", 20));
    this.#note = h("p", { class: "chat-note", id: "chat-note", role: "status", hidden: true });
    this.node = h("form", { class: "chat-field", on: { submit: (event) => this.#submit(event) } }, this.#input, this.#send, this.#note);
    const { live, signal } = ctx;
    this.#input.addEventListener("input", () => this.#draw(), { signal });
    live.watch((state) => `${state.show.state} ${state.conn === "closed"}`, () => this.#draw(), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer));
    this.#draw();
  }

  get input() {
    return this.#input;
  }

  /** Why nothing can be written now, or "". */
  #off() {
    const { show, conn } = this.#ctx.live.state;
    if (show.state === "scheduled") return words.CHAT_WHEN_LIVE;
    if (show.state === "ended" || conn === "closed") return words.CHAT_OVER;
    const left = this.#until - this.#ctx.live.now();
    if (left <= 0) return "";
    return this.isMuted ? words.mutedFor(Math.ceil(left / 60_000)) : words.nextMessageIn(Math.ceil(left / 1000));
  }

  #draw() {
    clearTimeout(this.#timer);
    const off = this.#off();
    // Who waits for a few seconds may go on writing meanwhile.
    const isShut = off !== "" && (this.isMuted || this.#until <= this.#ctx.live.now());
    this.#input.readOnly = isShut;
    this.#input.placeholder = isShut ? off : words.SAY_SOMETHING;
    this.#input.setAttribute("aria-disabled", String(isShut));
    this.#send.hidden = isShut || !this.#input.value.trim();
    this.#say(isShut ? "" : off);
    if (this.#until > this.#ctx.live.now()) this.#timer = setTimeout(() => this.#draw(), 500);
    else this.isMuted = false;
  }

  #say(text) {
    this.#note.hidden = !text;
    if (this.#note.textContent !== text) this.#note.textContent = text;
  }

  async #submit(event) {
    event.preventDefault();
    const text = this.#input.value.trim();
    if (!text || this.#isSending || this.#input.readOnly) return;
    const left = this.#until - this.#ctx.live.now();
    if (left > 0) return;
    this.#isSending = true;
    try {
      const answer = await this.#ctx.live.chat.send([...text].slice(0, LONGEST).join(""));
      if (answer.ok) this.#input.value = "";
      else this.#refused(answer);
    } catch (error) {
      this.#ctx.strip("chat", error.outcome === "unknown" ? words.NOT_SENT : error.message, { forMs: 4000 });
    } finally {
      this.#isSending = false;
      if (!this.#ctx.signal.aborted) this.#draw();
    }
  }

  #refused({ code, message, data }) {
    const { live } = this.#ctx;
    if (code === "rate_limited") this.#until = live.now() + (data?.retry_after_ms ?? 2000);
    else if (code === "forbidden" && data?.until) {
      this.#until = data.until;
      this.isMuted = true;
      this.#ctx.say(this.#off());
    } else this.#ctx.strip("chat", message, { forMs: 4000 });
  }
}
