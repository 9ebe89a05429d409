// What people do with their accounts.
import assert from 'node:assert/strict';
import {createHmac} from 'node:crypto';
import {readFile} from 'node:fs/promises';
import {test, type TestContext} from 'node:test';
import {createClient, unwrap, type Schemas} from '@plumbline/client';
import type {Page} from 'playwright-core';
import {address, fill, orderShown, patience, product, shown, visit} from './site';

/** The password of everybody here. */
const secret = 'three old brass plummets';
let people = 0;

/** Opens an account and gives its e-mail address and a window in which it is signed in. */
async function newcomer(t: TestContext): Promise<{email: string; page: Page}> {
  const email = `newcomer${++people}@plumbline.test`;
  unwrap(await createClient({baseUrl: address}).createUserV2({body: {email, name: 'Grace', password: secret}}));
  const page = await visit(t);
  await page.goto('/login?to=/account');
  await logInAs(page, email, secret);
  await page.getByRole('heading', {name: 'Your account'}).waitFor();
  return {email, page};
}

async function logInAs(page: Page, email: string, password: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(email);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Log in'}).click();
  await page.getByRole('button', {name: 'Log out'}).waitFor();
}

/** Waits for the newest mail to an address whose link leads to a page, and gives the link's path with the token. */
async function linkTo(path: string, email: string): Promise<string> {
  for (const end = Date.now() + patience.timeout; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 100))) {
    const {mails} = await (await fetch(`${address}/dev/v1/mails?to=${encodeURIComponent(email)}`)).json() as {mails: {text: string}[]};
    for (const {text} of mails) {
      const link = /https?:\/\/\S+#token=\S+/.exec(text)?.[0];
      if (link && new URL(link).pathname === path) return path + new URL(link).hash;
    }
  }
  throw new Error(`no mail to ${email} leads to ${path}`);
}

test('the link of a mail verifies the address, once', patience, async (t) => {
  const {email, page} = await newcomer(t);
  await shown(page, 'not verified');
  await page.getByRole('button', {name: 'Send me the mail again'}).click();
  await shown(page, 'A mail is on its way');
  const link = await linkTo('/verify-email', email);
  await page.goto(link);
  await page.getByRole('button', {name: 'Verify it'}).click();
  await shown(page, 'It is verified.');
  assert.equal(new URL(page.url()).hash, '', 'the token is not left in the address');
  await page.getByRole('link', {name: 'Grace'}).click();
  await page.getByText('verified', {exact: true}).waitFor();
  await page.goto('/');
  await page.goto(link);
  await page.getByRole('button', {name: 'Verify it'}).click();
  await page.getByRole('alert').getByText('invalid_mail_token').waitFor();
});

test('a forgotten password is chosen anew, which ends every session', patience, async (t) => {
  const {email, page} = await newcomer(t);
  const elsewhere = await visit(t);
  await elsewhere.goto('/login');
  await elsewhere.getByRole('link', {name: 'Forgotten the password?'}).click();
  await elsewhere.getByLabel('E-mail address').fill(email);
  await elsewhere.getByRole('button', {name: 'Send me a link'}).click();
  await shown(elsewhere, `If there is an account for ${email}`);
  const link = await linkTo('/reset-password', email);
  await elsewhere.goto(link);
  await elsewhere.getByRole('textbox', {name: 'New password'}).fill('short');
  await elsewhere.getByRole('button', {name: 'Change the password'}).click();
  await elsewhere.locator('[aria-invalid=true]').waitFor();
  await elsewhere.getByRole('textbox', {name: 'New password'}).fill('four new brass plummets');
  await elsewhere.getByRole('button', {name: 'Change the password'}).click();
  await shown(elsewhere, 'The password is changed');
  await elsewhere.getByRole('link', {name: 'Log in', exact: true}).first().click();
  await logInAs(elsewhere, email, 'four new brass plummets');
  await page.reload();
  await page.waitForURL(/\/login/);
  await elsewhere.goto(link);
  await elsewhere.getByRole('textbox', {name: 'New password'}).fill('five new brass plummets');
  await elsewhere.getByRole('button', {name: 'Change the password'}).click();
  await elsewhere.getByRole('alert').getByText('The link is not good any more.').waitFor();
});

test('name and phone number are changed, and what is wrong with them is at their fields', patience, async (t) => {
  const {page} = await newcomer(t);
  await page.getByLabel('Phone number').fill('call me');
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByLabel('Phone number').and(page.locator('[aria-invalid=true]')).waitFor();
  await page.getByLabel('Phone number').fill('+442079460000');
  await page.getByLabel('Name').fill('Grace Hopper');
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByText('Saved.').waitFor();
  await page.getByRole('link', {name: 'Grace Hopper'}).waitFor();
  await page.reload();
  await page.getByRole('heading', {name: 'Your account'}).waitFor();
  assert.equal(await page.getByLabel('Phone number').inputValue(), '+442079460000');
  await shown(page, 'Profile changed');
});

test('all that is held is downloaded as a file', patience, async (t) => {
  const {email, page} = await newcomer(t);
  await fill(page, await product(5));
  await page.getByRole('button', {name: /^Order for/}).click();
  const id = await orderShown(page);
  await page.getByRole('link', {name: 'Grace'}).click();
  const part = page.getByRole('region', {name: 'Your data'});
  await part.getByLabel('Password').fill('not the password');
  await part.getByRole('button', {name: 'Download'}).click();
  await part.getByRole('alert').getByText('wrong_password').waitFor();
  await part.getByLabel('Password').fill(secret);
  const [file] = await Promise.all([page.waitForEvent('download'), part.getByRole('button', {name: 'Download'}).click()]);
  const held = JSON.parse(await readFile(await file.path(), 'utf8')) as {account: Schemas['OwnData']; orders: Schemas['Order'][]};
  assert.equal(file.suggestedFilename(), 'plumbline.json');
  assert.equal(held.account.profile.email, email);
  assert.equal(held.account.sessions.length, 1);
  assert.ok(held.account.activity.items.some((entry) => entry.action === 'user.create'));
  assert.deepEqual(held.orders.map((order) => order.id), [id]);
});

test('an account that is to be deleted can be kept', patience, async (t) => {
  const {page} = await newcomer(t);
  await page.getByRole('button', {name: 'Delete the account…'}).click();
  const leave = page.getByRole('region', {name: 'Leave'});
  await leave.getByLabel('Password').fill('not the password');
  await leave.getByRole('button', {name: 'Delete the account'}).click();
  await leave.getByRole('alert').getByText('wrong_password').waitFor();
  await leave.getByLabel('Password').fill(secret);
  await leave.getByRole('button', {name: 'Delete the account'}).click();
  await shown(page, 'The account is going to be deleted on');
  await page.reload();
  await page.getByRole('button', {name: 'Keep the account'}).click();
  await page.getByRole('button', {name: 'Delete the account…'}).waitFor();
  await page.reload();
  await page.getByRole('button', {name: 'Delete the account…'}).waitFor();
  assert.equal(await page.getByRole('button', {name: 'Keep the account'}).count(), 0);
});

/** The code of an authenticator app that has the secret, so many steps from now (RFC 6238). */
function codeOf(secret: string, steps = 0): string {
  const bits = [...secret].map((letter) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(letter).toString(2).padStart(5, '0')).join('');
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)))).update(counter).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

test('a second factor is set up, asked for at the login, and turned off', patience, async (t) => {
  const {email, page} = await newcomer(t);
  await page.getByRole('link', {name: 'Password, second factor and sessions'}).click();
  const part = page.getByRole('region', {name: 'Second factor'});
  await part.getByRole('button', {name: 'Set it up…'}).click();
  await part.getByLabel('Password').fill(secret);
  await part.getByRole('button', {name: 'Go on'}).click();
  await part.getByRole('alert').getByText('email_unverified').waitFor();
  await page.goto(await linkTo('/verify-email', email));
  await page.getByRole('button', {name: 'Verify it'}).click();
  await shown(page, 'It is verified.');
  await page.goto('/security');
  await part.getByRole('button', {name: 'Set it up…'}).click();
  await part.getByLabel('Password').fill(secret);
  await part.getByRole('button', {name: 'Go on'}).click();
  const picture = part.getByRole('img', {name: 'The secret as a QR code'});
  await picture.waitFor();
  assert.ok(await picture.evaluate((image: HTMLImageElement) => image.naturalWidth) > 100);
  const key = (await part.locator('.secret').innerText()).replaceAll(' ', '');
  await part.getByLabel('The code that it shows').fill('000000');
  await part.getByRole('button', {name: 'Turn it on'}).click();
  await part.getByRole('alert').getByText('invalid_code').waitFor();
  await part.getByLabel('The code that it shows').fill(codeOf(key, -1));
  await part.getByRole('button', {name: 'Turn it on'}).click();
  await part.getByRole('button', {name: 'I have kept them'}).waitFor();
  const codes = await part.getByRole('list', {name: 'Recovery codes'}).getByRole('listitem').allInnerTexts();
  assert.equal(codes.length, 10);
  await part.getByRole('button', {name: 'I have kept them'}).click();
  await part.getByText('10 recovery codes are left.').waitFor();

  const elsewhere = await visit(t);
  const enter = async (): Promise<void> => {
    await elsewhere.goto('/login?to=/security');
    await elsewhere.getByLabel('E-mail address').fill(email);
    await elsewhere.getByLabel('Password').fill(secret);
    await elsewhere.getByRole('button', {name: 'Log in'}).click();
    await elsewhere.getByRole('heading', {name: 'One more step'}).waitFor();
  };
  await enter();
  await elsewhere.getByLabel('Code of the authenticator app').fill('12');
  await elsewhere.getByRole('button', {name: 'Log in'}).click();
  await elsewhere.locator('[aria-invalid=true]').waitFor();
  await elsewhere.getByLabel('Code of the authenticator app').fill(codeOf(key));
  await elsewhere.getByRole('button', {name: 'Log in'}).click();
  await elsewhere.getByRole('heading', {name: 'Security'}).waitFor();

  await elsewhere.getByRole('button', {name: 'Log out'}).click();
  await elsewhere.getByRole('link', {name: 'Log in'}).waitFor();
  await enter();
  await elsewhere.getByRole('button', {name: 'Use a recovery code'}).click();
  await elsewhere.getByLabel('Recovery code').fill(codes[0]!.toLowerCase());
  await elsewhere.getByRole('button', {name: 'Log in'}).click();
  await shown(elsewhere, '9 recovery codes are left.');

  await page.reload();
  await part.getByRole('button', {name: 'Turn it off…'}).click();
  await part.getByLabel('Password').fill(secret);
  await part.getByRole('button', {name: 'Use a recovery code'}).click();
  await part.getByLabel('Recovery code').fill(codes[1]!);
  await part.getByRole('button', {name: 'Turn it off'}).click();
  await part.getByRole('button', {name: 'Set it up…'}).waitFor();
});

test('sessions are seen, and ended one by one or all others at once', patience, async (t) => {
  const {email, page} = await newcomer(t);
  const others = [await visit(t), await visit(t)];
  for (const other of others) {
    await other.goto('/login?to=/security');
    await logInAs(other, email, secret);
    await other.getByRole('heading', {name: 'Security'}).waitFor();
  }
  await page.goto('/security');
  const part = page.getByRole('region', {name: 'Sessions'});
  await part.getByRole('button', {name: 'End it'}).first().waitFor();
  assert.equal(await part.getByRole('listitem').count(), 3);
  assert.equal(await part.getByText('this one').count(), 1);
  await part.getByRole('button', {name: 'End it'}).first().click();
  await page.waitForFunction(() => document.querySelectorAll('.lines > li').length === 2);
  await others[1]!.reload();
  await others[1]!.waitForURL(/\/login/);
  await others[0]!.reload();
  await others[0]!.getByRole('heading', {name: 'Security'}).waitFor();
  await part.getByRole('button', {name: 'End all others'}).click();
  await page.waitForFunction(() => document.querySelectorAll('.lines > li').length === 1);
  await others[0]!.reload();
  await others[0]!.waitForURL(/\/login/);
});

test('the password is changed, and what is wrong is at its field', patience, async (t) => {
  const {email, page} = await newcomer(t);
  await page.goto('/security');
  const part = page.getByRole('region', {name: 'Password'});
  const change = async (present: string, wanted: string): Promise<void> => {
    await part.getByLabel('Present password').fill(present);
    await part.getByLabel('New password').fill(wanted);
    await part.getByRole('button', {name: 'Change it'}).click();
  };
  await change(secret, 'short');
  await part.getByLabel('New password').and(page.locator('[aria-invalid=true]')).waitFor();
  await change('not the password', 'four new brass plummets');
  await part.getByRole('alert').getByText('wrong_password').waitFor();
  await change(secret, 'four new brass plummets');
  await part.getByText('It is changed').waitFor();
  await page.getByRole('button', {name: 'Log out'}).click();
  await page.getByRole('link', {name: 'Log in'}).click();
  await logInAs(page, email, 'four new brass plummets');
});

test('another e-mail address is asked for, and its mail makes the change', patience, async (t) => {
  const {email, page} = await newcomer(t);
  await page.goto('/security');
  const part = page.getByRole('region', {name: 'E-mail address'});
  const ask = async (wanted: string): Promise<void> => {
    await part.getByLabel('New address').fill(wanted);
    await part.getByLabel('Password').fill(secret);
    await part.getByRole('button', {name: 'Change it'}).click();
  };
  await ask('nobody');
  await part.getByLabel('New address').and(page.locator('[aria-invalid=true]')).waitFor();
  await ask(`moved.${email}`);
  await part.getByText(`A mail to moved.${email} is on its way`).waitFor();
  await part.getByRole('button', {name: 'Withdraw it'}).click();
  await part.getByRole('button', {name: 'Withdraw it'}).waitFor({state: 'detached'});
  await ask(`typo.${email}`);
  await part.getByText(`A mail to typo.${email} is on its way`).waitFor();
  await ask(`moved.${email}`);
  await part.getByText(`A mail to moved.${email} is on its way`).waitFor();
  await page.goto(await linkTo('/confirm-email-change', `moved.${email}`));
  await page.getByRole('button', {name: 'Change to it'}).click();
  await shown(page, "It is your account's now.");
  await page.goto('/account');
  await shown(page, `moved.${email}`);
  await page.getByRole('button', {name: 'Log out'}).click();
  await page.getByRole('link', {name: 'Log in'}).click();
  await logInAs(page, `moved.${email}`, secret);
});
