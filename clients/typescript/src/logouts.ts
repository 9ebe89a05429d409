import type {Tokens} from './session.js';

/** Where text is kept by name, such as localStorage. */
export type Storing = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** The first and the longest pause between two tries, in milliseconds. */
const firstPause = 1_000;
const longestPause = 60_000;

/** What a try comes to: the answer, and what the next one is to be sent with; nothing is left when the session is over. */
export interface Tried<A> {
  answer: A;
  left: Tokens | undefined;
}

/**
 * The logouts that are owed: they are kept until the service has said that the session is over, also over a reload, and sent
 * again after a pause, when the network is back and when the next client is made.
 */
export class Logouts<A> {
  readonly #name: string;
  #storage: Storing | undefined;
  readonly #send: (tokens: Tokens, timeout: number | undefined) => Promise<Tried<A>>;
  readonly #alone: <T>(act: () => Promise<T>) => Promise<T>;
  #memory: string | null = null;
  #turn: Promise<unknown> = Promise.resolve();
  #pause = firstPause;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #closed = false;
  readonly #again = (): void => void this.settle();

  constructor(o: {
    name: string;
    storage: Storing | undefined;
    send: (tokens: Tokens, timeout: number | undefined) => Promise<Tried<A>>;
    /** Keeps the other tabs from doing the same meanwhile. */
    alone: <T>(act: () => Promise<T>) => Promise<T>;
  }) {
    this.#name = o.name;
    this.#storage = o.storage;
    this.#send = o.send;
    this.#alone = o.alone;
    globalThis.addEventListener?.('online', this.#again);
  }

  /** Tells whether a logout is owed of the session with this refresh token, or without one of the cookie's. */
  readonly has = (refresh: string | undefined): boolean => this.#owed.some((tokens) => tokens.refresh === refresh);

  /** Owes the logout of a session. */
  add(tokens: Tokens): void {
    this.drop(tokens.refresh);
    this.#owed = [tokens, ...this.#owed];
  }

  /** Owes it no longer. */
  drop(refresh: string | undefined): void {
    this.#owed = this.#owed.filter((tokens) => tokens.refresh !== refresh);
  }

  /** Sends what is owed, and gives the answer to what was added last; nothing when nothing is owed. */
  async settle(timeout?: number): Promise<A | undefined> {
    return this.#owed.length > 0 ? this.#inTurn(() => this.#settle(timeout)) : undefined;
  }

  /** Signs in, after what is owed of the cookie's session was sent once more: it cannot be sent when the cookie is another one. */
  async before<T>(timeout: number, signIn: () => Promise<T>): Promise<T> {
    if (!this.has(undefined)) return signIn();
    return this.#inTurn(async () => {
      await this.#settle(timeout);
      return signIn();
    });
  }

  /** Ends the tries of this page; what is owed stays so. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
    globalThis.removeEventListener?.('online', this.#again);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(() => this.#alone(act));
    this.#turn = turn.catch(() => {});
    return turn;
  }

  async #settle(timeout: number | undefined): Promise<A | undefined> {
    clearTimeout(this.#timer);
    let first: A | undefined;
    for (const tokens of this.#owed) {
      const {answer, left} = await this.#send(tokens, timeout);
      first ??= answer;
      this.#owed = this.#owed.flatMap((owed) => (owed.refresh === tokens.refresh ? (left ?? []) : owed));
    }
    if (this.#owed.length === 0) {
      this.#pause = firstPause;
    } else if (!this.#closed) {
      this.#timer = setTimeout(this.#again, this.#pause);
      (this.#timer as {unref?: () => void}).unref?.(); // A program in Node may end.
      this.#pause = Math.min(2 * this.#pause, longestPause);
    }
    return first;
  }

  get #owed(): Tokens[] {
    try {
      const kept: unknown = JSON.parse((this.#storage ? this.#storage.getItem(this.#name) : this.#memory) ?? '[]');
      return Array.isArray(kept) ? kept.filter((tokens: unknown) => typeof (tokens as Tokens | null)?.access === 'string') : [];
    } catch {
      return [];
    }
  }

  set #owed(owed: Tokens[]) {
    this.#memory = owed.length > 0 ? JSON.stringify(owed) : null;
    try {
      if (this.#memory === null) this.#storage?.removeItem(this.#name);
      else this.#storage?.setItem(this.#name, this.#memory);
    } catch {
      this.#storage = undefined; // It takes nothing: then what is owed is kept for as long as the page.
    }
  }
}
