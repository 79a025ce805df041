// Sentences that only the checkout says, from what it asks to the order; the others are in words.js.

// Asking for details
export const CHECKOUT = "Checkout";
export const CONTACT = "Contact";
export const SHIP_TO = "Ship to";
export const CARD = "Card";
export const PRACTICE = "Practice cards: no real money moves.";
export const WHICH_CARD = "Choose a card";
export const EMAIL = "E-mail";
export const EMAIL_HINT = "The shop writes here about your order.";
export const EMAIL_WRONG = "Enter an e-mail address, for example ana@example.com.";
export const NAME = "Full name";
export const NAME_WRONG = "Enter a name.";
export const COUNTRY = "Country";
export const CHOOSE_COUNTRY = "Choose a country";
export const COUNTRY_WRONG = "Choose a country.";
export const LINE1 = "Street and number";
export const LINE1_WRONG = "Enter a street and number.";
export const LINE2 = "Apartment, floor";
export const POSTCODE = "Postcode";
export const postcodeWrong = (example) => `Enter a postcode, for example ${example}.`;
export const CITY = "City";
export const CITY_WRONG = "Enter a city.";
export const REGION = "State or region";
export const PHONE = "Phone";
export const CARD_WRONG = "Choose a card.";
export const YOUR_DETAILS = "Your details";
export const KEEP = "Keep my details on this device";
export const FORGET = "Forget my details";
export const FORGOTTEN = "Your details are no longer kept on this device.";
export const TO_REVIEW = "Continue";
export const BACK_TO_REVIEW = "Save";

// Holding and paying
export const CHANGE = "Change";
export const ITEMS = "Items";
export const TOTAL = "Total";
export const SHIPPING = "Shipping";
export const FREE = "Free";
export const DISCOUNT = "Discount";
export const TAX = "Tax";
export const payFor = (price) => `Pay ${price}`;
export const payAgain = (price) => `Try again ${price}`;
export const priceFell = (now, was) => `Price is now ${now} (was ${was}). You pay the lower price.`;
export const HOLDING = "Keeping it for you…";
export const keptSpoken = (minutes, seconds) =>
  `Kept for you for ${[minutes && `${minutes} ${minutes === 1 ? "minute" : "minutes"}`,
    seconds && `${seconds} seconds`].filter(Boolean).join(" ")}.`;
export const keptUntil = (time) => `Kept for you until ${time}.`;
export const CONTINUE = "Continue";
export const inQueue = (n) => `You are number ${n} in the queue. Your items are kept.`;
export const CHECKING = "Checking with your bank…";
export const SHOW = "Show";
export const takeFewer = (n) => `Take ${n}`;
export const onlyLeftNow = (n) => `Only ${n} left now. You were not charged.`;
export const BACK_TO_BAG = "Back to the bag";
export const BACK_TO_CART = "Back to the cart";
export const CANCELLED = "The payment was cancelled. You were not charged.";
export const FAILED = "Your bank did not approve 5 payments, so the items went back on sale. You were not charged.";
export const NOTHING_CHARGED = "Something went wrong on our side. Nothing was charged.";
export const NO_CARDS = "This shop cannot take cards here yet. You were not charged.";
export const CANCELLING = "Cancelling…";
export const BANK = "Your bank";
export const REMOVE_ITEM = "Remove";
export const THE_ITEM = "the item";
export const THE_ITEMS = "the items";

// The order
export const ordersPlaced = (n) => (n === 1 ? "Order placed" : `${n} orders placed`);
export const paidWith = (price, card) => (card ? `${price} paid with ${card}.` : `${price} paid.`);
export const WHAT = "What";
export const WHERE = "Where";
export const WHEN = "When";
export const paidAt = (date) => `Paid ${date}, your time. The shop has not named a delivery date yet.`;
export const tracking = (code) => `On its way. Tracking: ${code}`;
