import type {Tokens} from './session.js';
import {sleep} from './waiting.js';

/** How long to wait for another tab's answer, in milliseconds, and how long for its renewal. */
const answerWithin = 100;
const renewalWithin = 10_000;

/** The other tabs of the origin: what one of them learns of the session, all know, and one at a time renews it. */
export class Tabs {
  readonly #name: string;
  readonly #channel: BroadcastChannel;
  #heard = (): void => {};

  constructor(name: string, hear: (tokens: Tokens | null) => void, fresh: () => Tokens | undefined) {
    this.#name = name;
    this.#channel = new BroadcastChannel(name);
    this.#channel.onmessage = ({data}: MessageEvent<'ask' | Tokens | null>) => {
      if (data === 'ask') {
        const tokens = fresh();
        if (tokens) this.tell(tokens);
        return;
      }
      hear(data);
      this.#heard();
    };
  }

  /** Tells the other tabs of new tokens, or with null of the end. */
  tell(tokens: Tokens | null): void {
    this.#channel.postMessage(tokens);
  }

  /** Asks the other tabs for tokens and waits until that is enough, though not for long. */
  async ask(enough: () => boolean): Promise<void> {
    const wait = new AbortController();
    this.#heard = () => enough() && wait.abort();
    this.#channel.postMessage('ask');
    await sleep(answerWithin, wait.signal);
    this.#heard = () => {};
  }

  /** Does something while no other tab does it. Without Web Locks, and when a tab does not end, it does it all the same: the service bears it. */
  async alone<T>(act: () => Promise<T>): Promise<T> {
    if (!navigator.locks) return act();
    let begun = false;
    try {
      return await navigator.locks.request(this.#name, {signal: AbortSignal.timeout(renewalWithin)}, () => {
        begun = true;
        return act();
      });
    } catch (failure) {
      if (begun) throw failure;
      return act();
    }
  }

  /** Lets go of the channel. */
  close(): void {
    this.#channel.close();
  }
}
