import {versionTag} from './answer.js';

/** An operation as the table has it. */
export interface Operation {
  base: string;
  method: string;
  path: string;
  answers: string;
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

/** A place of an input that cannot be written as a request: `pointer` names it as the services name places. */
export class Unsendable extends Error {
  readonly pointer: string;

  constructor(pointer: string, cause: unknown) {
    super(cause instanceof Error ? cause.message : String(cause), {cause});
    this.pointer = pointer;
  }
}

/** Does what may fail because of one place of an input, and names the place when it does. */
export function at<T>(pointer: string, act: () => T): T {
  try {
    return act();
  } catch (cause) {
    throw cause instanceof Unsendable ? cause : new Unsendable(pointer, cause);
  }
}

/** Writes the address of an operation with its parameters. */
export function addressOf(op: Operation, input: Sending): string {
  const path = op.path.replace(/\{(\w+)\}/g, (_, name: string) => at(`#/path/${name}`, () => {
    const value = String(input.path?.[name] ?? '');
    if (/^\.{0,2}$/.test(value)) throw new TypeError(`${name} is not a segment of a path`);
    return encodeURIComponent(value);
  }));
  const query = new URLSearchParams();
  for (const [name, value] of Object.entries(input.query ?? {})) {
    if (value !== undefined) at(`#/query/${name}`, () => query.set(name, String(value)));
  }
  return op.base + path + (query.size > 0 ? `?${query}` : '');
}

/** Writes the header fields of a request; `seen` is the version that was seen last. */
export function headersOf(op: Operation, input: Sending, seen: string | undefined): Headers {
  const headers = new Headers({Accept: 'application/json, application/problem+json'});
  const set = (name: string, value: string): void => at(`#/header/${name}`, () => headers.set(name, value));
  for (const [name, value] of Object.entries(input.stream ?? {})) set(name, value);
  if (input.body !== undefined) set('Content-Type', 'application/json');
  if (input.idempotencyKey !== undefined) set('Idempotency-Key', input.idempotencyKey);
  const {ifMatch} = input;
  const version = typeof ifMatch === 'string' ? (versionTag(ifMatch) ?? ifMatch) : ifMatch === undefined ? seen : `"${ifMatch}"`;
  if (op.marks.includes('m') && version !== undefined) set('If-Match', version);
  return headers;
}

/** Writes a body as JSON. */
export function bodyOf(input: Sending): string | undefined {
  const places = new Map<unknown, string>();
  let place = '#';
  try {
    return JSON.stringify(input.body, function (this: unknown, key: string, value: unknown) {
      const above = places.get(this);
      place = above === undefined ? '#' : `${above}/${key.replaceAll('~', '~0').replaceAll('/', '~1')}`;
      if (typeof value === 'object' && value !== null && !places.has(value)) places.set(value, place);
      return value;
    });
  } catch (cause) {
    throw new Unsendable(place, cause);
  }
}
