// Who is signed in, for all pages.
import type {Schemas} from '@plumbline/client';
import {createContext, useCallback, useContext, useEffect, useState, useSyncExternalStore, type ReactNode} from 'react';
import {client, loginFor, useLoaded, type Loaded, type Outcome} from './api';
import {Notice} from './form';
import {go, here} from './router';

type Profile = Schemas['Profile'];

const Session = createContext<Loaded<Profile | null> | undefined>(undefined);

/** Finds out whether the cookie of an earlier visit goes on, and reads the profile of whoever is signed in. */
export function SessionProvider({children}: {children: ReactNode}) {
  const state = useSyncExternalStore((listener) => client.session.subscribe(listener), () => client.session.state);
  const loaded = useLoaded<Profile | null>(useCallback(async (signal): Promise<Outcome<Profile | null>> => {
    if (state === 'signed_out') return {ok: true, data: null};
    const result = await client.getProfile({signal}); // Which takes up the session by itself.
    return !result.ok && result.problem.code === 'unauthenticated' ? {ok: true, data: null} : result;
  }, [state]));
  return <Session value={loaded}>{children}</Session>;
}

/** Gives the profile as it is read, to put a changed one in its place or read it again. */
export const useSession = (): Loaded<Profile | null> => useContext(Session)!;

/** Gives the profile of whoever is signed in: null when nobody is, undefined while that is not known. */
export function useProfile(): Profile | null | undefined {
  return useSession().data;
}

/** Says whether whoever is signed in has one of the roles. */
export function useRole(...roles: Schemas['Role'][]): boolean {
  return useProfile()?.roles.some((role) => roles.includes(role)) ?? false;
}

/** Shows a page to whoever is signed in, and the login to others; with roles, only to those who have one. */
export function SignedIn({roles, children}: {roles?: Schemas['Role'][]; children: ReactNode}) {
  const session = useSession();
  const [address] = useState(here);
  const allowed = useRole(...(roles ?? []));
  const missing = session.data === null && !session.loading;
  useEffect(() => {
    if (missing) go(loginFor(address), 'replace');
  }, [missing, address]);
  if (session.data) return roles && !allowed ? <p>This page is for {roles.join(', ')}.</p> : children;
  return session.failure ? <Notice failure={session.failure} retry={session.reload} /> : <p role="status">One moment…</p>;
}
