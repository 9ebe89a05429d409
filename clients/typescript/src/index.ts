export type {Operations, Schemas} from '../../../gen/ts/operations.js';
export {createClient, type Client, type List, type Options} from './client.js';
export {ProblemError, unwrap, type AnyProblem, type ClientCode, type ClientProblem, type ProblemBody} from './problem.js';
export type {Session, SessionState, Tokens} from './session.js';
export type {Data, DocumentedProblem, Failure, Input, Item, ListId, OperationId, Problem, Result, StreamId, Success} from './shapes.js';
export type {Following} from './stream.js';
