// The pages that links in mails lead to, and asking for the mail that resets a password.
import {useEffect, useId, useState, type ReactNode} from 'react';
import {client, type Outcome} from './api';
import {entered, Field, Form, Notice} from './form';
import {Link} from './router';
import {useSession} from './session';

/**
 * Takes the token from behind the # of a mail's link and out of the address, so that it is in no history and no bookmark.
 * Without one there is nothing to send.
 */
function useToken(): string | undefined {
  const [token] = useState(() => new URLSearchParams(location.hash.slice(1)).get('token') || undefined);
  useEffect(() => history.replaceState(null, '', location.pathname), []);
  return token;
}

const withoutToken = <p>Open this page by the link of the mail, once more.</p>;

function Narrow({title, children}: {title: string; children: ReactNode}) {
  const id = useId();
  return <section className="narrow card" aria-labelledby={id}><h1 id={id}>{title}</h1>{children}</section>;
}

/** A button sends the token, so that a program that only looks at links spends none. */
function Spend({title, submit, done, spend}: {title: string; submit: string; done: string; spend: (token: string) => Promise<Outcome<unknown>>}) {
  const token = useToken();
  const session = useSession();
  const [outcome, setOutcome] = useState<Outcome<unknown>>();
  if (token === undefined) return <Narrow title={title}>{withoutToken}</Narrow>;
  const send = (): void => void spend(token).then((result) => {
    setOutcome(result);
    if (result.ok) session.reload();
  });
  return (
    <Narrow title={title}>
      {outcome?.ok
        ? <><p role="status">{done}</p><p><Link href="/">To the catalog</Link></p></>
        : <button type="button" className="primary" onClick={send}>{submit}</button>}
      {outcome && !outcome.ok && <Notice failure={outcome} retry={send}><p>Ask for another mail at <Link href="/account">your account</Link>.</p></Notice>}
    </Narrow>
  );
}

/** Where the mail that verifies an address leads. */
export function VerifyEmail() {
  return <Spend title="Your e-mail address" submit="Verify it" done="It is verified." spend={(token) => client.confirmEmail({body: {token}})} />;
}

/** Where the mail to a new address leads. */
export function ConfirmEmailChange() {
  return <Spend title="Your new e-mail address" submit="Change to it" done="It is your account's now." spend={(token) => client.confirmEmailChange({body: {token}})} />;
}

/** Where the mail that resets a password leads. */
export function ResetPassword() {
  const token = useToken();
  const [done, setDone] = useState(false);
  if (token === undefined) return <Narrow title="Choose a new password">{withoutToken}</Narrow>;
  return (
    <Narrow title="Choose a new password">
      {done ? <><p role="status">The password is changed, and every session has ended.</p><p><Link href="/login">Log in</Link></p></> : (
        <Form
          submit="Change the password" fields={['/new_password']} done={() => setDone(true)}
          send={(values) => client.resetPassword({body: {token, new_password: String(values.get('password'))}})}
          unusual={(problem) => problem.code === 'invalid_mail_token' && (
            <p className="error" role="alert">The link is not good any more. <Link href="/forgot-password">Ask for another mail</Link></p>
          )}
        >
          <Field label="New password" place="/new_password" name="password" type="password" autoComplete="new-password" autoFocus hint="15 characters or more, such as four words." />
        </Form>
      )}
    </Narrow>
  );
}

/** Asks for the mail. What it says does not tell whether there is an account. */
export function ForgotPassword() {
  const [sent, setSent] = useState('');
  return (
    <Narrow title="Forgotten password">
      {sent ? <p role="status">If there is an account for {sent}, a mail with a link is on its way, or in its mailbox already. The link is good for half an hour from now.</p> : (
        <Form
          submit="Send me a link" fields={['/email']} done={setSent}
          send={async (values) => {
            const email = entered(values, 'email');
            const outcome = await client.requestPasswordReset({body: {email}});
            return outcome.ok ? {ok: true, data: email} : outcome;
          }}
        >
          <Field label="E-mail address" place="/email" name="email" type="email" autoComplete="username" autoFocus />
        </Form>
      )}
      <p><Link href="/login">Back to the login</Link></p>
    </Narrow>
  );
}
