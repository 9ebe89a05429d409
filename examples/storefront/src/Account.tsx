// Logging in and opening an account.
import type {Schemas} from '@plumbline/client';
import {useId, useState} from 'react';
import {client, type Outcome} from './api';
import {entered, Field, Form} from './form';
import {go, Link, useHere} from './router';
import {CodeField, codeIn} from './Security';

/** Gives where to go after the login: only to a page of this site. */
function useDestination(): string {
  const to = useHere().searchParams.get('to') ?? '/';
  return /^\/(?![/\\])/.test(to) ? to : '/';
}

/** What a login ends with: tokens, which the client keeps, or a challenge of the second factor. */
type LoggedIn = Schemas['TokenSet'] | Schemas['LoginChallenge'];

/** The login, which asks for a code where the account has a second factor. */
export function Login() {
  const destination = useDestination();
  const title = useId();
  const [challenge, setChallenge] = useState<string>();
  if (challenge) return <SecondFactor challenge={challenge} done={() => go(destination, 'replace')} again={() => setChallenge(undefined)} />;
  return (
    <section className="narrow card" aria-labelledby={title}>
      <h1 id={title}>Log in</h1>
      <Form<LoggedIn>
        submit="Log in" fields={['/email', '/password']} done={(data) => ('challenge' in data ? setChallenge(data.challenge) : go(destination, 'replace'))}
        send={(values): Promise<Outcome<LoggedIn>> => client.startSession({body: {email: entered(values, 'email'), password: String(values.get('password'))}})}
      >
        <Field label="E-mail address" place="/email" name="email" type="email" autoComplete="username" autoFocus />
        <Field label="Password" place="/password" name="password" type="password" autoComplete="current-password" />
      </Form>
      <p><Link href="/forgot-password">Forgotten the password?</Link></p>
      <p>No account yet? <Link href={`/register?to=${encodeURIComponent(destination)}`}>Open one</Link></p>
    </section>
  );
}

/** The second step of a login: a code of the app, or a recovery code. */
function SecondFactor({challenge, done, again}: {challenge: string; done: () => void; again: () => void}) {
  const title = useId();
  return (
    <section className="narrow card" aria-labelledby={title}>
      <h1 id={title}>One more step</h1>
      <Form
        submit="Log in" fields={['/totp', '/recovery_code']} done={done} send={(values) => client.answerChallenge({body: {challenge, ...codeIn(values)}})}
        unusual={(problem) => problem.code === 'invalid_challenge' && <p className="error" role="alert">That took too long, or too many tries. Begin again.</p>}
      >
        <CodeField />
      </Form>
      <p><button type="button" className="link" onClick={again}>Begin again</button></p>
    </section>
  );
}

/** Opening an account, which then is signed in. */
export function Register() {
  const destination = useDestination();
  const title = useId();
  return (
    <section className="narrow card" aria-labelledby={title}>
      <h1 id={title}>Open an account</h1>
      <Form<LoggedIn>
        submit="Open the account" fields={['/name', '/email', '/password']} done={() => go(destination, 'replace')}
        send={async (values): Promise<Outcome<LoggedIn>> => {
          const login = {email: entered(values, 'email'), password: String(values.get('password'))};
          const opened = await client.createUserV2({body: {name: entered(values, 'name'), ...login}});
          return opened.ok ? client.startSession({body: login}) : opened;
        }}
      >
        <Field label="Name" place="/name" name="name" autoComplete="name" autoFocus />
        <Field label="E-mail address" place="/email" name="email" type="email" autoComplete="username" />
        <Field label="Password" place="/password" name="password" type="password" autoComplete="new-password" hint="15 characters or more, such as four words." />
      </Form>
      <p>You have an account? <Link href={`/login?to=${encodeURIComponent(destination)}`}>Log in</Link></p>
    </section>
  );
}
