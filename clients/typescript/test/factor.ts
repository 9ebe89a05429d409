import assert from 'node:assert/strict';
import {createHmac, randomUUID} from 'node:crypto';
import {test} from 'node:test';
import {unwrap, type Schemas} from '../src/index.js';
import {arrange} from './arrange.js';
import {password, program} from './program.js';

/** The code of an authenticator app that has the secret, so many steps from now (RFC 6238). */
function code(secret: string, steps = 0): string {
  const bits = [...secret].map((c) => 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'.indexOf(c).toString(2).padStart(5, '0')).join('');
  const key = Buffer.from(bits.match(/.{8}/g)!.map((byte) => parseInt(byte, 2)));
  const counter = Buffer.alloc(8);
  counter.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps));
  const mac = createHmac('sha1', key).update(counter).digest();
  return String((mac.readUInt32BE(mac[19]! & 15) & 0x7fffffff) % 1_000_000).padStart(6, '0');
}

/** Waits for a mail to an address and gives the token of its link. */
async function tokenTo(email: string): Promise<string> {
  const {address} = await program();
  for (const end = Date.now() + 30_000; Date.now() < end; await new Promise((resolve) => setTimeout(resolve, 50))) {
    const {mails} = await (await fetch(`${address}/dev/v1/mails?to=${encodeURIComponent(email)}`)).json() as {mails: {text: string}[]};
    const token = mails.map(({text}) => /#token=(\S+)/.exec(text)?.[1]).find(Boolean);
    if (token) return token;
  }
  throw new Error(`no mail to ${email} has a link`);
}

test('a login with a second factor is a challenge first, and its answer is the session', async (t) => {
  const {client, way} = await arrange(t);
  const body = {email: `${randomUUID()}@example.com`, password};
  unwrap(await client.createUserV2({body: {...body, name: 'Ada'}}));
  unwrap(await client.startSession({body}));
  const early = await client.enrolSecondFactor({body: {current_password: password}});
  assert.ok(!early.ok && early.problem.code === 'email_unverified');
  unwrap(await client.confirmEmail({body: {token: await tokenTo(body.email)}}));
  const {secret} = unwrap(await client.enrolSecondFactor({body: {current_password: password}}));
  const {recovery_codes: recovery} = unwrap(await client.confirmSecondFactor({body: {totp: code(secret)}}));
  assert.equal(recovery.length, 10);
  unwrap(await client.endSession());

  const states: string[] = [];
  client.session.subscribe(() => states.push(client.session.state));
  const challenged = async (): Promise<Schemas['LoginChallenge']> => {
    const login = await client.startSession({body});
    assert.ok(login.ok && login.status === 202);
    assert.equal(client.session.state, 'signed_out', 'the password alone is no session');
    return login.data;
  };
  const {challenge, methods} = await challenged();
  assert.deepEqual(methods, ['totp', 'recovery_code']);
  const wrong = await client.answerChallenge({body: {challenge, totp: code(secret, 100)}});
  assert.ok(!wrong.ok && wrong.problem.code === 'invalid_code');
  assert.deepEqual(states, []);
  unwrap(await client.answerChallenge({body: {challenge, totp: code(secret, 1)}})); // The one before has confirmed the enrolment.
  assert.deepEqual(states, ['signed_in']);
  assert.equal(unwrap(await client.getProfile()).email, body.email);
  assert.ok(client.session.tokens?.refresh);
  const spent = await client.answerChallenge({body: {challenge, recovery_code: recovery[0]!}});
  assert.ok(!spent.ok && spent.problem.code === 'invalid_challenge');
  assert.equal(client.session.state, 'signed_in');
  assert.equal(way.of('POST', '/refresh').length, 0, 'a refused challenge is no refused token');
  unwrap(await client.endSession());

  unwrap(await client.answerChallenge({body: {challenge: (await challenged()).challenge, recovery_code: recovery[0]!}}));
  assert.equal(unwrap(await client.getSecondFactor()).recovery_codes_left, 9);
});
