// What guards the account of whoever is signed in: the password, the second factor, the address of mails, and the sessions.
import type {Schemas} from '@plumbline/client';
import {useCallback, useState, type ReactNode} from 'react';
import {client, useLoaded, usePages, type Outcome} from './api';
import {entered, Field, Form, Notice} from './form';
import {time} from './format';
import {Part} from './Part';
import {Link} from './router';

/** The page. */
export function SecurityPage() {
  return (
    <>
      <div className="bar"><h1>Security</h1><Link href="/account">Back to your account</Link></div>
      <div className="columns">
        <Part title="Second factor"><SecondFactor /></Part>
        <Part title="Password"><Password /></Part>
        <Part title="E-mail address"><EmailAddress /></Part>
      </div>
      <Part title="Sessions"><Sessions /></Part>
    </>
  );
}

/** The field for what an authenticator app shows, or for a recovery code in its place. */
export function CodeField() {
  const [recovery, setRecovery] = useState(false);
  return (
    <>
      {recovery
        ? <Field key="recovery" label="Recovery code" place="/recovery_code" name="recovery_code" autoComplete="off" autoCapitalize="characters" autoFocus hint="Such as MFZW-I3LP-OBQX-E2LK. It is good once." />
        : <Field key="totp" label="Code of the authenticator app" place="/totp" name="totp" inputMode="numeric" autoComplete="one-time-code" autoFocus hint="The six digits that it shows." />}
      <button type="button" className="link" onClick={() => setRecovery(!recovery)}>{recovery ? 'Use the app' : 'Use a recovery code'}</button>
    </>
  );
}

/** Gives what was entered in a CodeField, as a request has it. */
export function codeIn(values: FormData): {totp: string} | {recovery_code: string} {
  return values.has('recovery_code') ? {recovery_code: entered(values, 'recovery_code').toUpperCase()} : {totp: entered(values, 'totp').replaceAll(' ', '')};
}

const password = (values: FormData): string => String(values.get('password'));

const PasswordField = () => <Field label="Password, once more" place="/current_password" name="password" type="password" autoComplete="current-password" />;

/** Tells whether there is a second factor, and leads through taking one and giving it up. */
function SecondFactor() {
  const factor = useLoaded(useCallback((signal: AbortSignal) => client.getSecondFactor({signal}), []));
  const [codes, setCodes] = useState<string[]>();
  const [asked, setAsked] = useState<'set up' | 'replace' | 'turn off'>();
  const done = (kept?: string[]): void => {
    setAsked(undefined);
    setCodes(kept);
    factor.reload();
  };
  if (codes) return <RecoveryCodes codes={codes} done={() => setCodes(undefined)} />;
  if (!factor.data) return factor.failure ? <Notice failure={factor.failure} retry={factor.reload} /> : <p role="status">One moment…</p>;
  const {enabled, confirmed_at, recovery_codes_left} = factor.data;
  const back = <button type="button" className="link" onClick={() => setAsked(undefined)}>Leave it</button>;
  switch (asked) {
    case 'set up': return <><Enrolment done={done} />{back}</>;
    case 'replace': return (
      <>
        <Form
          submit="Make new codes" fields={['/current_password', '/totp']}
          send={(values) => client.replaceRecoveryCodes({body: {current_password: password(values), totp: entered(values, 'totp')}})}
          done={({recovery_codes}) => done(recovery_codes)}
        >
          <PasswordField />
          <Field label="Code of the authenticator app" place="/totp" name="totp" inputMode="numeric" autoComplete="one-time-code" />
        </Form>
        {back}
      </>
    );
    case 'turn off': return (
      <>
        <Form
          submit="Turn it off" fields={['/current_password', '/totp', '/recovery_code']} done={() => done()}
          send={(values) => client.disableSecondFactor({body: {current_password: password(values), ...codeIn(values)}})}
        >
          <PasswordField />
          <CodeField />
        </Form>
        {back}
      </>
    );
    default: return enabled ? (
      <>
        <p><span className="status paid">on</span>{confirmed_at && <> <span className="quiet">since {time(confirmed_at)}</span></>}</p>
        <p className={recovery_codes_left < 3 ? 'error' : 'quiet'}>{recovery_codes_left} recovery codes are left.</p>
        <div className="row start">
          <button type="button" onClick={() => setAsked('replace')}>New recovery codes…</button>
          <button type="button" onClick={() => setAsked('turn off')}>Turn it off…</button>
        </div>
      </>
    ) : (
      <>
        <p className="quiet">With a second factor, nobody logs in with your password alone: an app on your phone shows a code that is asked for as well.</p>
        <button type="button" onClick={() => setAsked('set up')}>Set it up…</button>
      </>
    );
  }
}

/** Makes a secret, shows it to the app, and asks for the first code. */
function Enrolment({done}: {done: (codes: string[]) => void}) {
  const [secret, setSecret] = useState<Schemas['SecondFactorSecret']>();
  if (!secret) {
    return (
      <Form submit="Go on" fields={['/current_password']} done={setSecret} send={(values) => client.enrolSecondFactor({body: {current_password: password(values)}})}>
        <PasswordField />
      </Form>
    );
  }
  return (
    <>
      <p>Scan this with your authenticator app, or <a href={secret.uri}>open it</a> there.</p>
      <img className="qr" src={secret.qr_code} alt="The secret as a QR code" />
      <p className="quiet">Or type in <code className="secret">{secret.secret.match(/.{4}/g)?.join(' ')}</code></p>
      <Form
        submit="Turn it on" fields={['/totp']} send={(values) => client.confirmSecondFactor({body: {totp: entered(values, 'totp')}})}
        done={({recovery_codes}) => done(recovery_codes)}
      >
        <Field label="The code that it shows" place="/totp" name="totp" inputMode="numeric" autoComplete="one-time-code" autoFocus />
      </Form>
    </>
  );
}

/** Shows recovery codes, which are never shown again. */
function RecoveryCodes({codes, done}: {codes: string[]; done: () => void}) {
  const [copied, setCopied] = useState<ReactNode>();
  return (
    <>
      <p><strong>Keep these codes where you will find them without your phone.</strong> Each lets you log in once in place of the app. They are not shown again.</p>
      <ol className="codes" aria-label="Recovery codes">{codes.map((code) => <li key={code}><code>{code}</code></li>)}</ol>
      <div className="row start">
        <button type="button" onClick={() => void navigator.clipboard.writeText(codes.join('\n')).then(() => setCopied('Copied.'), () => setCopied('The browser does not let them be copied.'))}>Copy them</button>
        <button type="button" className="primary" onClick={done}>I have kept them</button>
        <span role="status">{copied}</span>
      </div>
    </>
  );
}

function Password() {
  const [round, setRound] = useState(0);
  return (
    <>
      <Form
        key={round} submit="Change it" fields={['/current_password', '/new_password']} done={() => setRound(round + 1)}
        send={(values) => client.changePassword({body: {current_password: String(values.get('current')), new_password: String(values.get('new'))}})}
      >
        <Field label="Present password" place="/current_password" name="current" type="password" autoComplete="current-password" />
        <Field label="New password" place="/new_password" name="new" type="password" autoComplete="new-password" hint="15 characters or more, such as four words." />
      </Form>
      <p role="status" className="quiet">{round > 0 && 'It is changed, and every other session has ended.'}</p>
    </>
  );
}

/** Reads the change of address that waits; null where none does. */
async function waitingChange(signal: AbortSignal): Promise<Outcome<Schemas['EmailChange'] | null>> {
  const outcome = await client.getEmailChange({signal});
  return !outcome.ok && outcome.problem.code === 'email_change_not_found' ? {ok: true, data: null} : outcome;
}

/** Asks for another address; the mail that is sent there makes it the account's, unless another is asked for or it is withdrawn. */
function EmailAddress() {
  const change = useLoaded(waitingChange);
  const [failed, setFailed] = useState<Outcome<unknown>>();
  const withdraw = (): void => void client.cancelEmailChange().then((outcome) => {
    setFailed(outcome);
    change.reload();
  });
  return (
    <>
      {change.data && (
        <>
          <p role="status">A mail to {change.data.email} is on its way: its link makes the change until {time(change.data.expires_at)}.</p>
          <button type="button" onClick={withdraw}>Withdraw it</button>
        </>
      )}
      {change.failure && <Notice failure={change.failure} retry={change.reload} />}
      {failed && !failed.ok && <Notice failure={failed} />}
      <Form
        submit="Change it" fields={['/email', '/current_password']} done={change.put}
        send={(values) => client.requestEmailChange({body: {email: entered(values, 'email'), current_password: password(values)}})}
      >
        <Field label="New address" place="/email" name="email" type="email" autoComplete="email" />
        <PasswordField />
      </Form>
    </>
  );
}

function Sessions() {
  const list = usePages(useCallback((cursor: string | undefined, signal: AbortSignal) => client.listSessions({query: {limit: 10, ...(cursor === undefined ? {} : {cursor})}, signal}), []));
  const [failed, setFailed] = useState<Outcome<unknown>>();
  const end = (ended: Promise<Outcome<unknown>>): void => void ended.then((outcome) => {
    setFailed(outcome);
    list.reload();
  });
  return (
    <>
      <ul className="lines plain" aria-busy={list.loading}>
        {list.items.map((session) => (
          <li key={session.id}>
            <span>
              <span>{session.user_agent || 'A program without a name'} {session.current && <span className="status paid">this one</span>}</span>
              <small>from {session.address} · since {time(session.created_at)} · last used {time(session.last_used_at)}</small>
            </span>
            {!session.current && <button type="button" onClick={() => end(client.revokeSession({path: {sessionId: session.id}}))}>End it</button>}
          </li>
        ))}
      </ul>
      {list.failure && <Notice failure={list.failure} retry={list.next} />}
      {failed && !failed.ok && <Notice failure={failed} />}
      {list.more && !list.failure && <button type="button" disabled={list.loading} onClick={list.next}>Show more</button>}
      {list.items.length > 1 && <button type="button" onClick={() => end(client.revokeOtherSessions())}>End all others</button>}
    </>
  );
}
