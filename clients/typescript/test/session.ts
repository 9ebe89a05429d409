import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createClient, unwrap, type AnyProblem} from '../src/index.js';
import {arrange, Clock, signedIn, signIn} from './arrange.js';
import {refusal} from './way.js';

const minutes = 60_000;

test('many calls at once renew the token once, before it expires', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  const first = client.session.tokens;
  clock.pass(5 * minutes);
  const results = await Promise.all(Array.from({length: 20}, () => client.getProfile()));
  assert.ok(results.every((r) => r.ok));
  assert.equal(way.of('POST', '/refresh').length, 1);
  assert.notEqual(client.session.tokens?.access, first?.access);
  assert.notEqual(client.session.tokens?.refresh, first?.refresh);
  assert.equal(new Set(way.of('GET', '/profile').map((p) => p.headers.authorization)).size, 1);
});

test('a token that is refused is renewed once, and the calls are sent again', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  way.meets('GET', '/profile', ...Array.from({length: 5}, () => ({kind: 'spoil token' as const})));
  const results = await Promise.all(Array.from({length: 5}, () => client.getProfile()));
  assert.ok(results.every((r) => r.ok));
  assert.equal(way.of('POST', '/refresh').length, 1);
  assert.deepEqual(way.of('GET', '/profile').map((p) => p.status).sort(), [200, 200, 200, 200, 200, 401, 401, 401, 401, 401]);
});

test('a renewed token that is refused too is the result', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  way.meets('GET', '/profile', {kind: 'spoil token'}, {kind: 'spoil token'});
  const refused = await client.getProfile();
  assert.ok(!refused.ok && refused.problem.code === 'unauthenticated');
  assert.equal(way.of('POST', '/refresh').length, 1);
  assert.equal(client.session.state, 'signed_in');
});

test('a renewal whose answer is lost is repeated with the same token', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  clock.pass(5 * minutes);
  way.meets('POST', '/refresh', {kind: 'lose answer'});
  assert.ok((await client.getProfile()).ok);
  assert.deepEqual(way.of('POST', '/refresh').map((p) => p.status), [200, 200]);
});

test('a session that was ended elsewhere ends here, with a word of it', async (t) => {
  const ended: (AnyProblem | undefined)[] = [];
  const states: string[] = [];
  const {client, way} = await signedIn(t, 'customer2', {onSessionEnd: (problem) => ended.push(problem)});
  client.session.subscribe(() => states.push(client.session.state));
  const other = await signedIn(t, 'customer2');
  unwrap(await other.client.revokeOtherSessions());

  const results = await Promise.all([client.getProfile(), client.listSessions(), client.getProfile()]);
  for (const r of results) assert.ok(!r.ok && r.problem.code === 'unauthenticated');
  assert.deepEqual(ended.map((problem) => problem?.code), ['invalid_refresh_token']);
  assert.deepEqual(states, ['signed_out']);
  assert.equal(way.of('POST', '/refresh').length, 1);
  await client.getProfile();
  assert.equal(way.of('POST', '/refresh').length, 1, 'there is nothing left to renew');
});

test('a renewal that fails for now ends nothing', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now, attempts: 1, onSessionEnd: () => assert.fail('it has not ended')});
  clock.pass(5 * minutes);
  way.meets('POST', '/refresh', refusal(503, 'unavailable', {'Retry-After': '1'}));
  const failed = await client.getProfile();
  assert.ok(!failed.ok && failed.problem.code === 'refresh_failed');
  assert.equal((failed.problem.cause as AnyProblem).code, 'unavailable');
  way.meets('POST', '/refresh', {kind: 'lose request'});
  const lost = await client.getProfile();
  assert.ok(!lost.ok && lost.problem.code === 'unreachable');
  assert.ok((await client.getProfile()).ok);
});

test('whoever waits for a renewal can leave, and the renewal goes on', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  clock.pass(5 * minutes);
  let release = (): void => {};
  way.meets('POST', '/refresh', {kind: 'hold answer', until: new Promise((resolve) => (release = resolve))});
  const leaving = new AbortController();
  const left = client.getProfile({signal: leaving.signal});
  const late = client.getProfile({timeout: 50});
  const stays = client.getProfile();
  leaving.abort();
  const [a, b] = [await left, await late];
  assert.ok(!a.ok && a.problem.code === 'aborted');
  assert.ok(!b.ok && b.problem.code === 'timed_out');
  release();
  assert.ok((await stays).ok);
  assert.equal(way.of('POST', '/refresh').length, 1);
});

test('signing out ends the session there and forgets it here, whatever becomes of the call', async (t) => {
  const {client, way} = await signedIn(t, 'customer', {onSessionEnd: () => assert.fail('this page ended it itself')});
  const {tokens} = client.session;
  assert.ok(tokens);
  assert.equal((await client.endSession()).status, 204);
  assert.equal(client.session.state, 'signed_out');
  assert.equal(client.session.tokens, undefined);
  const unknown = await client.getProfile();
  assert.ok(!unknown.ok && unknown.problem.code === 'unauthenticated');
  assert.equal(way.of('GET', '/profile')[0]?.headers.authorization, undefined);

  const later = await arrange(t, {attempts: 1});
  later.client.session.restore(tokens);
  const over = await later.client.getProfile();
  assert.ok(!over.ok && over.problem.code === 'unauthenticated');

  await signIn(client, 'customer');
  way.meets('POST', '/logout', {kind: 'lose request'});
  assert.ok(!(await client.endSession()).ok);
  assert.equal(client.session.state, 'signed_out');
});

test('a session is taken up from tokens that were kept', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const {tokens} = client.session;
  assert.ok(tokens);
  const later = createClient({baseUrl: way.address});
  assert.equal(await later.session.resume(), false);
  later.session.restore({...tokens, expires: 0});
  assert.equal(await later.session.resume(), true);
  assert.ok((await later.getProfile()).ok);
  assert.equal(way.of('POST', '/refresh').length, 1);
});

test('a sign-in while a renewal is on its way is what counts', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  clock.pass(5 * minutes);
  let release = (): void => {};
  way.meets('POST', '/refresh', {kind: 'hold answer', until: new Promise((resolve) => (release = resolve))});
  const call = client.getProfile();
  await signIn(client, 'staff');
  release();
  assert.equal(unwrap(await call).email, 'staff@plumbline.test');
  assert.equal(unwrap(await client.getProfile()).email, 'staff@plumbline.test');
});
