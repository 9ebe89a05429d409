// The client, and the two ways in which pages read with it: one thing, or a list that grows page by page.
import {createClient, type AnyProblem} from '@plumbline/client';
import {useCallback, useEffect, useRef, useState} from 'react';
import {go, here} from './router';

/** The client of both services, which are where the page is from. A session that ends by itself sends to the login and back. */
export const client = createClient({onSessionEnd: () => location.pathname !== '/login' && go(loginFor(here()))});

/** Gives the address of the login that leads on to a page. */
export const loginFor = (page: string): string => `/login?to=${encodeURIComponent(page)}`;

/** How a call failed, when it does not matter of which operation: the problem, and the answer if there was one. */
export interface Failure {
  problem: AnyProblem;
  response: Response | undefined;
}

/** What a call comes to. */
export type Outcome<T> = {ok: true; data: T} | ({ok: false} & Failure);

/** One page of a list. */
export interface Page<T> {
  items: T[];
  next_cursor: string | null;
}

/** Something that is read, and how far that has got. */
export interface Loaded<T> {
  data: T | undefined;
  failure: Failure | undefined;
  loading: boolean;
  /** Reads again; what is there stays until then. */
  reload(): void;
  /** Puts what a change has answered with in place of what was read. */
  put(data: T): void;
}

/** Reads something whenever `load`, which useCallback holds still, is another. What is no longer wanted is aborted. */
export function useLoaded<T>(load: (signal: AbortSignal) => Promise<Outcome<T>>): Loaded<T> {
  const [state, setState] = useState<{data?: T | undefined; failure?: Failure; loading: boolean}>({loading: true});
  const [round, setRound] = useState(0);
  const reading = useRef(new AbortController());
  useEffect(() => {
    const leaving = (reading.current = new AbortController());
    setState((before) => ({data: before.data, loading: true}));
    void load(leaving.signal).then((outcome) => {
      if (leaving.signal.aborted) return;
      setState((before) => outcome.ok ? {data: outcome.data, loading: false} : {data: before.data, failure: outcome, loading: false});
    });
    return () => leaving.abort();
  }, [load, round]);
  return {
    data: state.data, failure: state.failure, loading: state.loading,
    reload: useCallback(() => setRound((n) => n + 1), []),
    put: useCallback((data: T) => {
      reading.current.abort(); // What was asked for before may be older: it would take away what somebody is about to do.
      setState({data, loading: false});
    }, []),
  };
}

/** A list of which some pages are there. */
export interface Paged<T> {
  items: T[];
  failure: Failure | undefined;
  loading: boolean;
  /** Whether there are more. */
  more: boolean;
  /** Reads the next page, or tries again the one that failed. */
  next(): void;
  /** Starts from the first page. */
  reload(): void;
}

/** Reads a list from its first page whenever `load`, which useCallback holds still, is another. */
export function usePages<T>(load: (cursor: string | undefined, signal: AbortSignal) => Promise<Outcome<Page<T>>>): Paged<T> {
  const [state, setState] = useState<{items: T[]; cursor: string | null; failure?: Failure; loading: boolean}>({items: [], cursor: null, loading: true});
  const reading = useRef(new AbortController());
  const read = useCallback(async (cursor: string | undefined) => {
    reading.current.abort();
    const {signal} = (reading.current = new AbortController());
    setState(({items, cursor: behind}) => ({items, cursor: behind, loading: true}));
    const outcome = await load(cursor, signal);
    if (signal.aborted) return;
    setState(({items}) => {
      const before = cursor === undefined ? [] : items; // Those of another search are no answer to this one, nor does their cursor go on with it.
      return outcome.ok
        ? {items: [...before, ...outcome.data.items], cursor: outcome.data.next_cursor, loading: false}
        : {items: before, cursor: cursor ?? null, failure: outcome, loading: false};
    });
  }, [load]);
  useEffect(() => {
    void read(undefined);
    return () => reading.current.abort();
  }, [read]);
  return {
    items: state.items, loading: state.loading, failure: state.failure, more: state.cursor !== null,
    next: () => void read(state.cursor ?? undefined),
    reload: useCallback(() => void read(undefined), [read]),
  };
}
