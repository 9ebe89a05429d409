/** The longest time of a timer, in milliseconds; one that is set for longer would end at once. */
export const longest = 2 ** 31 - 1;

/** Waits for so many milliseconds, or until the signal ends it. */
export function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', done);
      resolve();
    };
    const timer = setTimeout(done, Math.min(ms, longest));
    if (signal?.aborted) done();
    else signal?.addEventListener('abort', done);
  });
}

/** Waits for a promise, or until the signal ends the wait, which rejects; what was waited for goes on. */
export function until<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const leave = (): void => reject(signal.reason);
    if (signal.aborted) return leave();
    signal.addEventListener('abort', leave);
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', leave));
  });
}

/** A signal that ends when the caller's does or when the time is over; `late` tells which it was. */
export interface Deadline {
  signal: AbortSignal;
  late: boolean;
  /** Stops the clock; the caller's signal still ends it. */
  stop(): void;
  /** Lets go of the caller's signal too. */
  release(): void;
}

/** Bounds a wait by the caller's signal and by a time in milliseconds. */
export function deadline(outer: AbortSignal | undefined, ms: number): Deadline {
  const inner = new AbortController();
  const leave = (): void => inner.abort(outer?.reason);
  const bound: Deadline = {
    signal: inner.signal,
    late: false,
    stop: () => clearTimeout(timer),
    release: () => {
      clearTimeout(timer);
      outer?.removeEventListener('abort', leave);
    },
  };
  const timer = setTimeout(() => {
    bound.late = true;
    inner.abort();
  }, Math.min(ms, longest));
  if (outer?.aborted) leave();
  else outer?.addEventListener('abort', leave);
  return bound;
}
