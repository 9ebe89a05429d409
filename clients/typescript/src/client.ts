import {table, type Operations} from '../../../gen/ts/operations.js';
import {call, type Answer, type Circumstances, type Operation, type Sending} from './call.js';
import {ProblemError, type AnyProblem} from './problem.js';
import {KeptSession, type Session} from './session.js';
import type {Arguments, At, Data, Input, Item, ListId, Method, PathOf, Result, StreamId} from './shapes.js';
import {follow, type Following} from './stream.js';
import {Tabs} from './tabs.js';
import {Versions} from './versions.js';

/** How a client is made. */
export interface Options {
  /** Where the services are, as in `https://api.example.com`, or where each of them is. Without it, where the page is from. */
  baseUrl?: string | {users: string; orders: string};
  /** Whether a login that does not say so keeps the refresh token in a cookie. So it is in a browser, unless this says no. */
  cookie?: boolean;
  /** Whether all tabs of the page's origin share one session. So it is in a browser, unless this says no. */
  tabs?: boolean;
  /** Milliseconds for a call that says nothing else; 10,000 unless this says otherwise. */
  timeout?: number;
  /** How often a request is sent at most where that is safe; 3 unless this says otherwise. */
  attempts?: number;
  /** Called when a session has ended that this page did not end itself, with the refusal if that is how it ended. */
  onSessionEnd?: (problem: AnyProblem | undefined) => void;
  /** What requests are sent with, in place of the global fetch. */
  fetch?: (url: string, init: RequestInit) => Promise<Response>;
  /** The time in milliseconds since 1970, in place of Date.now. */
  now?: () => number;
}

/** A list, item by item over all its pages, or page by page. A failure is thrown as a ProblemError. */
export interface List<K extends ListId> extends AsyncIterable<Item<K>> {
  /** The pages. */
  pages(): AsyncIterable<Data<K>>;
}

type ByName = {[K in keyof Operations]: (...input: Arguments<Input<K>>) => Promise<Result<K>>};
type ByPath = {[M in Method]: <P extends PathOf<M>>(path: P, ...input: Arguments<Input<At<M, P>>>) => Promise<Result<At<M, P>>>};

/** The operations of both services, each a method named after its operationId, and GET, POST, … for calling them by path. */
export type Client = ByName & ByPath & {
  /** The lists, over all their pages. */
  readonly pages: {[K in ListId]: (...input: Arguments<Input<K>>) => List<K>};
  /** The streams of events. Each goes on until its signal ends it or the loop is left; a failure is thrown as a ProblemError. */
  readonly streams: {[K in StreamId]: (input: Input<K> & Following) => AsyncIterable<Item<K>>};
  /** Who is signed in. */
  readonly session: Session;
  /** Lets go of the other tabs. */
  close(): void;
};

/** Milliseconds for a renewal: a service repeats the answer to one for ten seconds. */
const renewalTime = 8_000;

/** Makes a client of both services. */
export function createClient(options: Options = {}): Client {
  const browser = typeof document !== 'undefined' && typeof BroadcastChannel !== 'undefined';
  const {baseUrl = '', cookie = browser, tabs = browser} = options;
  const operations = new Map<string, Operation>();
  const byPath = new Map<string, string>();
  for (const service of ['users', 'orders'] as const) {
    const base = (typeof baseUrl === 'string' ? baseUrl : baseUrl[service]).replace(/\/$/, '');
    for (const [id, text] of Object.entries(table[service])) {
      const [method = '', path = '', marks = ''] = text.split(' ');
      operations.set(id, {base, method, path, marks});
      byPath.set(`${method} ${path}`, id);
    }
  }

  const session = new KeptSession({
    exchange: (refresh) => call(circumstances, operations.get('refreshSession')!, {
      body: refresh === undefined ? {} : {refresh_token: refresh}, timeout: renewalTime, repeatable: true,
    }) as Promise<Result<'refreshSession'>>,
    now: options.now ?? Date.now,
    cookie,
    tabs: tabs ? (hear, fresh) => new Tabs(`plumbline ${operations.get('refreshSession')!.base}`, hear, fresh) : undefined,
    ended: (problem) => options.onSessionEnd?.(problem),
  });
  const circumstances: Circumstances = {
    fetch: options.fetch ?? ((url, init) => fetch(url, init)),
    session,
    versions: new Versions(),
    now: options.now ?? Date.now,
    timeout: options.timeout ?? 10_000,
    attempts: options.attempts ?? 3,
  };
  session.subscribe(() => session.state === 'signed_out' && circumstances.versions.forget());

  const run = async (id: string, input: Sending = {}): Promise<Answer> => {
    if (id === 'startSession') input = {...input, body: {cookie, ...(input.body as object)}};
    const answer = await call(circumstances, operations.get(id)!, input);
    // A login that is answered 202 has a challenge yet, and no tokens.
    if (answer.ok && answer.status === 200 && (id === 'startSession' || id === 'answerChallenge' || id === 'refreshSession')) session.take(answer.data as Data<'answerChallenge'>);
    if (id === 'endSession') session.forget();
    return answer;
  };

  async function* pagesOf(id: string, input: Sending): AsyncGenerator<{items: unknown[]; next_cursor: string | null}, void, undefined> {
    for (let cursor: unknown = input.query?.['cursor']; cursor !== null; ) {
      const answer = await run(id, {...input, query: {...input.query, cursor}});
      if (!answer.ok) throw new ProblemError(answer);
      const page = answer.data as {items: unknown[]; next_cursor: string | null};
      yield page;
      cursor = page.next_cursor;
    }
  }

  const pages: Record<string, unknown> = {};
  const streams: Record<string, unknown> = {};
  const client: Record<string, unknown> = {pages, streams, session, close: () => session.close()};
  for (const [id, op] of operations) {
    client[id] = (input?: Sending) => run(id, input);
    client[op.method] = (path: string, input?: Sending) => run(byPath.get(`${op.method} ${path}`)!, input);
    if (op.marks.includes('l')) {
      pages[id] = (input: Sending = {}) => ({
        pages: () => pagesOf(id, input),
        async *[Symbol.asyncIterator]() {
          for await (const page of pagesOf(id, input)) yield* page.items;
        },
      });
    }
    if (op.marks.includes('s')) streams[id] = (input: Sending & Following) => follow(circumstances, op, input);
  }
  return client as Client;
}
