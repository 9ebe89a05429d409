import {table, type Operations, type ServiceName} from '../../../gen/ts/operations.js';
import {call, unsent, wait, type Answer, type Circumstances} from './call.js';
import {Logouts, type Storing} from './logouts.js';
import {ProblemError, type AnyProblem} from './problem.js';
import type {Operation, Sending} from './request.js';
import {KeptSession, type Session} from './session.js';
import type {Arguments, At, Data, Input, Item, ListId, Method, OperationId, PathOf, Result, StreamId} from './shapes.js';
import {follow, type Following} from './stream.js';
import {Tabs} from './tabs.js';
import {Versions} from './versions.js';

/** How a client is made. */
export interface Options {
  /** Where the services are, as in `https://api.example.com`, or where each of them is. Without it, where the page is from; Node needs it. */
  baseUrl?: string | Record<ServiceName, string>;
  /** Whether a login that does not say so keeps the refresh token in a cookie. So it is in a browser, unless this says no. */
  cookie?: boolean;
  /** Whether all tabs of the page's origin share one session. So it is in a browser, unless this says no. */
  tabs?: boolean;
  /** Where a logout is kept that the service has not confirmed; localStorage in a browser, memory elsewhere. */
  storage?: Storing;
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

/** The operations of all services, each a method named after its operationId, and GET, POST, … for calling them by path. */
export type Client = ByName & ByPath & {
  /** Calls an operation whose id is known only when the program runs. */
  call<K extends OperationId>(id: K, ...input: Arguments<Input<K>>): Promise<Result<K>>;
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

/** Milliseconds for which a login waits for a logout that is owed. */
const owedTime = 3_000;

/** Makes a client of all services. It throws a TypeError when the services cannot be where `baseUrl` says. */
export function createClient(options: Options = {}): Client {
  const browser = typeof document !== 'undefined' && typeof BroadcastChannel !== 'undefined';
  const {baseUrl = '', cookie = browser, tabs = browser} = options;
  const operations = new Map<string, Operation>();
  const byPath = new Map<string, string>();
  for (const service of Object.keys(table) as ServiceName[]) {
    const base = String(typeof baseUrl === 'string' ? baseUrl : baseUrl[service]).replace(/\/+$/, '');
    if (!options.fetch) checkBase(base);
    for (const [id, text] of Object.entries(table[service])) {
      const [method = '', path = '', answers = '', marks = ''] = text.split(' ');
      operations.set(id, {base, method, path, answers, marks});
      byPath.set(`${method} ${path}`, id);
    }
  }

  const name = `plumbline ${operations.get('refreshSession')!.base}`;
  const {now = () => Date.now(), fetch: send = (url, init) => fetch(url, init)} = options; // Called without `this`, which window.fetch refuses.
  const exchange = (refresh: string | undefined) => call(circumstances, operations.get('refreshSession')!, {
    body: refresh === undefined ? {} : {refresh_token: refresh}, timeout: renewalTime, repeatable: true,
  }) as Promise<Result<'refreshSession'>>;
  const logouts: Logouts<Answer> = new Logouts({
    name: `${name} logout`,
    storage: options.storage ?? (browser ? pageStorage() : undefined),
    // A session that is being left is carried on for as long as its logout takes, which needs an access token, and by nothing else.
    send: async (tokens, timeout) => {
      const left = new KeptSession({exchange, now, cookie: cookie && tokens.refresh === undefined, tabs: undefined, ended: () => {}, owed: () => false});
      left.restore(tokens);
      const answer = await call({...circumstances, session: left}, operations.get('endSession')!, {timeout});
      return {answer, left: answer.ok ? undefined : left.tokens};
    },
    alone: (act) => session.alone(act),
  });
  const session = new KeptSession({
    exchange, now, cookie,
    tabs: tabs ? (hear, fresh) => new Tabs(name, hear, fresh) : undefined,
    ended: (problem) => options.onSessionEnd?.(problem),
    owed: logouts.has,
  });
  const circumstances: Circumstances = {
    fetch: (url, init) => send(url, init),
    session,
    versions: new Versions(),
    now: () => now(),
    timeout: options.timeout ?? 10_000,
    attempts: options.attempts ?? 3,
  };
  session.subscribe(() => session.state === 'signed_out' && circumstances.versions.forget());
  void logouts.settle();

  const run = async (id: string, sending?: Sending): Promise<Answer> => {
    const op = operations.get(id);
    const input = sending ?? {};
    if (!op) return unsent(circumstances, id, '#/path');
    if (id === 'endSession') return leave(op, input);
    if (id === 'startSession' || id === 'answerChallenge') {
      const body = id === 'startSession' ? {cookie, ...(input.body as object)} : input.body;
      return logouts.before(owedTime, () => enter(op, {...input, body}));
    }
    return id === 'refreshSession' ? enter(op, input) : call(circumstances, op, input);
  };

  /** Takes the tokens that an operation answers with. A login that is answered 202 has a challenge yet, and no tokens. */
  const enter = async (op: Operation, input: Sending): Promise<Answer> => {
    const answer = await call(circumstances, op, input);
    if (answer.ok && answer.status === 200) {
      const tokens = answer.data as Data<'answerChallenge'>;
      if (op !== operations.get('refreshSession') && tokens.refresh_token === undefined) logouts.drop(undefined); // The cookie is another one now.
      session.take(tokens);
    }
    return answer;
  };

  const leave = (op: Operation, input: Sending): Promise<Answer> => {
    const tokens = session.leaving();
    if (tokens) logouts.add(tokens);
    session.forget();
    return wait(circumstances, op, input, logouts.settle(input.timeout).then((answer) => answer ?? call(circumstances, op, input)));
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
  const client: Record<string, unknown> = {call: run, pages, streams, session, close: () => {
    logouts.close();
    session.close();
  }};
  for (const [id, op] of operations) {
    client[id] = (input?: Sending) => run(id, input);
    client[op.method] = (path: string, input?: Sending) => run(byPath.get(`${op.method} ${path}`) ?? `${op.method} ${path}`, input);
    if (op.marks.includes('l')) {
      pages[id] = (input: Sending = {}) => ({
        pages: () => pagesOf(id, input),
        async *[Symbol.asyncIterator]() {
          for await (const page of pagesOf(id, input)) yield* page.items;
        },
      });
    }
    if (op.marks.includes('s')) streams[id] = (input: Sending & Following = {}) => follow(circumstances, op, input);
  }
  return client as Client;
}

/** Holds that requests can be sent to an address. */
function checkBase(base: string): void {
  let url: URL | undefined;
  try {
    url = new URL(base, globalThis.location?.href);
  } catch { /* It is no address. */ }
  if (!url || !/^https?:$/.test(url.protocol) || url.username || url.password) {
    throw new TypeError(`createClient needs a baseUrl such as https://api.example.com: ${JSON.stringify(base)} names no place to send requests to`);
  }
}

/** Gives the storage of the origin, if the browser lets the page have it. */
function pageStorage(): Storing | undefined {
  try {
    return localStorage;
  } catch {
    return undefined;
  }
}
