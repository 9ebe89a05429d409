// The addresses of the pages, with the History API: what the example needs of a router.
import {useSyncExternalStore, type ComponentProps} from 'react';

const listeners = new Set<() => void>();
const tell = (): void => listeners.forEach((listener) => listener());
addEventListener('popstate', tell);

/** Gives where the person is, as a path with its query. */
export const here = (): string => location.pathname + location.search;

/** Goes to a page of this site. */
export function go(to: string, how: 'push' | 'replace' = 'push'): void {
  if (to === here()) return;
  history[how === 'push' ? 'pushState' : 'replaceState'](null, '', to);
  scrollTo(0, 0);
  tell();
}

/** Follows where the person is. */
export function useHere(): URL {
  const path = useSyncExternalStore((listener) => {
    listeners.add(listener);
    return () => listeners.delete(listener);
  }, here);
  return new URL(path, location.origin);
}

/** A link within the site, which says when it leads to the present page. */
export function Link({href, ...rest}: ComponentProps<'a'> & {href: string}) {
  return (
    <a
      {...rest}
      href={href}
      aria-current={useHere().pathname === href ? 'page' : undefined}
      onClick={(event) => {
        if (event.metaKey || event.ctrlKey || event.shiftKey) return; // A new tab or window is the browser's.
        event.preventDefault();
        go(href);
      }}
    />
  );
}
