// Sentences that only the bag, a product and the cart say; the others are in words.js.

// The bag and a product
export const bagOf = (n) => `Bag · ${n} ${n === 1 ? "item" : "items"}`;
export const searchIn = (n) => `Search ${n} items`;
export const nothingFound = (text) => `Nothing in the bag is called “${text}”.`;
export const BAG_EMPTY = "The bag is empty. What the host adds appears here.";
export const NOW = "NOW";
export const NOTHING_NOW = "No item is shown right now.";
export const FROM = "from ";
export const buyFor = (price) => `Buy ${price}`;
export const ADD = "Add to cart";
export const CHOOSE_ONE = "Choose one";
export const CHOOSE_FIRST = "Choose one of these first.";
export const QUANTITY = "Quantity";
export const DETAILS = "Details";
export const soldBy = (shop) => `Sold by ${shop}`;
export const pictureOf = (n, all, title) => `Picture ${n} of ${all}: ${title}`;
export const showPicture = (n) => `Show picture ${n}`;
export const GONE = "This item is no longer in the shop.";

// The cart
export const CART = "Cart";
export const CART_EMPTY = "Your cart is empty.";
export const cartFoot = (n) => `Cart: ${n} ${n === 1 ? "item" : "items"}`;
export const VIEW_ITEMS = "View cart";
export const remove = (title) => `Remove ${title}`;
export const removed = (title) => `${title} is out of your cart.`;
export const UNDO = "Undo";
export const each = (price) => `${price} each`;
export const TOTAL = "Total";
export const checkoutFor = (price) => `Checkout ${price}`;
export const CART_SOLD_OUT = "Sold out. Remove it to go on.";
export const fewerLeft = (n) => `Only ${n} left. Take fewer to go on.`;
