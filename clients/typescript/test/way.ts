import {createServer, request, type IncomingMessage, type ServerResponse} from 'node:http';
import type {AddressInfo} from 'node:net';

/** What goes wrong on the way. Everything else passes as it is, and what befalls an answer waits for one that is no failure of the service. */
export type Mishap =
  | {kind: 'lose request'}
  | {kind: 'lose answer'}
  | {kind: 'spoil token'}
  | {kind: 'hold answer'; until: Promise<void>}
  | {kind: 'answer'; status: number; headers?: Record<string, string>; body: string}
  | {kind: 'break off'; when: Promise<void>}
  | {kind: 'go silent'; when: Promise<void>};

/** One request that came this way. */
export interface Passed {
  method: string;
  path: string;
  headers: IncomingMessage['headers'];
  /** The status of the service's answer, 0 when the service was not asked. */
  status: number;
  answer: IncomingMessage['headers'];
}

/** A way to the services on which things go wrong when they are told to, once each. */
export class Way {
  readonly passed: Passed[] = [];
  address = '';
  /** Changes the header fields of every answer, whose names are in lower case. */
  rewrites: ((headers: Record<string, string>) => Record<string, string>) | undefined;
  readonly #awaited: {method: string; path: string; come: () => void}[] = [];
  readonly #mishaps: {method: string; path: string; mishap: Mishap}[] = [];
  readonly #server = createServer((incoming, outgoing) => this.#pass(incoming, outgoing));
  readonly #to: string;

  private constructor(to: string) {
    this.#to = to;
  }

  /** Opens a way. */
  static async open(to: string): Promise<Way> {
    const way = new Way(to);
    await new Promise<void>((resolve) => way.#server.listen(0, '127.0.0.1', resolve));
    way.address = `http://127.0.0.1:${(way.#server.address() as AddressInfo).port}`;
    return way;
  }

  /** Lets the next requests of a method and a path, which stands at the end of theirs, go wrong, each as told. */
  meets(method: string, path: string, ...mishaps: Mishap[]): void {
    for (const mishap of mishaps) this.#mishaps.push({method, path, mishap});
  }

  /** Lets nothing go wrong any more. */
  forget(): void {
    this.#mishaps.length = 0;
  }

  /** Waits for the next request of a method and a path, which stands at the end of its own, and until just before it is sent on. */
  comes(method: string, path: string): Promise<void> {
    return new Promise((come) => this.#awaited.push({method, path, come}));
  }

  /** Gives the requests of a method and a path, which stands at the end of theirs. */
  of(method: string, path: string): Passed[] {
    return this.passed.filter((p) => p.method === method && p.path.endsWith(path));
  }

  /** Closes the way and what is on it. */
  close(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  #pass(incoming: IncomingMessage, outgoing: ServerResponse): void {
    const {method = '', url = ''} = incoming;
    const path = url.split('?', 1)[0]!;
    const index = this.#mishaps.findIndex((m) => m.method === method && path.endsWith(m.path));
    let mishap = index < 0 ? undefined : this.#mishaps.splice(index, 1)[0]?.mishap;
    const passed: Passed = {method, path, headers: incoming.headers, status: 0, answer: {}};
    this.passed.push(passed);
    for (const a of this.#awaited) if (a.method === method && path.endsWith(a.path)) a.come();
    if (mishap?.kind === 'lose request') return void incoming.socket.destroy();
    if (mishap?.kind === 'answer') {
      incoming.resume();
      outgoing.writeHead(mishap.status, mishap.headers).end(mishap.body);
      return;
    }
    const headers = {...incoming.headers, ...(mishap?.kind === 'spoil token' ? {authorization: `${incoming.headers.authorization}x`} : {})};
    const onward = request(this.#to + url, {method, headers}, (answer) => {
      passed.status = answer.statusCode ?? 0;
      passed.answer = answer.headers;
      if (mishap && passed.status >= 500) {
        this.#mishaps.unshift({method, path, mishap});
        mishap = undefined;
      }
      if (mishap?.kind === 'lose answer') {
        answer.resume();
        return void incoming.socket.destroy();
      }
      const give = (): void => {
        outgoing.writeHead(answer.statusCode ?? 0, this.rewrites ? this.rewrites(answer.headers as Record<string, string>) : answer.headers);
        outgoing.flushHeaders();
        answer.on('data', (part: Buffer) => outgoing.write(part));
        if (mishap?.kind === 'break off') void mishap.when.then(() => incoming.socket.destroy());
        if (mishap?.kind === 'go silent') void mishap.when.then(() => answer.removeAllListeners('data').resume());
        answer.on('end', () => mishap?.kind === 'go silent' || outgoing.end());
      };
      if (mishap?.kind === 'hold answer') void mishap.until.then(give);
      else give();
    });
    onward.on('error', () => incoming.socket.destroy());
    outgoing.on('close', () => onward.destroy());
    incoming.pipe(onward);
  }
}

/** A problem as a service would answer it. */
export function refusal(status: number, code: string, headers: Record<string, string> = {}): Mishap {
  return {
    kind: 'answer', status, headers: {'Content-Type': 'application/problem+json', ...headers},
    body: JSON.stringify({
      type: `/problems/${code}`, title: code, status, detail: code, instance: '/', code, request_id: 'test', timestamp: '2026-11-23T09:30:00Z',
    }),
  };
}
