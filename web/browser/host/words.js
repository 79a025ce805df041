// Every sentence of the host's console, in one place: what happened, then what to do.

import { count, countdown } from "../common/money.js";

const people = (n) => (n === 1 ? "1 person" : `${n.toLocaleString()} people`);

export const pass = {
  title: "Host's console",
  none: "This page needs a host's token.",
  expired: "Your token has expired, or this server did not sign it. Nothing was lost: the LIVE goes on without you.",
  soon: (ms) => `Your token ends in ${countdown(ms)}. Then this console closes; the LIVE goes on.`,
  foreign: (name, role, host) => `This token is for ${name} (${role}). This LIVE is run by ${host}, or by an admin.`,
  unreadable: "This is not a token. A token is one long line with two dots in it.",
  otherShow: "This token is for another LIVE.",
  how: "Make one where the server runs, with the same data folder:",
  command: (host) => `python server.py token --sub ${host} --role host`,
  paste: "Token, or the whole link of the console",
  open: "Open the console",
  opening: "Opening the console…",
  another: "Use another token",
  unreachable: "The server does not answer. Trying again…",
};

export const link = {
  up: "Connected",
  down: "No connection",
  lost: (since, product) =>
    "You are cut off from the LIVE: the controls are off, and nothing you press is sent later. "
    + (product ? `Last seen on air: ${product}. ` : "")
    + (since ? `Reconnecting, ${since}.` : "Reconnecting."),
  replaced: "This account opened the console too often. This window is closed: use another one, or reload.",
  back: "Connected again. Everything here is up to date.",
  off: "No connection. Nothing was sent.",
  reload: "Reload",
};

export const top = {
  live: "LIVE",
  scheduled: "Not live",
  ended: "Ended",
  watching: "watching",
  orders: (n) => (n === 1 ? "order" : "orders"),
  theme: "Light or dark",
  more: "More",
};

export const air = {
  title: "On air now",
  none: "Nothing on air",
  noneText: "Pin a product, and every viewer has its card at once.",
  notLive: "The LIVE is not on the air. Viewers see the bag; cards can be pinned once you are live.",
  unpin: "Unpin",
  variants: "Variants on air",
  variantHeads: ["Variant", "Price", "Left"],
  stale: (since) => `As it was ${since} ago`,
};

export const bag = {
  title: "Bag",
  empty: "Add products before you go live. Viewers see them as soon as you pin.",
  nothingFound: (text) => `Nothing in the bag is called “${text}”.`,
  pin: "Pin",
  move: "Move",
  remove: "Remove",
  up: "Move up",
  down: "Move down",
  top: "Move to the top",
  isFirst: "It is the first",
  isLast: "It is the last",
  drag: "Drag to move",
  search: "Search the bag",
  add: "Add",
  more: (title) => `More for ${title}`,
  pinning: "Pinning…",
  onAir: "On air",
  notConfirmed: "Not confirmed. Try again",
  notThere: "It is no longer in the bag.",
  cannotRemove: "On air. Unpin it first.",
  soldOut: "Sold out",
};

export const done = {
  pinned: (title) => `Pinned ${title}`,
  unpinned: (title) => `Took ${title} off the air`,
  added: (title) => `Added ${title}`,
  removed: (title) => `Removed ${title} from the bag`,
  moved: (title, to) => `Moved ${title} to ${to}`,
  deleted: (name) => `Deleted a message of ${name}`,
  muted: (name) => `Muted ${name} for 10 minutes`,
  banned: (name) => `Banned ${name}`,
  started: "The LIVE is on the air",
  ended: "The LIVE has ended",
  notEnding: "Still on the air. The LIVE goes on.",
  undone: (text) => `Undone: ${text}`,
  overtaken: "Something else happened since. Nothing was undone.",
  late: (text) => `Came through late: ${text}`,
};

export const others = {
  pinned: (title) => `Another console pinned ${title}`,
  pinnedOver: (title, mine) => `Another console pinned ${title} right after your ${mine}`,
  unpinned: (title) => `Another console took ${title} off the air`,
  added: (title) => `Another console added ${title}`,
  removed: (title) => `Another console removed ${title} from the bag`,
  moved: "Another console changed the order of the bag",
  started: "Another console went live",
  ended: "Another console ended the LIVE",
  price: (title, now, before) => `${title} is now ${now} (was ${before})`,
};

export const failed = {
  unknown: (what) => `${what}: not confirmed. Look before you try again.`,
  closed: "The LIVE is not on the air. Nothing was changed.",
  again: (message) => `${message} Nothing was changed.`,
};

export const log = {
  title: "What was done",
  open: "Log",
  undo: "Undo",
  close: "Close",
  empty: "Nothing yet.",
};

export const start = {
  open: "Go live…",
  openAgain: "Resume…",
  kinds: { ok: "Fine: ", warn: "Look at this: ", bad: "Missing: " },
  title: "Go live",
  resume: "Resume the LIVE",
  intro: "What viewers will meet:",
  go: "Go live",
  goOn: "Resume",
  later: "Not yet",
  bag: (n) => (n ? `The bag has ${n} ${n === 1 ? "product" : "products"}.` : "The bag is empty. Add a product first."),
  stock: (n) => (n ? `${n} of them ${n === 1 ? "is" : "are"} sold out.` : "Everything in the bag is in stock."),
  noStock: "Everything in the bag is sold out.",
  free: (n) => `${n} ${n === 1 ? "product costs" : "products cost"} nothing. Check the prices.`,
  priced: "Every product has a price.",
  picture: "The picture has an address.",
  pictureFails: "The picture does not load here. Check the stream.",
  noPicture: "No picture is set: viewers see the product only.",
  linked: "The console is connected.",
  notLinked: "The console is not connected.",
};

export const end = {
  open: "End…",
  title: (n) => (n ? `End the LIVE for ${people(n)}?` : "End the LIVE?"),
  text: "Who is paying now can finish: those orders go on. The bag stays open, and you can resume later.",
  stay: "Keep going",
  end: "End LIVE",
  soon: (seconds) => `Ending in ${seconds}…`,
  back: "Go back on air",
  late: "This machine slept, so the LIVE was not ended. End it again if you still mean it.",
  lost: "The connection went: the LIVE was not ended. End it again once you are back.",
};

export const chat = {
  title: "Chat",
  log: "Chat messages",
  empty: "Nobody has written yet.",
  write: "Write as host…",
  send: "Send",
  closed: "Chat opens when you go live.",
  paused: (n) => (n ? `${count(n)} new` : "Paused"),
  remove: "Delete",
  mute: "Mute 10 min",
  ban: "Ban…",
  gone: "Message deleted",
  host: "Host",
  banTitle: (name) => `Ban ${name}?`,
  banText: "They are sent out of this LIVE and cannot come back. This cannot be undone here.",
  reason: "Reason",
  reasonHint: "Kept with the ban, for your team. They do not see it.",
  reasonMissing: "Write a reason, for example: insults other viewers.",
  banNow: "Ban",
  cancel: "Cancel",
};

export const orders = {
  title: "Orders",
  empty: "Orders show here the moment they are paid.",
};

export const chart = {
  title: (minutes) => `Last ${minutes} minutes`,
  table: "Numbers by the minute",
  asTable: "Show as table",
  asChart: "Show as chart",
  watching: "Watching",
  sold: "Sold per 10 s",
  peak: (n) => `peak ${count(n)}`,
  heads: ["Time", "Watching", "Sold", "Pinned"],
  pinned: (title) => `pinned ${title}`,
  at: (n, units) => `${n === null ? "not known" : `${n.toLocaleString()} watching`} · ${units} sold in 10 s`,
  summary: (minutes, n, most, units) =>
    `The last ${minutes} minutes: ${n} watching now, at most ${most}; ${units} units sold.`,
};

export const preview = {
  title: "Preview",
  hide: "Hide preview",
  show: "Show preview",
  hidden: "The preview is off.",
  noPicture: "No picture is set",
  fails: "The picture does not load here",
  open: "Open the viewer's page",
  soon: "Starts soon",
  over: "This LIVE has ended.",
};

export const picker = {
  title: "Add products",
  search: "Search the shop",
  list: "Products of the shop",
  add: "Add",
  inBag: "In the bag",
  adding: "Adding…",
  more: "Show more",
  further: "Search further",
  loading: "Loading…",
  none: (text) => (text ? `Nothing that was searched is called “${text}”.` : "The shop has no products yet."),
  shown: (n, read, hasMore) =>
    `${n.toLocaleString()} shown · ${read.toLocaleString()}${hasMore ? "+" : ""} in the shop`,
  left: (n, variants) => `${n.toLocaleString()} left${variants > 1 ? ` · ${variants} variants` : ""}`,
  notAdded: (title) => `${title} was not added.`,
  fails: "The products could not be loaded.",
  again: "Try again",
};

export const tabs = {
  label: "Parts of the console",
  bag: "Bag",
  chat: "Chat",
  orders: "Orders",
  numbers: "Numbers",
  news: (n) => `Chat, ${n} new`,
  toBag: "Go to the bag",
  toChat: "Go to chat",
};

export const keys = {
  title: "Keys",
  on: "Keys are on",
  note: "They never act while you type.",
  list: [
    ["↑ ↓", "Select in the bag or the chat"],
    ["1 – 9", "Select the product with that number; then Enter pins it"],
    ["Enter", "Pin the selected product"],
    ["Shift U", "Unpin"],
    ["Ctrl Z", "Undo your newest act"],
    ["/", "Search the bag"],
    ["C", "Go to the newest message"],
    ["H", "Delete the selected message"],
    ["M", "Mute its writer for 10 minutes"],
    ["Esc", "Close, or leave the field"],
    ["?", "This list"],
  ],
};
