// Logging in and opening an account.
import {useId} from 'react';
import {client} from './api';
import {entered, Field, Form} from './form';
import {go, Link, useHere} from './router';

/** Gives where to go after the login: only to a page of this site. */
function useDestination(): string {
  const to = useHere().searchParams.get('to') ?? '/';
  return /^\/(?![/\\])/.test(to) ? to : '/';
}

/** The login. */
export function Login() {
  const destination = useDestination();
  const title = useId();
  return (
    <section className="narrow card" aria-labelledby={title}>
      <h1 id={title}>Log in</h1>
      <Form
        submit="Log in" fields={['/email', '/password']} done={() => go(destination, 'replace')}
        send={(values) => client.startSession({body: {email: entered(values, 'email'), password: String(values.get('password'))}})}
      >
        <Field label="E-mail address" place="/email" name="email" type="email" autoComplete="username" autoFocus />
        <Field label="Password" place="/password" name="password" type="password" autoComplete="current-password" />
      </Form>
      <p><Link href="/forgot-password">Forgotten the password?</Link></p>
      <p>No account yet? <Link href={`/register?to=${encodeURIComponent(destination)}`}>Open one</Link></p>
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
      <Form
        submit="Open the account" fields={['/name', '/email', '/password']} done={() => go(destination, 'replace')}
        send={async (values) => {
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
