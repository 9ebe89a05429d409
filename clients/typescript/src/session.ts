import {endings, type Schemas} from '../../../gen/ts/operations.js';
import type {AnyProblem} from './problem.js';
import type {Result} from './shapes.js';
import type {Tabs} from './tabs.js';

/** What a session is carried on with. */
export interface Tokens {
  /** The access token. */
  access: string;
  /** The refresh token; a browser that keeps it in a cookie has none here. */
  refresh?: string | undefined;
  /** When the access token expires, in milliseconds since 1970. */
  expires: number;
}

/** Whether somebody is signed in; `unknown` until a browser's cookie has been tried, `signed_out` also while the service has not confirmed a logout. */
export type SessionState = 'unknown' | 'signed_in' | 'signed_out';

/** An access token that expires sooner than this, in milliseconds, is renewed before it is used. */
const leeway = 5_000;

/** The session of one person, which the client takes from logins, carries on by itself and shares with the other tabs. Its functions need no `this`. */
export interface Session {
  /** Whether somebody is signed in. */
  readonly state: SessionState;
  /** The tokens, for a program that keeps them between its runs; undefined when nobody is signed in. They are secrets. */
  readonly tokens: Tokens | undefined;
  /** Calls the listener whenever `state` changes, until what this returns is called. */
  readonly subscribe: (listener: () => void) => () => void;
  /** Takes up a session whose tokens were kept; not one whose logout is still owed. */
  readonly restore: (tokens: Tokens) => void;
  /** Finds out whether there is a session to go on with: this page's, another tab's or the cookie's. */
  readonly resume: () => Promise<boolean>;
  /** Forgets the session here and in the other tabs, without a word to the service: endSession tells it and forgets as well. */
  readonly forget: () => void;
}

/** The session as calls use it: at most one renewal at a time, in all tabs together. */
export class KeptSession implements Session {
  readonly #exchange: (refresh: string | undefined) => Promise<Result<'refreshSession'>>;
  readonly #now: () => number;
  readonly #cookie: boolean;
  #tabs: Tabs | undefined;
  readonly #ended: (problem: AnyProblem | undefined) => void;
  readonly #owed: (refresh: string | undefined) => boolean;
  readonly #listeners = new Set<() => void>();
  #tokens: Tokens | null | undefined; // null: signed out; undefined: nobody knows yet
  #renewal: Promise<string | undefined | AnyProblem> | undefined;
  #changes = 0;

  constructor(o: {
    exchange: (refresh: string | undefined) => Promise<Result<'refreshSession'>>;
    now: () => number;
    cookie: boolean;
    tabs: ((hear: (tokens: Tokens | null) => void, tell: () => Tokens | undefined) => Tabs) | undefined;
    ended: (problem: AnyProblem | undefined) => void;
    /** Whether the logout of the session with this refresh token, or of the cookie's, is still owed. */
    owed: (refresh: string | undefined) => boolean;
  }) {
    this.#exchange = o.exchange;
    this.#now = o.now;
    this.#cookie = o.cookie;
    this.#ended = o.ended;
    this.#owed = o.owed;
    this.#tokens = o.cookie && !o.owed(undefined) ? undefined : null;
    this.#tabs = o.tabs?.(
      (tokens) => this.#hear(tokens),
      () => this.#fresh(),
    );
  }

  get state(): SessionState {
    return this.#tokens ? 'signed_in' : this.#tokens === null ? 'signed_out' : 'unknown';
  }

  get tokens(): Tokens | undefined {
    return this.#tokens ?? undefined;
  }

  readonly subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  };

  readonly restore = (tokens: Tokens): void => {
    if (this.#owed(tokens.refresh)) return;
    this.#set(tokens);
    this.#tabs?.tell(tokens);
  };

  readonly resume = async (): Promise<boolean> => {
    await this.access();
    return this.state === 'signed_in';
  };

  readonly forget = (): void => {
    this.#set(null);
    this.#tabs?.tell(null);
  };

  /** Gives what a logout is sent with, if there may be a session to end. */
  leaving(): Tokens | undefined {
    return this.#tokens === undefined ? {access: '', expires: 0} : this.tokens;
  }

  /** Does something while no other tab renews the session, signs in or signs out. */
  alone<T>(act: () => Promise<T>): Promise<T> {
    return this.#tabs ? this.#tabs.alone(act) : act();
  }

  /** Takes the tokens of a login or an exchange. */
  take(set: Schemas['TokenSet']): void {
    this.restore({access: set.access_token, refresh: set.refresh_token, expires: this.#now() + set.expires_in * 1000});
  }

  /** Notes that an access token is refused, so that the next one to ask renews it. */
  refuse(access: string): void {
    if (this.#tokens?.access === access) this.#tokens = {...this.#tokens, expires: 0};
  }

  /** Gives an access token that can be used, undefined when nobody is signed in, or the problem of a renewal that failed for now. */
  async access(): Promise<string | undefined | AnyProblem> {
    if (this.#tokens === null) return undefined;
    const fresh = this.#fresh();
    if (fresh) return fresh.access;
    return (this.#renewal ??= this.#renew().finally(() => (this.#renewal = undefined)));
  }

  /** Lets go of the other tabs. */
  close(): void {
    this.#tabs?.close();
    this.#tabs = undefined;
  }

  async #renew(): Promise<string | undefined | AnyProblem> {
    const renew = async (): Promise<string | undefined | AnyProblem> => {
      await this.#tabs?.ask(() => this.#fresh() !== undefined);
      if (this.#tokens === null) return undefined;
      const fresh = this.#fresh();
      if (fresh) return fresh.access;
      const refresh = this.#tokens?.refresh;
      if (refresh === undefined && (!this.#cookie || this.#owed(undefined))) return this.#end(undefined);
      const changes = this.#changes;
      const result = await this.#exchange(refresh);
      if (this.#changes !== changes) return this.#tokens?.access; // Somebody has signed in or out meanwhile.
      if (result.ok) {
        this.take(result.data);
        return result.data.access_token;
      }
      if (!endings.includes(result.problem.code)) return result.problem;
      if (this.#tokens) this.#tabs?.tell(null);
      return this.#end(result.problem);
    };
    return this.alone(renew);
  }

  /** Takes what another tab tells, unless it is no news: an access token that was refused here is not good because others hold it still. */
  #hear(tokens: Tokens | null): void {
    if (!tokens) this.#end(undefined);
    else if (!this.#tokens || (tokens.expires > this.#tokens.expires && tokens.access !== this.#tokens.access)) this.#set(tokens);
  }

  #end(problem: AnyProblem | undefined): undefined {
    const before = this.state;
    this.#set(null);
    if (before === 'signed_in') inform(() => this.#ended(problem));
  }

  #set(tokens: Tokens | null): void {
    const before = this.state;
    this.#tokens = tokens;
    this.#changes++;
    if (this.state !== before) for (const listener of this.#listeners) inform(listener);
  }

  #fresh(): Tokens | undefined {
    return this.#tokens && this.#tokens.expires - this.#now() > leeway ? this.#tokens : undefined;
  }
}

/** Calls a listener. What it throws is its own failure, not one of the call that has changed the session. */
function inform(listener: () => void): void {
  try {
    listener();
  } catch (failure) {
    queueMicrotask(() => {
      throw failure;
    });
  }
}
