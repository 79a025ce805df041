// Every sentence a viewer reads or hears: what happened, what it means for the money or the item, what to do.

// Connecting and coming back
export const CONNECTING = "Connecting to the LIVE…";
export const OFFLINE = "You are offline. Prices may be out of date.";
export const TRY_AGAIN = "Try again";
export const RECONNECTING = "Reconnecting…";
export const BACK = "Back. Everything is up to date.";
export const SLOW = "Slow connection: chat is shortened.";
export const SIGN_IN_AGAIN = "Please sign in again. Your cart is safe.";
export const SIGN_IN = "Sign in";
export const RELOAD = "Reload";
export const NEW_VERSION = "This page is out of date. Reload it to go on.";
export const ELSEWHERE = "This LIVE is open in another place.";

// The LIVE
export const TAP_FOR_SOUND = "Tap for sound";
export const startsIn = (countdown) => `Starts in ${countdown}`;
export const startsAt = (date) => `${date} your time`;
export const SEE_WHAT_IS_COMING = "See what is coming";
export const STARTING_SOON = "Starting soon.";
export const startsSoonSpoken = (minutes) => `Starts in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
export const isLive = (host) => `${host} is live.`;
export const AWAY = "The host will be right back.";
export const awayFor = (minutes) =>
  `Away for ${minutes} ${minutes === 1 ? "minute" : "minutes"}. The bag stays open.`;
export const ENDED = "This LIVE has ended.";
export const NO_REPLAY = "There is no replay of this LIVE.";
export const BAG_IS_OPEN = "The bag is open.";
export const OPEN_BAG = "Open bag";
export const REMOVED = "This LIVE is not available.";
export const OTHER_LIVES = "Other LIVEs";
export const PICTURE_STUCK = "The picture is stuck. Chat and buying still work.";
export const RELOAD_PICTURE = "Reload picture";
export const LIVE = "LIVE";
export const SOON = "Soon";
export const OVER = "Ended";
export const watching = (n) => `${n} watching`;

// The item
export const NOW_SHOWING = "Now showing";
export const nowShowing = ({ title, price, was, left }) =>
  [`Now showing: ${title}`, price, was && `was ${was}`, left].filter(Boolean).join(", ") + ".";
export const FROM = "from ";
export const BUY = "Buy";
export const CHOOSE = "Choose";
export const SOLD_OUT = "Sold out";
/** The most units whose number is told; above it stock is no news. */
export const FEW = 10;
export const left = (n) => (n <= 0 ? SOLD_OUT : n <= FEW ? `${n} left` : "");
export const soldOutSpoken = (title) => `${title} is sold out.`;
export const leftSpoken = (title, n) => `${title}: ${n} left.`;
export const LOST_RACE = "Someone was faster. The last one is gone. You were not charged.";
export const PRICE_FELL = (now, was) => `Price is now ${now} (was ${was}). Your cart has the lower price.`;
export const PRICE_ROSE = (was, now) => `The price changed from ${was} to ${now} while you were here.`;
export const priceNow = (now, was) => `Price is now ${now}, was ${was}.`;
export const limit = (n) => `You can buy at most ${n} of this.`;
export const ONE_MOMENT = "One moment…";
export const IN_LINE = "Many people are buying. You are in line.";
export const CANCEL = "Cancel";

// The cart
export const ADDED = "Added to your cart.";
export const ADDED_TO_SHOP = "Added to the shop's cart.";
export const SHOP_CHECKOUT = "The shop's checkout takes it from here.";
export const VIEW_CART = "View";
export const cartOf = (n) => `Cart, ${n} ${n === 1 ? "item" : "items"}`;

// Paying
export const kept = (time) => `Kept for you ${time}`;
export const keptMore = (time) => `Kept for ${time} more.`;
export const holdGone = (item) =>
  `Your time ran out, so ${item} went back on sale. Your card was not charged. Your details are saved.`;
export const TRY_TO_GET_IT = "Try to get it again";
export const PAYING = "Paying… your item is kept.";
export const DECLINED = "Your bank did not approve this payment. You were not charged.";
export const WHAT_YOU_CAN_DO = "What you can do";
export const DECLINED_HELP = ["Approve it in your bank's app.", "Check number and date.", "Use another card."];
export const OTHER_CARD = "Use another card";
export const BANK_CHECKS = "Your bank wants to check it is you.";
export const CANCEL_PAYMENT = "Cancel payment";
export const BANK_REFUSED = "Your bank could not confirm it was you. You were not charged.";
export const PAY_UNKNOWN =
  "We are checking with your bank. Do not pay again: we will tell you here.";
export const CLOSE = "Close";
export const lateMoney = (amount) =>
  `The item was gone when the payment came through. ${amount} goes back to your card in 5–10 days.`;
export const placed = (number) => `Order ${number} placed`;
export const BACK_TO_LIVE = "Back to the LIVE";
export const thingsToFix = (n) => `${n} ${n === 1 ? "thing" : "things"} to fix`;

// Chat
export const SAY_SOMETHING = "Say something…";
export const SEND = "Send";
export const CHAT_WHEN_LIVE = "Chat is not open yet.";
export const CHAT_OVER = "Chat is closed.";
export const mutedFor = (minutes) =>
  `You can write again in ${minutes} ${minutes === 1 ? "minute" : "minutes"}.`;
export const nextMessageIn = (seconds) => `Next message in ${seconds} s.`;
export const newMessages = (n) => `${n} new ${n === 1 ? "message" : "messages"}`;
export const andMore = (n) => `+ ${n}`;
export const bought = (name, title) => `${name} bought ${title}`;
export const NOT_SENT = "Your message was not sent.";

// The menu
export const MENU = "More";
export const CALM = "Calm";
export const CALM_HINT = "No hearts, no banners, chat at one line a second.";
export const READ_CHAT = "Read chat aloud";
export const READ_CHAT_HINT = "For screen readers: the host and answers to you first.";
export const HEARTS = "Hearts";
export const SOUND = "Sound";
export const PAUSE_CHAT = "Pause chat";
export const FULL_SCREEN = "Full screen";
export const SHARE = "Share";
export const LINK_COPIED = "The link is copied.";
export const LIKE = "Send a heart";
export const SKIP_TO_PRODUCT = "Go to the product shown";
export const SKIP_TO_CHAT = "Go to chat";

/** What is said when nothing better is known; only where it is certain that nothing was charged. */
export const wentWrong = (ref) =>
  `Something went wrong on our side. Nothing was charged.${ref ? ` (ref ${ref})` : ""}`;
