/**
 * The Yellowcart SDK: one LIVE, watched and bought in from a browser.
 *
 * Money is an integer in minor units of a currency, times are Unix ms of the server's clock.
 * Expected refusals (sold out, another price, a declined card) are values; everything else that
 * goes wrong is a {@link YellowCartError}.
 *
 * Its source is one file on purpose: a shop's page imports or copies it as it is, without a build
 * step, and each module more would be one more request before the first pin.
 */

export type CurrencyCode = string;
export type ConnState = "connecting" | "online" | "reconnecting" | "offline" | "closed";

export interface Sku {
  readonly id: string;
  readonly title: string;
  readonly price: number;
  readonly compare_at?: number;
  readonly currency: CurrencyCode;
  /** Units left when the product was read; {@link Snapshot.stock} is newer. */
  readonly left: number;
}

export interface Product {
  readonly id: string;
  readonly shop: string;
  readonly title: string;
  readonly description: string;
  readonly images: readonly string[];
  readonly skus: readonly Sku[];
}

export interface BagItem {
  readonly position: number;
  readonly product: Product;
}

export interface Show {
  readonly id: string;
  readonly title: string;
  readonly state: "scheduled" | "live" | "ended";
  readonly host: { readonly id: string; readonly name: string };
  readonly playback_url?: string;
  readonly starts_at?: number;
  readonly started_at?: number;
  readonly ended_at?: number;
}

export interface Line {
  readonly sku: string;
  readonly product: string;
  readonly shop: string;
  readonly title: string;
  readonly unit_price: number;
  readonly qty: number;
  readonly line_total: number;
}

export interface Cart {
  readonly version: number;
  readonly currency: CurrencyCode;
  readonly lines: readonly Line[];
  readonly total: number;
  /** The sum of the quantities. */
  readonly count: number;
}

export interface Checkout {
  readonly id: string;
  readonly version: number;
  readonly state:
    | "reserving" | "reserved" | "pay_pending" | "authorized" | "capturing" | "paid" | "refunding"
    | "rejected" | "expired" | "cancelled" | "failed" | "refunded";
  readonly currency: CurrencyCode;
  readonly lines: readonly Line[];
  readonly subtotal: number;
  readonly shipping: number;
  readonly discount: number;
  readonly tax: number;
  readonly total: number;
  /** Pay before this moment. */
  readonly pay_by: number;
  /** The stock is back on sale by then at the latest. */
  readonly hold_until: number;
  /** In the queue to the payment provider, 1 is next; it falls without a new `version`. */
  readonly place?: number;
  readonly action?: { readonly type: "redirect"; readonly url: string };
  readonly orders: readonly string[];
  readonly failure?: { readonly code: string; readonly message: string };
}

export interface Address {
  name: string;
  line1: string;
  line2?: string;
  city: string;
  region?: string;
  postal_code?: string;
  /** ISO 3166-1 alpha-2. */
  country: string;
  phone?: string;
  email?: string;
}

export interface Order {
  readonly id: string;
  readonly number: number | string;
  readonly shop: string;
  readonly state: string;
  readonly lines: readonly Line[];
  readonly subtotal: number;
  readonly shipping: number;
  readonly discount: number;
  readonly tax: number;
  readonly total: number;
  readonly refunded_total: number;
  readonly currency: CurrencyCode;
  readonly paid_at: number;
  readonly ship_to: Address;
  readonly tracking?: unknown;
  /** What the buyer asks the shop to cancel; without `lines` all that was not sent. */
  readonly cancel_request?: {
    readonly at: number;
    readonly answer_by: number;
    readonly reason?: string;
    readonly lines?: readonly { readonly sku: string; readonly qty: number }[];
  };
}

export interface ChatMessage {
  readonly message: string;
  readonly from: { readonly id: string; readonly name: string; readonly role: Role };
  readonly text: string;
  readonly at: number;
}

export interface Purchase {
  readonly name: string;
  readonly product: string;
  readonly units: number;
  readonly at: number;
}

export interface SalesTotal {
  readonly orders: number;
  readonly units: number;
  readonly revenue: number;
  readonly currency: CurrencyCode;
}

export type Role = "viewer" | "host" | "seller" | "creator" | "admin";

/** Everything that is known now. Frozen, and replaced (never changed) when something happens. */
export interface Snapshot {
  readonly conn: ConnState;
  /** Unix ms (of this machine) since when the connection is gone; unset while online. */
  readonly lostAt?: number;
  readonly show: Show | null;
  /** The product on air, as it stands in the bag. */
  readonly pin: { readonly product: Product; readonly at: number } | null;
  readonly bag: readonly BagItem[];
  /** Units that can be held now, by SKU. */
  readonly stock: Readonly<Record<string, number>>;
  readonly viewers: number;
  readonly likes: number;
  /** Hosts only: what the show has sold, by currency. */
  readonly sales: Readonly<Record<CurrencyCode, SalesTotal>>;
  readonly me: { readonly id: string; readonly name: string; readonly role: Role } | null;
  readonly cart: Cart | null;
  /** The newest version of the checkout that is open, or was last. */
  readonly checkout: Checkout | null;
}

export interface Events {
  /** The connection is up, with everything up to date; `recovered`: event by event. */
  ready: { recovered: boolean; first: boolean };
  conn: ConnState;
  show: Show;
  pin: Snapshot["pin"];
  bag: readonly BagItem[];
  product: Product;
  stock: { sku: string; left: number };
  /**
   * Collected, at most one batch every 100 ms; `reset`: they replace what was shown. Who listens
   * late gets what was said last at once, with `reset`.
   */
  chat: { messages: readonly ChatMessage[]; reset: boolean };
  chatDeleted: string;
  purchase: Purchase;
  viewers: number;
  likes: number;
  sales: SalesTotal;
  cart: Cart;
  checkout: Checkout;
  order: Order;
  /** History was lost: `state` was replaced as a whole. */
  gap: { from: number; to: number };
  error: YellowCartError;
}

/** How the caller's command is to be run. */
export interface CommandOptions {
  /** Idempotency key; made by the SDK if absent. A repeat under one key happens once. */
  key?: string;
  /** Give up after so long; 10,000 if absent, 20,000 for paying, 30,000 for changes of the cart. */
  timeoutMs?: number;
  signal?: AbortSignal;
}

/** An answer that may be an expected refusal. */
export type Result<T, C extends string = string> =
  | { readonly ok: true; readonly value: T }
  | {
      readonly ok: false;
      readonly code: C;
      /** Fit to show to a person. */
      readonly message: string;
      readonly data?: Readonly<Record<string, unknown>>;
    };

export type BuyRefusal = "sold_out" | "price_changed" | "limit" | "closed" | "in_progress" | "conflict";
export type PayRefusal = "payment_declined" | "expired" | "conflict" | "sold_out";
export type Code =
  | "offline" | "timeout" | "aborted" | "ended" | "version"
  | "invalid" | "unauthorized" | "forbidden" | "not_found" | "conflict" | "in_progress" | "sold_out"
  | "price_changed" | "closed" | "expired" | "too_large" | "key_reused" | "limit" | "rate_limited"
  | "payment_declined" | "unavailable";

export class YellowCartError extends Error {
  readonly code: Code;
  readonly retryable: boolean;
  readonly retryAfterMs?: number;
  /** `unknown`: the command may have happened; look it up before repeating it anew. */
  readonly outcome: "none" | "unknown";
  readonly data?: Readonly<Record<string, unknown>>;
  /** The command's key, for {@link Live.lookup}. */
  readonly key?: string;
}

export interface Options {
  /** The show's id. */
  show: string;
  /** Where the server is; where this module came from if absent. */
  url?: string;
  /** Of a signed-in viewer or a host; a guest needs none. */
  token?: string;
  /** Asked for a token at the start and when one has expired; null goes on as a guest. */
  getToken?: (why: "start" | "expired") => Promise<string | null>;
  /**
   * Where a guest's token and an open purchase are kept; null keeps nothing. If absent: the token
   * in localStorage, the purchase in sessionStorage.
   */
  storage?: Storage | null;
  signal?: AbortSignal;
  /** Print every frame to the console. */
  debug?: boolean;
}

export interface Live {
  /** The first full state; rejects when the show cannot be joined at all. */
  readonly ready: Promise<Snapshot>;
  readonly state: Snapshot;
  /** Where the server is, without a slash at the end. */
  readonly url: string;
  /** The server's clock, Unix ms. */
  now(): number;
  /** Call `fn` whenever what `pick` takes from the state is another value (`Object.is`). */
  watch<T>(
    pick: (state: Snapshot) => T,
    fn: (now: T, before: T) => void,
    options?: { signal?: AbortSignal },
  ): () => void;
  on<K extends keyof Events>(
    name: K,
    fn: (event: Events[K]) => void,
    options?: { signal?: AbortSignal; once?: boolean },
  ): () => void;

  readonly cart: {
    get(options?: CommandOptions): Promise<Cart>;
    /** Units of a SKU, 0 removes it. Waits for the link; the newest quantity of a SKU wins. */
    set(sku: string, qty: number, options?: CommandOptions): Promise<Result<Cart, BuyRefusal>>;
    /** Units more than there are; goes out as the whole quantity, so that a cut cannot double it. */
    add(sku: string, qty?: number, options?: CommandOptions): Promise<Result<Cart, BuyRefusal>>;
    clear(options?: CommandOptions): Promise<Cart>;
  };
  /** Hold units of one SKU and open a checkout for them, past the cart. */
  buy(sku: string, options?: CommandOptions & { qty?: number }): Promise<Result<Checkout, BuyRefusal>>;
  readonly checkout: {
    /** Hold the whole cart and open a checkout; `expect` is the total that was shown. */
    open(options?: CommandOptions & { expect?: number }): Promise<Result<Checkout, BuyRefusal>>;
    pay(
      method: { type: "card"; token: string },
      options?: CommandOptions & { shipTo?: Address; checkout?: string },
    ): Promise<Result<Checkout, PayRefusal>>;
    /** The checkout of an id, or the viewer's open one; null when there is none. */
    get(id?: string, options?: CommandOptions): Promise<Checkout | null>;
    cancel(id?: string, options?: CommandOptions): Promise<Checkout>;
  };
  /**
   * What became of the last `buy` or `checkout.open` if its answer was lost: asks again under its
   * key, so what had not arrived happens now; `not_found` for any other key.
   */
  lookup(key: string): Promise<Result<Checkout, BuyRefusal>>;
  /** An order of the viewer's own. */
  order(id: string): Promise<Order>;
  readonly chat: { send(text: string, options?: CommandOptions): Promise<Result<string, "rate_limited" | "forbidden" | "closed">> };
  /** Hearts: summed and sent at most twice a second; dropped after 10 s without a link. */
  like(count?: number): void;
  /** Go on as somebody else, also when `unauthorized` has closed it; a guest's cart moves along. */
  signIn(token: string): Promise<Snapshot>;

  /** A host's acts. None is kept for later: without a link they fail at once. */
  readonly host: {
    start(options?: CommandOptions): Promise<void>;
    end(options?: CommandOptions): Promise<void>;
    pin(product: string, options?: CommandOptions): Promise<void>;
    unpin(options?: CommandOptions): Promise<void>;
    add(product: string, options?: CommandOptions): Promise<readonly BagItem[]>;
    remove(product: string, options?: CommandOptions): Promise<readonly BagItem[]>;
    move(product: string, position: number, options?: CommandOptions): Promise<readonly BagItem[]>;
    deleteMessage(message: string, options?: CommandOptions): Promise<void>;
    mute(viewer: string, seconds: number, options?: CommandOptions): Promise<void>;
    ban(viewer: string, reason: string, options?: CommandOptions): Promise<void>;
  };
  /** The HTTP API with this viewer's token, for what has no command; throws YellowCartError. */
  http(method: string, path: string, body?: unknown, headers?: Record<string, string>): Promise<unknown>;
  /** Look for the link at once instead of waiting; it would come back by itself. */
  retry(): void;
  close(): void;
}

/** Join a show; comes back by itself after a cut. */
export function connect(options: Options): Live;
/** A new idempotency key. */
export function newKey(): string;
export const VERSION: string;
