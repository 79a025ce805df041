// The viewer's menu: sound, calm, hearts, the chat read aloud. What is chosen is kept on this device.
import { h } from "../common/dom.js";
import { ReadAloud } from "./read-aloud.js";
import * as words from "./words.js";

const KEPT = "yc.choices";

/** Bring back what was chosen on an earlier visit. */
export function applyChoices(shell, ctx) {
  shell.choices = { calm: false, aloud: false, hearts: true, ...ctx.store.get(KEPT) };
  shell.aloud = new ReadAloud(ctx, shell.messages);
  apply(shell);
}

function apply(shell) {
  const { calm, aloud, hearts } = shell.choices;
  shell.messages.isCalm = calm;
  shell.hearts.isOff = calm || !hearts;
  shell.hearts.draw();
  shell.aloud.isOn = aloud;
  shell.frame.toggleAttribute("data-calm", calm);
}

/** A small menu over its button; Esc, a tap elsewhere or a second press closes it. */
export function openMenu(shell, ctx, button) {
  const open = ctx.frame.querySelector(".menu");
  if (open) return open.close();
  const { stage, settings } = shell;
  const ending = new AbortController();
  const options = { signal: AbortSignal.any([ctx.signal, ending.signal]) };
  const menu = h("dialog", { class: "menu", "aria-label": words.MENU });
  const close = () => menu.close();
  const choice = (name, label, hint, isOn = shell.choices[name], set = (to) => choose(shell, ctx, name, to)) => {
    const box = h("input", { type: "checkbox", role: "switch", checked: isOn, on: { change: () => set(box.checked) } });
    return h("label", { class: "menu-row" }, h("span", { class: "menu-words" }, label, hint && h("span", { class: "menu-hint", text: hint })), box);
  };
  menu.append(
    h("div", { class: "menu-body" },
      stage.hasFilm && choice("sound", words.SOUND, "", !stage.isMuted, (isOn) => stage.setMuted(!isOn)),
      choice("calm", words.CALM, words.CALM_HINT),
      choice("hearts", words.HEARTS),
      choice("aloud", words.READ_CHAT, words.READ_CHAT_HINT),
      choice("pause", words.PAUSE_CHAT, "", shell.messages.isPaused, (isOn) => (isOn ? shell.messages.pause() : shell.messages.resume())),
      document.fullscreenEnabled && settings.isWide && h("button", { class: "menu-row", type: "button", text: words.FULL_SCREEN, on: { click: () => {
        close();
        if (document.fullscreenElement) document.exitFullscreen();
        else ctx.element.requestFullscreen().catch(() => {});
      } } }),
      settings.isPage && h("a", { class: "menu-row", href: `${settings.url}/`, text: words.OTHER_LIVES })));
  menu.addEventListener("close", () => {
    ending.abort();
    menu.remove();
    button.setAttribute("aria-expanded", "false");
    button.focus();
  }, { once: true });
  menu.addEventListener("keydown", (event) => event.key === "Escape" && (event.preventDefault(), close()), options);
  ctx.root.addEventListener("pointerdown", (event) => {
    if (!menu.contains(event.target) && !button.contains(event.target)) close();
  }, options);
  ctx.frame.append(menu);
  menu.show();
  button.setAttribute("aria-expanded", "true");
  menu.querySelector("input, button, a").focus();
  return undefined;
}

function choose(shell, ctx, name, isOn) {
  shell.choices = { ...shell.choices, [name]: isOn };
  ctx.store.set(KEPT, shell.choices);
  apply(shell);
}
