// The host's console at /host/{show}: takes the token, joins, and puts the parts together.

import { h } from "../common/dom.js";
import { connect } from "../yellowcart.js";
import { Acts } from "./acts.js";
import { OnAir } from "./air.js";
import { Bag } from "./bag.js";
import { Banner } from "./banner.js";
import { Chart } from "./chart.js";
import { Chat } from "./chat.js";
import { Desk } from "./desk.js";
import { dialog } from "./dialog.js";
import { History } from "./history.js";
import { Keys } from "./keys.js";
import { OnOff } from "./on-off.js";
import { Orders } from "./orders.js";
import { claims, dropPass, keepPass, objection, passForm, takePass } from "./pass.js";
import { Picker } from "./picker.js";
import { Preview } from "./preview.js";
import { Sold } from "./sold.js";
import { Store } from "./store.js";
import { Tabs } from "./tabs.js";
import { TopBar } from "./top-bar.js";
import { UndoBar } from "./undo.js";
import * as words from "./words.js";

const SOON_MS = 5 * 60_000;
const SLOW_MS = 5000;
const THEME = "yc.console.theme";

/** Open the console in `root`, which names the show: data-show, data-title, data-host. */
function open(root) {
  root.className = "console";
  const { show: id, title, host } = root.dataset;
  const show = { id, title, host: { id: host } };
  const kept = { store: new Store(() => localStorage), tab: new Store(() => sessionStorage) };
  document.documentElement.dataset.theme = kept.store.get(THEME) ?? "dark";
  const token = takePass(id, { location, history, storage: kept.tab });
  const no = token ? objection(token, show) : words.pass.none;
  // A link with a fresh token, opened in the tab that has the console: begin anew with it.
  addEventListener("hashchange", () => location.hash.includes("token=") && location.reload());
  if (no) askPass(root, show, no, (fresh) => start(root, show, fresh, kept));
  else join(root, show, token, kept);
}

/** A page of its own that asks for a token; `take(token)` gets one that may open the console. */
function askPass(root, show, why, take) {
  root.replaceChildren(h("main", { class: "pass" },
    h("p", { class: "pass-kind" }, words.pass.title), h("h1", { dir: "auto" }, show.title), passForm(show, why, take)));
  root.querySelector("input").focus();
}

async function join(root, show, token, kept) {
  const wait = h("p", { class: "wait", role: "status" }, words.pass.opening);
  const slow = setTimeout(() => { wait.textContent = words.pass.unreachable; }, SLOW_MS);
  root.replaceChildren(wait);
  // Who asks for another token: a page of its own, later the console.
  let ask = (take) => askPass(root, show, words.pass.expired, (fresh) => {
    root.replaceChildren(wait);
    take(fresh);
  });
  let asked = null;
  // The server does not take the token (any more): the link waits until there is another one.
  const getToken = () => (asked ??= new Promise((done) => {
    dropPass(show.id, kept.tab);
    ask((fresh) => {
      keepPass(show.id, fresh, kept.tab);
      asked = null;
      done(fresh);
    });
  }));
  const live = connect({ show: show.id, token, getToken, storage: null });
  try {
    await live.ready;
    ask = build(root, live, show, token, kept);
  } catch (error) {
    askPass(root, show, error.message, (fresh) => start(root, show, fresh, kept));
  } finally {
    clearTimeout(slow);
  }
}

function start(root, show, token, kept) {
  keepPass(show.id, token, kept.tab);
  join(root, show, token, kept);
}

/** Put the parts together; gives what asks for another token. */
function build(root, live, show, token, { store, tab }) {
  const desk = new Desk(live, root, new AbortController().signal);
  const log = new UndoBar(desk);
  const banner = new Banner(desk);
  const acts = new Acts(desk, log);
  const sold = new Sold(desk);
  const history = new History(desk, tab);
  const preview = new Preview(desk, store);
  const onOff = new OnOff(desk, acts, { banner, log, preview });
  const bag = new Bag(desk, acts, sold, () => new Picker(desk, acts).open());
  const air = new OnAir(desk, acts, sold);
  const chat = new Chat(desk, acts);
  const orders = new Orders(desk, history);
  const chart = new Chart(desk, history);
  const top = new TopBar(desk, {
    start: () => onOff.askStart(), end: () => onOff.askEnd(), theme: () => turnTheme(store),
    help: () => keys.help(), chat: () => tabs.toggleDrawer(),
  });
  const tabs = new Tabs(desk, top.chat);
  const keys = new Keys(desk, store, { bag, chat, air, log, tabs });
  const skip = (part, text) => h("a", { class: "skip", href: `#${part}` }, text);
  root.replaceChildren(
    skip("bag", words.tabs.toBag), skip("chat", words.tabs.toChat), desk.region(),
    banner.node, top.node, tabs.node,
    h("main", { class: "columns" }, bag.node,
      h("div", { class: "middle" }, air.node, h("div", { class: "pair" }, preview.node, air.variants), chart.node),
      h("div", { class: "side" }, chat.node, orders.node)),
    log.node);
  watchEnd(desk, banner);
  return watchPass(desk, show, token, banner, tab);
}

/** Tell in time that the token ends; gives what asks for another one. */
function watchPass(desk, show, first, banner, tab) {
  const expiry = (token) => (claims(token)?.exp ?? Infinity) * 1000;
  let expires = expiry(first);
  let shown = null;
  const ask = (why, take) => {
    shown?.abort();
    shown = new AbortController();
    const taken = (token) => {
      shown.abort();
      expires = expiry(token);
      banner.hide("pass");
      take(token);
    };
    dialog(desk, { title: words.pass.title, body: passForm(show, why, taken), signal: shown.signal });
  };
  const change = (token) => {
    keepPass(show.id, token, tab);
    desk.live.signIn(token).catch((error) => banner.show("pass", { text: error.message, kind: "danger" }));
  };
  desk.onTick(() => {
    const left = expires - desk.live.now();
    if (left > 0 && left < SOON_MS) {
      const action = { label: words.pass.another, run: () => ask(words.pass.none, change) };
      banner.show("pass", { text: words.pass.soon(left), action });
    }
  });
  return (take) => {
    banner.hide("pass");
    const again = () => ask(words.pass.expired, take);
    const action = { label: words.pass.another, run: again };
    banner.show("pass", { text: words.pass.expired, kind: "danger", action });
    again();
  };
}

/** A link that will not come back says so. */
function watchEnd(desk, banner) {
  desk.on("error", ({ code, message }) => {
    banner.hide("link");
    const text = code === "ended" ? words.link.replaced : message;
    banner.show("closed", { text, kind: "danger", action: { label: words.link.reload, run: () => location.reload() } });
    desk.say(text, { assertive: true });
  });
}

function turnTheme(store) {
  const page = document.documentElement;
  page.dataset.theme = page.dataset.theme === "dark" ? "light" : "dark";
  store.set(THEME, page.dataset.theme);
}

open(document.getElementById("console"));
