// Forms whose fields show what the service says about them, and the one place for every other problem.
import type {AnyProblem} from '@plumbline/client';
import {createContext, useContext, useEffect, useId, useRef, useState, type ComponentProps, type ReactNode} from 'react';
import type {Failure, Outcome} from './api';

/** Gives what a problem says about a place in the request's body, such as `/email`, or beside it, such as `/path/orderId`. */
export function violationAt(problem: AnyProblem | undefined, place: string) {
  return problem?.errors?.find((violation) => violation.pointer === `#${place}`);
}

/** The codes after which the same request may succeed. */
const passing = new Set(['unreachable', 'timed_out', 'unreadable', 'refresh_failed', 'unavailable', 'customers_unavailable', 'overloaded', 'rate_limited', 'timeout', 'internal']);

/** Says whether the failure can pass, so that trying again makes sense. */
const canPass = (problem: AnyProblem): boolean => passing.has(problem.code);

/** Counts the seconds down for which an answer asks to wait, in its Retry-After; 0 is that nothing needs to be waited for. */
function useWait(response: Response | undefined): number {
  const [left, setLeft] = useState(0);
  useEffect(() => {
    const end = Date.now() + Number(response?.headers.get('Retry-After') ?? 0) * 1000;
    const count = (): void => {
      const seconds = Math.max(0, Math.ceil((end - Date.now()) / 1000));
      setLeft(seconds);
      if (seconds === 0) clearInterval(timer);
    };
    const timer = setInterval(count, 250);
    count();
    return () => clearInterval(timer);
  }, [response]);
  return left;
}

/** Shows a problem with what support needs to find it, and offers another try once the service wants one. */
export function Notice({failure: {problem, response}, retry, children}: {failure: Failure; retry?: (() => void) | undefined; children?: ReactNode}) {
  const offline = problem.code === 'unreachable' && !navigator.onLine;
  const left = useWait(response);
  return (
    <div className="notice">
      <div role="alert">
        <p><strong>{offline ? 'You are offline.' : problem.detail}</strong></p>
        {children}
        <small>
          <code>{problem.code}</code>
          {problem.request_id && <> · request <code>{problem.request_id}</code></>}
        </small>
      </div>
      {retry && canPass(problem) && (
        <button type="button" disabled={left > 0} onClick={retry}>
          {left > 90 ? `Try again in ${Math.ceil(left / 60)} minutes` : left > 0 ? `Try again in ${left} s` : 'Try again'}
        </button>
      )}
    </div>
  );
}

const FormProblem = createContext<AnyProblem | undefined>(undefined);

/** A form that sends what was entered, shows field errors at their fields and moves to the first of them. */
export function Form<T>({send, done, fields, submit, children, unusual}: {
  send: (values: FormData) => Promise<Outcome<T>>;
  done: (data: T) => void;
  /** The places in the request that have a field, such as `/email`. */
  fields: string[];
  /** What the button says. */
  submit: string;
  children?: ReactNode;
  /** Shows problems that need more than their text; nothing leaves one to the form. */
  unusual?: (problem: AnyProblem) => ReactNode;
}) {
  const form = useRef<HTMLFormElement>(null);
  const [failure, setFailure] = useState<Failure>();
  const problem = failure?.problem;
  const [busy, setBusy] = useState(false);
  useEffect(() => form.current?.querySelector<HTMLElement>('[aria-invalid=true]')?.focus(), [problem]);
  const run = async (): Promise<void> => {
    if (busy || !form.current) return;
    setBusy(true);
    const outcome = await send(new FormData(form.current));
    setBusy(false);
    setFailure(outcome.ok ? undefined : outcome);
    if (outcome.ok) done(outcome.data);
  };
  const rest = problem?.errors?.filter((violation) => !fields.includes(violation.pointer.slice(1)));
  const placed = rest?.length === 0 && problem?.errors?.length !== 0; // Every error has its field.
  const special = problem && unusual?.(problem);
  return (
    <form ref={form} noValidate aria-busy={busy} onSubmit={(event) => {
      event.preventDefault();
      void run();
    }}>
      <FormProblem value={problem}>{children}</FormProblem>
      {special || (failure && !placed && (
        <Notice failure={failure} retry={() => void run()}>
          {rest && <ul>{rest.map((violation) => <li key={violation.pointer}><code>{violation.pointer}</code> {violation.detail}</li>)}</ul>}
        </Notice>
      ))}
      <button className="primary" aria-disabled={busy}>{busy ? 'One moment…' : submit}</button>
    </form>
  );
}

/** A labelled field. `place` is where the request has its value; what the service says about that is shown below it. */
export function Field({label, place, hint, ...input}: ComponentProps<'input'> & {label: string; place: string; hint?: string}) {
  return <Labelled label={label} place={place} hint={hint}>{(state) => <input {...input} {...state} />}</Labelled>;
}

/** A field for text of several lines. */
export function TextField({label, place, ...area}: ComponentProps<'textarea'> & {label: string; place: string}) {
  return <Labelled label={label} place={place}>{(state) => <textarea rows={3} {...area} {...state} />}</Labelled>;
}

function Labelled({label, place, hint, children}: {
  label: string;
  place: string;
  hint?: string | undefined;
  children: (state: {id: string; 'aria-invalid': true | undefined; 'aria-describedby': string}) => ReactNode;
}) {
  const id = useId();
  const violation = violationAt(useContext(FormProblem), place);
  return (
    <div className="field">
      <label htmlFor={id}>{label}</label>
      {children({id, 'aria-invalid': violation ? true : undefined, 'aria-describedby': `${id}-hint`})}
      <small id={`${id}-hint`} className={violation ? 'error' : undefined}>{violation?.detail ?? hint}</small>
    </div>
  );
}

/** Gives what was entered in a field, without the blanks around it. */
export const entered = (values: FormData, name: string): string => String(values.get(name) ?? '').trim();
