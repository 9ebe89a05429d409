import {shapes} from '../../../gen/ts/operations.js';
import type {AnyProblem} from './problem.js';

/** The media type of a stream of events. */
export const eventStream = 'text/event-stream';

/** Gives the media type of an answer without its parameters (RFC 9110, section 8.3.1); it is empty when there is none. */
export function mediaType(response: Response): string {
  return (response.headers.get('Content-Type') ?? '').split(/[;,]/, 1)[0]!.trim().toLowerCase();
}

/** Gives the seconds of a Retry-After field, which is a number of them or a date (RFC 9110, section 10.2.3); 0 without one. */
export function retryAfter(response: Response | undefined, now: number): number {
  const value = response?.headers.get('Retry-After') ?? '';
  const seconds = /^\s*\d+\s*$/.test(value) ? Number(value) : (Date.parse(value) - (Date.parse(response?.headers.get('Date') ?? '') || now)) / 1000;
  return Math.max(0, seconds) || 0;
}

/**
 * Gives the ETag that a service made: the version in quotes. A proxy that compresses an answer makes it weak, or appends the
 * coding; as If-Match, neither would ever match. It is undefined when it is not of a service.
 */
export function versionTag(tag: string): string | undefined {
  const version = /^\s*(?:W\/)?"(\d+)(?:[-;]\w+)?"\s*$/i.exec(tag);
  return version ? `"${version[1]}"` : undefined;
}

/** Gives the path that a Location field names, without what a proxy has put before the path of the operation. */
export function locationPath(location: string, path: string): string | undefined {
  const root = path.split('/', 3).join('/');
  try {
    const {pathname} = new URL(location, `http://localhost${path}`);
    const at = pathname.lastIndexOf(`${root}/`);
    return at < 0 ? undefined : pathname.slice(at);
  } catch {
    return undefined;
  }
}

/**
 * Gives the data of a success in a list, or the problem of a failure. When the answer is not one that the document of the
 * operation describes, something that stands in between has answered: then it gives the text. Only `bytes` are left for the
 * caller to read.
 */
export async function read(answers: string, response: Response, bytes: boolean): Promise<[unknown] | AnyProblem | string> {
  const type = mediaType(response);
  const documented = answers.split('|').map((answer) => answer.split('=')).find(([status]) => Number(status) === response.status);
  const bodies = documented?.[1]?.split(',') ?? [];
  if (bytes && bodies.includes(type) && response.body) return [response.body];
  const text = await response.text();
  if (documented && bodies.length === 0) return text === '' ? [undefined] : text;
  if (type === 'application/json') {
    const data = parse(text);
    return !bytes && bodies.some((name) => fits(name, data)) ? [data] : text;
  }
  const problem = type === 'application/problem+json' ? parse(text) : undefined;
  return !response.ok && fits('Problem', problem) && problem['status'] === response.status ? (problem as unknown as AnyProblem) : text;
}

/** Tells whether a value has the members that a shape requires. */
function fits(name: string, value: unknown): value is Record<string, unknown> {
  if (typeof value !== 'object' || value === null) return false;
  return (shapes[name]?.split(',') ?? ['']).every((member) => {
    const [key = '', letter] = member.split(':');
    const found = (value as Record<string, unknown>)[key];
    return letter === undefined ? key in value : (Array.isArray(found) ? 'a' : found === null ? '' : (typeof found)[0]) === letter;
  });
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
