import {clientProblem, type AnyProblem, type ClientCode} from './problem.js';
import type {KeptSession} from './session.js';
import type {Versions} from './versions.js';
import {deadline, sleep, until, type Deadline} from './waiting.js';

/** An operation as the table has it. */
export interface Operation {
  base: string;
  method: string;
  path: string;
  marks: string;
}

/** The input of any operation, and what the client adds to it. */
export interface Sending {
  path?: Readonly<Record<string, unknown>> | undefined;
  query?: Readonly<Record<string, unknown>> | undefined;
  body?: unknown;
  signal?: AbortSignal | undefined;
  timeout?: number | undefined;
  idempotencyKey?: string | undefined;
  ifMatch?: string | number | undefined;
  /** The header fields of a request for a stream: the body of its answer is for the caller to read. */
  stream?: Readonly<Record<string, string>>;
  /** That repeating the request does no harm, though nothing in the table says so. */
  repeatable?: boolean;
}

interface Answered {
  ok: true;
  status: number;
  data: unknown;
  response: Response;
}

/** A call that failed. */
export interface Failed {
  ok: false;
  status: number;
  problem: AnyProblem;
  response: Response | undefined;
}

/** The result of any operation. */
export type Answer = (Answered | Failed) & {idempotencyKey?: string};

/** What calls share. */
export interface Circumstances {
  fetch: (url: string, init: RequestInit) => Promise<Response>;
  session: KeptSession;
  versions: Versions;
  /** The time, in milliseconds since 1970. */
  now: () => number;
  /** Milliseconds for a call that says nothing else. */
  timeout: number;
  /** How often a request is sent at most. */
  attempts: number;
}

/** The first and the longest step of the backoff, in milliseconds. */
const firstStep = 200;
const longestStep = 5_000;

/** Gives a time to wait before a further try: anything up to a bound that doubles, so that callers do not come back together. */
export function backoff(tries: number): number {
  return Math.random() * Math.min(longestStep, firstStep * 2 ** tries);
}

/**
 * Carries out an operation: with the access token, which is renewed once when it is refused, with a key and a version where
 * the operation takes them, and again where that is safe. Every failure is a result; only a path that cannot be written throws.
 */
export async function call(c: Circumstances, op: Operation, input: Sending): Promise<Answer> {
  const url = addressOf(op, input);
  const keyed = op.marks.includes('k') ? {idempotencyKey: input.idempotencyKey ?? newKey()} : {};
  const time = input.timeout ?? c.timeout;
  const bound = deadline(input.signal, time);
  const answer = await persist(c, op, url, {...input, ...keyed}, bound, c.now() + time);
  if (answer.ok && answer.data instanceof ReadableStream) bound.stop();
  else bound.release();
  return {...answer, ...keyed};
}

/** Sends a request until it succeeds, fails for good, or has no time or tries left. */
async function persist(c: Circumstances, op: Operation, url: string, input: Sending, bound: Deadline, end: number): Promise<Answered | Failed> {
  let refused: Failed | undefined;
  for (let tries = 1; ; tries++) {
    const access = op.marks.includes('p') ? undefined : await accessToken(c, op, bound);
    if (typeof access === 'object') return access;
    if (refused && access === undefined) return refused;
    const answer = await send(c, op, url, input, access, bound);
    if (answer.ok) return answer;
    if (access !== undefined && !refused && answer.problem.code === 'unauthenticated') {
      refused = answer;
      c.session.refuse(access);
      tries--;
      continue;
    }
    const wait = retryAfter(answer.response) * 1000 + backoff(tries);
    if (tries >= c.attempts || !mayRepeat(op, input, answer) || c.now() + wait >= end) return answer;
    await sleep(wait, bound.signal);
  }
}

/** Gives the access token, nothing when nobody is signed in, or why neither can be known. */
async function accessToken(c: Circumstances, op: Operation, bound: Deadline): Promise<string | undefined | Failed> {
  try {
    const access = await until(c.session.access(), bound.signal);
    if (typeof access !== 'object') return access;
    return fail(access.status === 0 ? access : clientProblem('refresh_failed', op.path, c.now(), access));
  } catch (cause) {
    return fail(clientProblem(bound.late ? 'timed_out' : 'aborted', op.path, c.now(), cause));
  }
}

/** Sends a request once and reads the answer. */
async function send(c: Circumstances, op: Operation, url: string, input: Sending, access: string | undefined, bound: Deadline): Promise<Answered | Failed> {
  const headers = new Headers({Accept: 'application/json, application/problem+json', ...input.stream});
  if (access !== undefined) headers.set('Authorization', `Bearer ${access}`);
  if (input.body !== undefined) headers.set('Content-Type', 'application/json');
  if (input.idempotencyKey !== undefined) headers.set('Idempotency-Key', input.idempotencyKey);
  const version = op.marks.includes('m') ? (input.ifMatch ?? c.versions.of(resourceOf(op, url))) : undefined;
  if (version !== undefined) headers.set('If-Match', typeof version === 'number' ? `"${version}"` : version);
  const init: RequestInit = {method: op.method, headers, signal: bound.signal, credentials: op.marks.includes('c') ? 'include' : 'omit'};
  if (input.body !== undefined) init.body = JSON.stringify(input.body);
  let response: Response | undefined;
  try {
    response = await c.fetch(url, init);
    if (response.ok && (op.marks.includes('b') || input.stream)) {
      return {ok: true, status: response.status, data: response.body, response};
    }
    const text = await response.text();
    const data: unknown = text === '' ? undefined : JSON.parse(text);
    if (response.ok) {
      remember(c, op, url, response);
      return {ok: true, status: response.status, data, response};
    }
    return isProblem(data) ? fail(data, response) : fail(clientProblem('unreadable', op.path, c.now(), text), response);
  } catch (cause) {
    const code: ClientCode = bound.late ? 'timed_out' : input.signal?.aborted ? 'aborted' : cause instanceof SyntaxError ? 'unreadable' : 'unreachable';
    return fail(clientProblem(code, op.path, c.now(), cause), response);
  }
}

function fail(problem: AnyProblem, response?: Response): Failed {
  return {ok: false, status: response?.status ?? 0, problem, response};
}

function isProblem(data: unknown): data is AnyProblem {
  return typeof data === 'object' && data !== null && 'code' in data && typeof data.code === 'string';
}

/** Gives the address of the resource that an operation's ETag is of: its path, without an action at the end. */
function resourceOf(op: Operation, url: string): string {
  const above = Number(/\d/.exec(op.marks));
  return url.split('?', 1)[0]!.split('/').slice(0, -above || undefined).join('/');
}

/** Keeps the ETag of an answer for the resource that it is of, which may have been made just now. */
function remember(c: Circumstances, op: Operation, url: string, response: Response): void {
  const tag = response.headers.get('ETag');
  const made = response.headers.get('Location');
  if (tag !== null) c.versions.remember(made === null ? resourceOf(op, url) : op.base + made, tag);
}

/**
 * Tells whether a request may be sent again. Reads and what has a key may, when the failure can pass. Anything else only when
 * the service says that it has done nothing: a lost answer does not say so.
 */
function mayRepeat(op: Operation, input: Sending, answer: Failed): boolean {
  const {code} = answer.problem;
  if (code === 'rate_limited' || code === 'overloaded') return true;
  if (op.method !== 'GET' && input.idempotencyKey === undefined && !input.repeatable) return false;
  return code === 'unreachable' || code === 'idempotency_key_in_use' || [502, 503, 504].includes(answer.status);
}

/** Gives the seconds of a Retry-After field, 0 without one. The services never send a date there. */
function retryAfter(response: Response | undefined): number {
  return Number(response?.headers.get('Retry-After')) || 0;
}

/** Makes a key of 128 random bits. crypto.randomUUID is not there on pages without TLS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

function addressOf(op: Operation, input: Sending): string {
  const path = op.path.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = String(input.path?.[name] ?? '');
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not a segment of a path`);
    return encodeURIComponent(value);
  });
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) if (value !== undefined) query.set(name, String(value));
  return op.base + path + (query.size > 0 ? `?${query}` : '');
}
