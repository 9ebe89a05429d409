import {read, retryAfter, locationPath, versionTag} from './answer.js';
import {clientProblem, type AnyProblem} from './problem.js';
import {addressOf, at, bodyOf, headersOf, Unsendable, type Operation, type Sending} from './request.js';
import type {KeptSession} from './session.js';
import type {Versions} from './versions.js';
import {deadline, sleep, until, type Deadline} from './waiting.js';

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
  session: Pick<KeptSession, 'access' | 'refuse' | 'state'>;
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

/** A request as it is sent, but for the access token. */
interface Written {
  url: string;
  headers: Headers;
  body: string | undefined;
}

/**
 * Carries out an operation: with the access token, which is renewed once when it is refused, with a key and a version where
 * the operation takes them, and again where that is safe. Every failure is a result, also that of an input that cannot be sent.
 */
export async function call(c: Circumstances, op: Operation, input: Sending): Promise<Answer> {
  const keyed = op.marks.includes('k') ? {idempotencyKey: input.idempotencyKey ?? newKey()} : {};
  const end = c.now() + timeOf(c, input);
  let written: Written;
  let bound: Deadline;
  try {
    const url = addressOf(op, input);
    written = {url, headers: headersOf(op, {...input, ...keyed}, c.versions.of(resourceOf(op, url))), body: bodyOf(input)};
    bound = at('#/signal', () => deadline(input.signal, timeOf(c, input)));
  } catch (cause) {
    return {...fail(lost(c, op, undefined, cause)), ...keyed};
  }
  const answer = await persist(c, op, written, {...input, ...keyed}, bound, end);
  if (answer.ok && answer.data instanceof ReadableStream) bound.stop();
  else bound.release();
  return {...answer, ...keyed};
}

/** Gives the result of a call of something that is no operation. */
export function unsent(c: Circumstances, name: string, pointer: string): Answer {
  return fail({...clientProblem('unsendable', '', c.now()), errors: [{pointer, keyword: 'enum', detail: `There is no operation ${name}.`}]});
}

/** Gives the milliseconds that a call may take; what is no number of them is not taken for one. */
function timeOf(c: Circumstances, {timeout}: Sending): number {
  return typeof timeout === 'number' && !Number.isNaN(timeout) ? timeout : c.timeout;
}

/** Gives what an answer comes to that does not depend on this call alone, for as long as the call may take. */
export async function wait(c: Circumstances, op: Operation, input: Sending, answer: Promise<Answer>): Promise<Answer> {
  let bound: Deadline | undefined;
  try {
    bound = at('#/signal', () => deadline(input.signal, timeOf(c, input)));
    return await until(answer, bound.signal);
  } catch (cause) {
    return fail(lost(c, op, bound, cause));
  } finally {
    bound?.release();
  }
}

/** Sends a request until it succeeds, fails for good, or has no time or tries left. */
async function persist(c: Circumstances, op: Operation, written: Written, input: Sending, bound: Deadline, end: number): Promise<Answered | Failed> {
  let refused: Failed | undefined;
  for (let tries = 1; ; tries++) {
    const access = op.marks.includes('p') ? undefined : await accessToken(c, op, bound);
    if (typeof access === 'object') return access;
    if (refused && access === undefined) return refused;
    const answer = await send(c, op, written, input, access, bound);
    if (answer.ok) return answer;
    if (access !== undefined && !refused && answer.problem.code === 'unauthenticated') {
      refused = answer;
      c.session.refuse(access);
      tries--;
      continue;
    }
    const pause = retryAfter(answer.response, c.now()) * 1000 + backoff(tries);
    if (tries >= c.attempts || !mayRepeat(op, input, answer) || c.now() + pause >= end) return answer;
    await sleep(pause, bound.signal);
  }
}

/** Gives the access token, nothing when nobody is signed in, or why neither can be known. */
async function accessToken(c: Circumstances, op: Operation, bound: Deadline): Promise<string | undefined | Failed> {
  try {
    const access = await until(c.session.access(), bound.signal);
    if (typeof access !== 'object') return access;
    const known = access.status === 0 && access.code !== 'unreadable'; // That the answer to the renewal was foreign is no answer to this call.
    return fail(known ? access : clientProblem('refresh_failed', op.path, c.now(), access));
  } catch (cause) {
    return fail(lost(c, op, bound, cause));
  }
}

/** Sends a request once and reads the answer. */
async function send(c: Circumstances, op: Operation, written: Written, input: Sending, access: string | undefined, bound: Deadline): Promise<Answered | Failed> {
  const {url, body} = written;
  let response: Response | undefined;
  try {
    const headers = new Headers(written.headers);
    if (access !== undefined) at('#/header/Authorization', () => headers.set('Authorization', `Bearer ${access}`));
    const init: RequestInit = {method: op.method, headers, signal: bound.signal, credentials: op.marks.includes('c') ? 'include' : 'omit'};
    if (body !== undefined) init.body = body;
    // Who is signed in may have changed what they read: this asks for an answer that is not remembered.
    if (op.method === 'GET' && op.marks.includes('p') && c.session.state !== 'signed_out') init.cache = 'no-cache';
    response = await c.fetch(url, init);
    const said = await read(op.answers, response, op.marks.includes('b') || input.stream !== undefined);
    if (typeof said === 'string') return fail(clientProblem('unreadable', op.path, c.now(), said), response);
    if (!Array.isArray(said)) return fail(said, response);
    remember(c, op, url, response);
    return {ok: true, status: response.status, data: said[0], response};
  } catch (cause) {
    return fail(lost(c, op, bound, cause), response);
  }
}

/** Makes the problem of a call that was not sent or not answered, from what was thrown. */
function lost(c: Circumstances, op: Operation, bound: Deadline | undefined, cause: unknown): AnyProblem {
  if (cause instanceof Unsendable) {
    return {...clientProblem('unsendable', op.path, c.now(), cause.cause), errors: [{pointer: cause.pointer, keyword: 'format', detail: cause.message}]};
  }
  return clientProblem(bound?.late ? 'timed_out' : bound?.signal.aborted ? 'aborted' : 'unreachable', op.path, c.now(), cause);
}

function fail(problem: AnyProblem, response?: Response): Failed {
  return {ok: false, status: response?.status ?? 0, problem, response};
}

/** Gives the address of the resource that an operation's ETag is of: its path, without an action at the end. */
function resourceOf(op: Operation, url: string): string {
  const above = Number(/\d/.exec(op.marks));
  return url.split('?', 1)[0]!.split('/').slice(0, -above || undefined).join('/');
}

/** Keeps the version of an answer for the resource that it is of, which may have been made just now. */
function remember(c: Circumstances, op: Operation, url: string, response: Response): void {
  const tag = versionTag(response.headers.get('ETag') ?? '');
  const location = response.headers.get('Location');
  const made = location === null ? undefined : locationPath(location, url.slice(op.base.length));
  if (tag !== undefined && (location === null || made !== undefined)) c.versions.remember(made === undefined ? resourceOf(op, url) : op.base + made, tag);
}

/**
 * Tells whether a request may be sent again. Reads and what has a key may, when the failure can pass. Anything else only when
 * the service says that it has done nothing: a lost answer does not say so.
 */
function mayRepeat(op: Operation, input: Sending, answer: Failed): boolean {
  const {code} = answer.problem;
  if (code === 'rate_limited' || code === 'overloaded') return true;
  if (op.method !== 'GET' && input.idempotencyKey === undefined && !input.repeatable) return false;
  return code === 'unreachable' || code === 'idempotency_key_in_use' || [408, 429, 502, 503, 504].includes(answer.status);
}

/** Makes a key of 128 random bits. crypto.randomUUID is not there on pages without TLS. */
function newKey(): string {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, '0')).join('');
}
