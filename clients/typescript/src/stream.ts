import {eventStream} from './answer.js';
import {backoff, call, type Circumstances, type Failed} from './call.js';
import {clientProblem, ProblemError, type ClientCode} from './problem.js';
import type {Operation, Sending} from './request.js';
import {longest, sleep} from './waiting.js';

/** What a stream is followed with, beside the input of its operation. */
export interface Following {
  /** The id of the last event that is known; the stream starts behind it. */
  lastEventId?: string | undefined;
  /** Milliseconds without a sign of life after which the connection is taken for dead. The services give one every 15 seconds. */
  silence?: number | undefined;
  /** Milliseconds for which the stream is taken up again without success before it fails. */
  patience?: number | undefined;
}

/** One event of a stream (WHATWG HTML, section 9.2). */
interface ServerEvent {
  id: string | undefined;
  data: string;
  /** Milliseconds to wait before the stream is taken up again, when the service has said so. */
  retry: number | undefined;
}

/**
 * Follows a stream of events for as long as the caller asks for the next, taking it up again behind the last event whenever
 * it breaks off. It ends when the signal does, and throws a ProblemError when it is refused or stays away for too long.
 */
export async function* follow(c: Circumstances, op: Operation, input: Sending & Following): AsyncGenerator<unknown, void, undefined> {
  const {signal, silence = 40_000, patience = 120_000} = input;
  let {lastEventId} = input;
  let pause = 1_000;
  let failures = 0;
  let alive = c.now();
  while (!signal?.aborted) {
    const connection = new AbortController();
    const leave = (): void => connection.abort();
    signal?.addEventListener('abort', leave);
    const failed = (code: ClientCode, cause?: unknown): Failed => ({ok: false, status: 0, problem: clientProblem(code, op.path, c.now(), cause), response: undefined});
    let lost = failed('unreachable');
    try {
      const stream = {Accept: eventStream, ...(lastEventId === undefined ? {} : {'Last-Event-ID': lastEventId})};
      const answer = await call(c, op, {...input, stream, signal: connection.signal});
      if (signal?.aborted) return;
      if (!answer.ok) {
        lost = answer;
      } else {
        for await (const event of events(answer.data as ReadableStream<Uint8Array>, silence, leave)) {
          let data: unknown;
          try {
            if (event.data !== '') data = JSON.parse(event.data);
          } catch (cause) {
            lost = failed('unreadable', cause);
            break;
          }
          failures = 0;
          lastEventId = event.id ?? lastEventId;
          pause = event.retry ?? pause;
          if (data !== undefined) yield data;
          alive = c.now(); // How long the caller took for the event says nothing about the stream.
        }
      }
    } finally {
      leave();
      signal?.removeEventListener('abort', leave);
    }
    if (signal?.aborted) return;
    const {problem} = lost;
    const passes = problem.status === 0 ? problem.code !== 'unsendable' : problem.status === 429 || problem.status >= 500;
    if (!passes || c.now() - alive > patience) throw new ProblemError(lost);
    await sleep(pause / 2 + Math.random() * pause + backoff(failures++), signal);
  }
}

/** Reads events from a body until it ends, breaks off or is silent for too long. A sign of life without data is an event without data. */
async function* events(body: ReadableStream<Uint8Array>, silence: number, leave: () => void): AsyncGenerator<ServerEvent, void, undefined> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let rest = '';
  let event: ServerEvent = {id: undefined, data: '', retry: undefined};
  for (;;) {
    const timer = setTimeout(leave, Math.min(silence, longest));
    const part = await reader.read().catch(() => ({done: true as const, value: undefined}));
    clearTimeout(timer);
    if (part.done) return;
    const lines = (rest + decoder.decode(part.value, {stream: true})).split(/\r\n|\n|\r(?!$)/);
    rest = lines.pop()!;
    for (const line of lines) {
      const [, field, value = ''] = /^([^:]*)(?:: ?([^]*))?$/.exec(line)!;
      if (line === '') {
        yield {...event, data: event.data.slice(0, -1)};
        event = {id: event.id, data: '', retry: event.retry};
      } else if (field === 'data') event.data += value + '\n';
      else if (field === 'id' && !value.includes('\0')) event.id = value;
      else if (field === 'retry' && /^\d+$/.test(value)) event.retry = Number(value);
    }
  }
}
