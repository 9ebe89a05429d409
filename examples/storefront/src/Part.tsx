// A part of a page, with its heading.
import {useId, type ReactNode} from 'react';

/** The part. */
export function Part({title, children}: {title: string; children: ReactNode}) {
  const id = useId();
  return <section className="card part" aria-labelledby={id}><h2 id={id}>{title}</h2>{children}</section>;
}
