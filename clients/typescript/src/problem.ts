import type {Schemas} from '../../../gen/ts/operations.js';

/** What every problem of the services has besides its code (RFC 9457). */
export type ProblemBody = Omit<Schemas['Problem'], 'code' | 'status' | 'current'>;

/**
 * The failures that no service tells of, because there was no answer or none that the client understands:
 *
 * - `unreachable`: the request or its answer was lost on the way.
 * - `timed_out`: the call's own time is over.
 * - `aborted`: its signal ended it.
 * - `unreadable`: the answer is not what the documents describe, such as the error page of a proxy, or an empty one where
 *   there should be data. It says nothing about what the service has done.
 * - `unsendable`: the input cannot be written as a request; `errors` names the place. Nothing was sent.
 * - `refresh_failed`: the session could not be renewed now; `cause` is the problem of the renewal.
 */
export type ClientCode = 'unreachable' | 'timed_out' | 'aborted' | 'unreadable' | 'unsendable' | 'refresh_failed';

/** A failure that no service tells of, in the shape of the others. */
export interface ClientProblem extends ProblemBody {
  code: ClientCode;
  status: 0;
  /** What it came from. */
  cause?: unknown;
}

/** Any problem, when it does not matter of which operation. */
export type AnyProblem = (ProblemBody & {code: Schemas['ProblemCode']; status: number; current?: unknown}) | ClientProblem;

/** What is thrown where a failure has no other way out: by lists, by streams and by unwrap. */
export class ProblemError<P extends AnyProblem = AnyProblem> extends Error {
  override readonly name = 'ProblemError';
  /** The problem. */
  readonly problem: P;
  /** The answer, when there was one. */
  readonly response: Response | undefined;

  constructor(failure: {problem: P; response: Response | undefined}) {
    super(`${failure.problem.code}: ${failure.problem.detail}`);
    this.problem = failure.problem;
    this.response = failure.response;
  }
}

/** Gives the data of a result, or throws its problem as a ProblemError. */
export function unwrap<R extends {ok: true; data: unknown} | {ok: false; problem: AnyProblem; response: Response | undefined}>(result: R): Extract<R, {ok: true}>['data'] {
  if (result.ok) return result.data;
  throw new ProblemError(result);
}

const details: Record<ClientCode, string> = {
  unreachable: 'The service cannot be reached, or its answer was lost.',
  timed_out: 'There was no answer in time.',
  aborted: 'The call was given up.',
  unreadable: 'The answer is not one that this client understands.',
  unsendable: 'The input cannot be written as a request.',
  refresh_failed: 'The session cannot be renewed at present.',
};

/** Makes the problem of a call that has no answer of a service. */
export function clientProblem(code: ClientCode, instance: string, now: number, cause?: unknown): ClientProblem {
  return {
    type: 'about:blank', title: code, status: 0, detail: details[code], instance, code, request_id: '',
    timestamp: new Date(now).toISOString(), ...(cause === undefined ? {} : {cause}),
  };
}
