// <yellow-cart show="…">: one LIVE, to watch and to buy in, on any page.
import { loaded, show } from "./viewer/shell.js";
import { connect } from "./yellowcart.js";

const STYLES = ["common/tokens.css", "viewer/first.css", "viewer/viewer.css"];
/** So long a connection waits for the next element of the same LIVE, as when one is moved. */
const LINGER_MS = 1000;
const NO_SHOW = { code: "invalid", message: 'Which LIVE? Write its id into the tag: <yellow-cart show="…">.' };

const sheets = new Map();
const lives = new Map();
const borrowed = new WeakMap();
const callbacks = new WeakMap();

export class YellowCart extends HTMLElement {
  static observedAttributes = ["show", "src", "layout", "muted"];
  #token;
  #getToken;
  #given = null;
  #live = null;
  #leaving = null;

  constructor() {
    super();
    // What the server drew already stands in the shadow root.
    if (!this.shadowRoot) this.attachShadow({ mode: "open" });
  }

  /** Of a signed-in viewer; a guest needs none. */
  get token() {
    return this.#token;
  }

  set token(token) {
    this.#token = token ?? undefined;
    this.#again();
  }

  /** Asked for a token at the start and when one has expired: async (why) => token or null. */
  get getToken() {
    return this.#getToken;
  }

  set getToken(fn) {
    this.#getToken = fn;
    this.#again();
  }

  /** The SDK's view of this LIVE; null while the element is in no page. Set one to share yours. */
  get live() {
    return this.#given ?? this.#live;
  }

  set live(live) {
    this.#given = live;
    this.#again();
  }

  connectedCallback() {
    for (const name of ["token", "getToken", "live"]) this.#upgrade(name);
    this.#start();
  }

  disconnectedCallback() {
    this.#stop();
  }

  attributeChangedCallback(name, before, now) {
    if (before === now) return;
    if (name === "show" || name === "src") this.#again();
    else this.shadowRoot.dispatchEvent(new CustomEvent("yc-attribute", { detail: name }));
  }

  /** A property set before the element was defined hides its setter. */
  #upgrade(name) {
    if (!Object.hasOwn(this, name)) return;
    const value = this[name];
    delete this[name];
    this[name] = value;
  }

  #again() {
    if (!this.#leaving) return;
    this.#stop();
    this.#start();
  }

  #start() {
    if (this.#leaving) return;
    this.#leaving = new AbortController();
    const { signal } = this.#leaving;
    const [id, url] = [this.getAttribute("show"), this.#url()];
    const settings = settingsOf(this, url);
    if (!id && !this.#given) return void this.#ask(settings, signal);
    this.#live = this.#given ?? borrow({ show: id, url, token: this.#token, getToken: this.#getToken });
    show({ element: this, root: this.shadowRoot, live: this.live, settings, signal }).catch((error) => {
      if (!signal.aborted) reportError(error);
    });
  }

  /** Nobody said which LIVE: say what is missing, unless it is set by then. */
  async #ask(settings, signal) {
    await loaded(() => settings.styles(), signal);
    const { refuse } = await loaded(() => import("./viewer/refusal.js"), signal);
    if (!signal.aborted) refuse(this.shadowRoot, this, settings, NO_SHOW);
  }

  #stop() {
    this.#leaving?.abort();
    this.#leaving = null;
    if (this.#live && this.#live !== this.#given) giveBack(this.#live);
    this.#live = null;
  }

  #url() {
    const src = this.getAttribute("src");
    return src ? new URL(src, document.baseURI).origin : new URL(import.meta.url).origin;
  }
}

/** What an element was asked to be. `isWide` and `layout` follow its size: the shell sets them. */
function settingsOf(element, url) {
  return {
    url,
    payments: element.getAttribute("payments"),
    poster: element.getAttribute("poster"),
    isPage: element.hasAttribute("page"),
    layout: "phone",
    isWide: false,
    styles: () => adopted(element.shadowRoot, STYLES),
    sheetStyles: () => adopted(element.shadowRoot, [...STYLES, "viewer/sheets.css"]),
  };
}

/** Give a shadow root our styles: made by script, so that no page's Content-Security-Policy stops them. */
async function adopted(root, names) {
  root.adoptedStyleSheets = await Promise.all(names.map(styleSheet));
}

function styleSheet(name) {
  if (!sheets.has(name)) sheets.set(name, load(name).catch((error) => (sheets.delete(name), Promise.reject(error))));
  return sheets.get(name);
}

async function load(name) {
  const answer = await fetch(new URL(name, import.meta.url));
  if (!answer.ok) throw new Error(`${name}: ${answer.status}`);
  return new CSSStyleSheet().replace(await answer.text());
}

/** Elements of one page that show the same LIVE to the same viewer share one connection. */
function borrow(options) {
  const key = [options.url, options.show, options.token ?? "", nameOf(options.getToken)].join(" ");
  let shared = lives.get(key);
  if (shared?.live.state.conn === "closed") shared = null;
  if (!shared) lives.set(key, (shared = { key, live: connect(options), users: 0 }));
  borrowed.set(shared.live, shared);
  clearTimeout(shared.ending);
  shared.users++;
  return shared.live;
}

function giveBack(live) {
  const shared = borrowed.get(live);
  if (!shared || --shared.users > 0) return;
  shared.ending = setTimeout(() => {
    if (lives.get(shared.key) === shared) lives.delete(shared.key);
    live.close();
  }, LINGER_MS);
}

function nameOf(fn) {
  if (!fn) return "";
  if (!callbacks.has(fn)) callbacks.set(fn, String(Math.random()));
  return callbacks.get(fn);
}

if (!customElements.get("yellow-cart")) customElements.define("yellow-cart", YellowCart);
