import type {Operations, Schemas} from '../../../gen/ts/operations.js';
import type {ClientProblem, ProblemBody} from './problem.js';

/** The operationIds. */
export type OperationId = keyof Operations;

/** An HTTP method that some operation has. */
export type Method = Operations[OperationId]['method'];

/** The paths that have an operation with the method. */
export type PathOf<M extends Method> = Extract<Operations[OperationId], {method: M}>['path'];

/** The operation with a method and a path. */
export type At<M extends Method, P extends string> = {
  [K in OperationId]: Operations[K] extends {method: M; path: P} ? K : never;
}[OperationId];

type Shape<K extends OperationId> = Operations[K]['shape'];
type Marked<M extends string> = {[K in OperationId]: Operations[K]['marks'] extends `${string}${M}${string}` ? K : never}[OperationId];

/** The operations that list in pages. */
export type ListId = Marked<'l'>;

/** The operations that can be followed as a stream of events. */
export type StreamId = Marked<'s'>;

/** What shortens or ends any call. */
export interface Limits {
  /** Ends the call; its result is then the problem `aborted`. */
  signal?: AbortSignal | undefined;
  /** Milliseconds for the call with all its tries, in place of the client's. */
  timeout?: number | undefined;
}

interface Keyed {
  /** What makes the request the same when it is repeated, in place of one that the client makes. */
  idempotencyKey?: string | undefined;
}

interface Matching {
  /** The version that is to be changed, as an ETag or as the `version` of what was read, in place of the one the client saw last. */
  ifMatch?: string | number | undefined;
}

type Flat<T> = {[K in keyof T]: T[K]};
type Loose<T> = {[K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K]};
type JSONOf<C> = C extends {content: {'application/json': infer B}} ? B : never;

type Path<S> = S extends {parameters: {path: infer P}} ? {path: P} : unknown;
type Query<S> = S extends {parameters: {query?: infer Q}} ? ([NonNullable<Q>] extends [never] ? unknown : {query?: Loose<NonNullable<Q>> | undefined}) : unknown;
type Body<S> = S extends {requestBody: infer B}
  ? {body: JSONOf<B>}
  : S extends {requestBody?: infer B} ? ([NonNullable<B>] extends [never] ? unknown : {body?: JSONOf<NonNullable<B>> | undefined}) : unknown;

/** What an operation is called with: `path`, `query` and `body` as its document has them, and what rules the call. */
export type Input<K extends OperationId> = Flat<
  Path<Shape<K>> & Query<Shape<K>> & Body<Shape<K>> & (K extends Marked<'k'> ? Keyed : unknown) & (K extends Marked<'m'> ? Matching : unknown) & Limits
>;

/** The arguments of a call: none is needed where nothing in the input is. */
export type Arguments<T> = {} extends T ? [input?: T] : [input: T];

type Answers<K extends OperationId> = Shape<K>['responses'];
type SuccessStatus<K extends OperationId> = Extract<keyof Answers<K>, 200 | 201 | 202 | 204>;
type DataOf<A> = A extends {content: infer C} ? (C extends {'application/json': infer B} ? B : ReadableStream<Uint8Array>) : undefined;

/** What an operation answers with when it succeeds. */
export type Data<K extends OperationId> = {[S in SuccessStatus<K>]: DataOf<Answers<K>[S & keyof Answers<K>]>}[SuccessStatus<K>];

/** One item of a list, or one event of a stream. */
export type Item<K extends OperationId> = Extract<Data<K>, {items: unknown[]}>['items'][number];

type StatusOf<S> = S extends number ? S : number;

/** A problem that an operation's document lists, told apart by `code` and by `status`. */
export type DocumentedProblem<K extends OperationId> = {
  [S in keyof Operations[K]['codes']]: {
    [C in Operations[K]['codes'][S] & string]: ProblemBody & {code: C; status: StatusOf<S>} & (S extends 412 ? {current: NonNullable<Schemas['Problem']['current']>} : unknown);
  }[Operations[K]['codes'][S] & string];
}[keyof Operations[K]['codes']];

/** A problem of an operation, the client's own included. */
export type Problem<K extends OperationId> = DocumentedProblem<K> | ClientProblem;

/** How a call went well. */
export type Success<K extends OperationId> = {
  [S in SuccessStatus<K>]: {
    ok: true;
    status: S;
    data: DataOf<Answers<K>[S & keyof Answers<K>]>;
    /** The answer; its body has been read, or is `data`. */
    response: Response;
  } & Sent<K>;
}[SuccessStatus<K>];

/** How a call failed. */
export type Failure<K extends OperationId> = {
  ok: false;
  /** The status of the answer, 0 when there was none. */
  status: number;
  problem: Problem<K>;
  /** The answer, when there was one; its body has been read. */
  response: Response | undefined;
} & Sent<K>;

type Sent<K extends OperationId> = K extends Marked<'k'>
  ? {
      /** The key that the request had: give it again to try the same again. */
      idempotencyKey: string;
    }
  : unknown;

/** What became of a call: look at `ok` first. */
export type Result<K extends OperationId> = Success<K> | Failure<K>;
