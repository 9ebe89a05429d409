// The account of whoever is signed in: who they are, what was done with it, taking the data along, and leaving.
import type {Schemas} from '@plumbline/client';
import {useCallback, useState} from 'react';
import {client, usePages, type Outcome} from './api';
import {entered, Field, Form, Notice} from './form';
import {time} from './format';
import {Part} from './Part';
import {Link} from './router';
import {useProfile, useSession} from './session';

/** The page. */
export function ProfilePage() {
  const profile = useProfile()!;
  return (
    <>
      <div className="bar"><h1>Your account</h1><Link href="/security">Password, second factor and sessions</Link></div>
      {profile.deletes_at && <Leaving at={profile.deletes_at} />}
      <div className="columns">
        <Part title="You"><Details profile={profile} /></Part>
        <Part title="Your data"><Export /></Part>
        {!profile.deletes_at && <Part title="Leave"><Leave /></Part>}
      </div>
      <Part title="What was done"><Activity /></Part>
    </>
  );
}

function Details({profile}: {profile: Schemas['Profile']}) {
  const session = useSession();
  const [saved, setSaved] = useState(false);
  return (
    <>
      <Address profile={profile} />
      <Form
        submit="Save" fields={['/name', '/phone']}
        send={(values) => {
          setSaved(false);
          return client.updateProfile({body: {name: entered(values, 'name'), phone: entered(values, 'phone') || null}});
        }}
        done={(changed) => {
          session.put(changed);
          setSaved(true);
        }}
      >
        <Field label="Name" place="/name" name="name" autoComplete="name" defaultValue={profile.name} />
        <Field label="Phone number" place="/phone" name="phone" type="tel" autoComplete="tel" defaultValue={profile.phone} hint="With the code of the country, as in +4930123456." />
      </Form>
      <p role="status" className="quiet">{saved && 'Saved.'}</p>
    </>
  );
}

/** The e-mail address, and another verification mail as long as it is not verified. */
function Address({profile}: {profile: Schemas['Profile']}) {
  const [sent, setSent] = useState<Outcome<Schemas['EmailVerification']>>();
  return (
    <>
      <p>{profile.email} <span className={profile.email_verified ? 'status paid' : 'status pending'}>{profile.email_verified ? 'verified' : 'not verified'}</span></p>
      {!profile.email_verified && !sent?.ok && (
        <button type="button" onClick={() => void client.requestEmailVerification().then(setSent)}>Send me the mail again</button>
      )}
      {sent?.ok && <p role="status">{sent.data.mailed_at ? `A mail is on its way since ${time(sent.data.mailed_at)}: follow its link.` : 'Your address is verified.'}</p>}
      {sent && !sent.ok && <Notice failure={sent} />}
    </>
  );
}

function Export() {
  return (
    <>
      <p className="quiet">Everything that is held of you, as a file: the account, its sessions, what was done with it, and your orders.</p>
      <Form
        submit="Download" fields={['/current_password']} send={(values) => everything(String(values.get('password')))}
        done={(data) => download('plumbline.json', JSON.stringify(data, null, 2))}
      >
        <Field label="Password, once more" place="/current_password" name="password" type="password" autoComplete="current-password" />
      </Form>
    </>
  );
}

/** Gathers what both services hold: the users service's export with the rest of the activity, and the orders. */
async function everything(password: string): Promise<Outcome<{account: Schemas['OwnData']; orders: Schemas['Order'][]}>> {
  const account = await client.exportOwnData({body: {current_password: password}});
  if (!account.ok) return account;
  const {activity} = account.data;
  while (activity.next_cursor !== null) {
    const page = await client.listActivity({query: {cursor: activity.next_cursor, limit: 100}});
    if (!page.ok) return page;
    activity.items.push(...page.data.items);
    activity.next_cursor = page.data.next_cursor;
  }
  const orders: Schemas['Order'][] = [];
  for (let cursor: string | undefined; ;) {
    const page = await client.listOrders({query: cursor === undefined ? {limit: 100} : {cursor, limit: 100}});
    if (!page.ok) return page;
    orders.push(...page.data.items);
    if (page.data.next_cursor === null) return {ok: true, data: {account: account.data, orders}};
    cursor = page.data.next_cursor;
  }
}

function download(name: string, text: string): void {
  const link = document.createElement('a');
  link.href = URL.createObjectURL(new Blob([text], {type: 'application/json'}));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href)); // Once the browser has taken it.
}

function Leave() {
  const session = useSession();
  const [sure, setSure] = useState(false);
  if (!sure) return <button type="button" onClick={() => setSure(true)}>Delete the account…</button>;
  return (
    <>
      <p className="quiet">The account is deleted in some days, with everything in it; until then you can keep it. Orders stay with the shop, without your name.</p>
      <Form
        submit="Delete the account" fields={['/current_password']} done={() => session.reload()}
        send={(values) => client.requestDeletion({body: {current_password: String(values.get('password'))}})}
      >
        <Field label="Password, once more" place="/current_password" name="password" type="password" autoComplete="current-password" autoFocus />
      </Form>
    </>
  );
}

function Leaving({at}: {at: string}) {
  const session = useSession();
  const [failed, setFailed] = useState<Outcome<unknown>>();
  const keep = (): void => void client.cancelDeletion().then((outcome) => {
    setFailed(outcome);
    if (outcome.ok) session.reload();
  });
  return (
    <div className="notice">
      <p role="status"><strong>The account is going to be deleted on {time(at)}.</strong></p>
      <button type="button" className="primary" onClick={keep}>Keep the account</button>
      {failed && !failed.ok && <Notice failure={failed} retry={keep} />}
    </div>
  );
}

/** What people call it; what is not here shows by its name. */
const actions: Record<string, string> = {
  'user.create': 'Account opened', 'session.start': 'Logged in', 'session.end': 'Logged out', 'session.refresh': 'Session went on',
  'session.revoke': 'Session ended', 'session.revoke_others': 'Other sessions ended', 'user.revoke_sessions': 'Sessions ended', 'email.verify': 'E-mail address verified',
  'email.request_verification': 'Verification mail asked for', 'profile.update': 'Profile changed', 'profile.change_password': 'Password changed',
  'profile.reset_password': 'Password reset', 'profile.export': 'Data exported', 'profile.request_deletion': 'Deletion asked for', 'profile.cancel_deletion': 'Account kept',
  'profile.request_email_change': 'Another address asked for', 'profile.cancel_email_change': 'Change of address withdrawn',
  'session.answer_challenge': 'Logged in', 'second_factor.enrol': 'Second factor begun', 'second_factor.confirm': 'Second factor turned on',
  'second_factor.disable': 'Second factor turned off', 'second_factor.remove': 'Second factor taken off', 'second_factor.replace_recovery_codes': 'New recovery codes',
  'user.set_roles': 'Roles changed', 'user.disable': 'Account disabled', 'user.enable': 'Account enabled',
  'user.create_admin': 'Made an administrator',
};

const doers: Record<string, string> = {owner: 'you', other: 'the shop', nobody: 'somebody not logged in'};

function Activity() {
  const list = usePages(useCallback((cursor: string | undefined, signal: AbortSignal) => client.listActivity({query: {limit: 10, ...(cursor === undefined ? {} : {cursor})}, signal}), []));
  return (
    <>
      <ul className="lines plain" aria-busy={list.loading}>
        {list.items.map((entry) => (
          <li key={entry.id}>
            <span>
              <span>{actions[entry.action] ?? entry.action}{entry.outcome !== 'success' && <> <span className="error">· refused: {entry.outcome}</span></>}</span>
              <small>{time(entry.occurred_at)} · by {doers[entry.by] ?? entry.by}{entry.address && <> · from {entry.address}</>}</small>
            </span>
          </li>
        ))}
      </ul>
      {list.failure && <Notice failure={list.failure} retry={list.next} />}
      {list.more && !list.failure && <button type="button" disabled={list.loading} onClick={list.next}>Show more</button>}
    </>
  );
}
