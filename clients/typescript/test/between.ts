// What stands between the client and the services answers in their stead, or changes what they say: it is never taken for them.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createClient, ProblemError, unwrap, type AnyProblem, type Options} from '../src/index.js';
import {arrange, Clock, signedIn, signIn, someOrder} from './arrange.js';
import {refusal, type Mishap} from './way.js';

const soon = {timeout: 60_000};
const html = {'Content-Type': 'text/html; charset=utf-8'};
const json = {'Content-Type': 'application/json'};
const page = '<!doctype html><h1>Sign in to the network</h1>';

const answers = (status: number, headers: Record<string, string>, body: string): Mishap => ({kind: 'answer', status, headers, body});

/** What is no answer of a service, whatever was asked for. */
const foreign: Record<string, Mishap> = {
  ...Object.fromEntries([200, 203, 400, 401, 403, 404, 408, 413, 429, 451].map((status) => [`an HTML ${status}`, answers(status, html, page)])),
  'an empty 200': answers(200, {}, ''),
  'an empty 200 of JSON': answers(200, json, ''),
  'a JSON 200 of somebody else': answers(200, json, '{"status":"ok"}'),
  'a list of somebody else': answers(200, json, '[]'),
  'a null': answers(200, json, 'null'),
  'tokens that are none': answers(200, json, '{"access_token":null,"token_type":"Bearer","expires_in":"300"}'),
  'a truncated 200': answers(200, json, '{"access_token":"x","token_type":"Bearer","expi'),
  'a right body as HTML': answers(200, html, '{"access_token":"x","token_type":"Bearer","expires_in":300}'),
  'an unknown success': answers(206, json, '{"access_token":"x","token_type":"Bearer","expires_in":300}'),
  'a JSON 401 of somebody else': answers(401, json, '{"code":"invalid_refresh_token"}'),
  'a problem of somebody else': answers(401, {'Content-Type': 'application/problem+json'}, '{"type":"about:blank","title":"Unauthorized","status":401,"code":"invalid_refresh_token"}'),
  'a truncated problem': answers(401, {'Content-Type': 'application/problem+json'}, '{"type":"/problems/invalid_refresh_token","ti'),
  'the problem of another status': answers(403, {'Content-Type': 'application/problem+json'}, (refusal(401, 'invalid_refresh_token') as {body: string}).body),
};

test('a foreign answer to a renewal ends no session, and the renewal is tried again later', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now, attempts: 1, onSessionEnd: () => assert.fail('it has not ended')});
  clock.pass(5 * 60_000);
  const {tokens} = client.session;
  for (const [name, mishap] of Object.entries(foreign)) {
    way.meets('POST', '/refresh', mishap);
    const failed = await client.getProfile();
    assert.ok(!failed.ok && failed.problem.code === 'refresh_failed', name);
    assert.equal((failed.problem.cause as AnyProblem).code, 'unreadable', name);
    assert.equal(client.session.state, 'signed_in', name);
    assert.deepEqual(client.session.tokens, tokens, name);
  }
  assert.ok((await client.getProfile()).ok);
});

test('a refusal of a renewal that ends no session by its code ends none', async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now, attempts: 1, onSessionEnd: () => assert.fail('it has not ended')});
  clock.pass(5 * 60_000);
  for (const [status, code] of [[403, 'cross_origin_refused'], [413, 'body_too_large'], [500, 'internal'], [404, 'not_found']] as const) {
    way.meets('POST', '/refresh', refusal(status, code));
    const failed = await client.getProfile();
    assert.ok(!failed.ok && failed.problem.code === 'refresh_failed' && (failed.problem.cause as AnyProblem).code === code);
  }
  assert.ok((await client.getProfile()).ok);
});

test('a foreign answer to a login signs nobody in', async (t) => {
  const {client, way} = await arrange(t, {attempts: 1});
  for (const [name, mishap] of Object.entries(foreign)) {
    way.meets('POST', '/login', mishap);
    const failed = await client.startSession({body: {email: 'customer@plumbline.test', password: 'x'}});
    assert.ok(!failed.ok && failed.problem.code === 'unreadable', name);
    assert.equal(client.session.state, 'signed_out', name);
  }
});

test('a foreign answer to any call is a failure, and renews nothing', async (t) => {
  const {client, way} = await signedIn(t, 'customer', {attempts: 1});
  for (const [name, mishap] of Object.entries({...foreign, 'a 204 where there is data': answers(204, {}, '')})) {
    way.meets('GET', '/profile', mishap);
    const failed = await client.getProfile();
    assert.ok(!failed.ok && failed.problem.code === 'unreadable' && failed.problem.status === 0, name);
    assert.equal(failed.status, (mishap as {status: number}).status, name);
  }
  assert.equal(way.of('POST', '/refresh').length, 0);
  way.meets('GET', '/products', answers(200, json, '{"items":{}}'));
  await assert.rejects(async () => {
    for await (const product of client.pages.listProducts()) assert.fail(product.id);
  }, (failure) => failure instanceof ProblemError && failure.problem.code === 'unreadable');
});

test('an answer without data is one only where the document has none', async (t) => {
  const {client, way} = await arrange(t, {attempts: 1});
  const ask = () => client.requestPasswordReset({body: {email: 'nobody@plumbline.test'}});
  const asked = await ask();
  assert.ok(asked.ok && asked.status === 202 && asked.data === undefined);
  for (const mishap of [answers(202, html, page), answers(202, json, '{"status":"queued"}'), answers(200, {}, '')]) {
    way.meets('POST', '/password-reset', mishap);
    const strange = await ask();
    assert.ok(!strange.ok && strange.problem.code === 'unreadable');
  }
});

test('a foreign export is a failure', async (t) => {
  const {client, way} = await signedIn(t, 'staff', {attempts: 1});
  for (const mishap of [answers(200, html, page), answers(200, {}, ''), answers(200, json, '{"items":[],"next_cursor":null}')]) {
    way.meets('GET', '/export', mishap);
    const failed = await client.exportOrders();
    assert.ok(!failed.ok && failed.problem.code === 'unreadable');
  }
});

test('what a service says counts in every form of its header fields', async (t) => {
  const {client, way} = await signedIn(t, 'staff');
  const forms: ((headers: Record<string, string>) => Record<string, string>)[] = [
    (h) => ({...h, 'content-type': 'Application/JSON ; Charset=UTF-8'}),
    (h) => ({...h, ...(h['etag'] ? {etag: `W/${h['etag']}`} : {}), ...(h['location'] ? {location: `http://internal:8081/plumbline${h['location']}?via=proxy`} : {})}),
    (h) => ({...h, ...(h['etag'] ? {etag: h['etag'].replace(/"$/, '-gzip"')} : {}), ...(h['location'] ? {location: `products/${h['location'].split('/').pop()}`} : {})}),
  ];
  for (const form of forms) {
    way.rewrites = form;
    const product = unwrap(await client.createProduct({body: {sku: `TS-${crypto.randomUUID()}`, name: 'A line', price: {amount: 100, currency: 'EUR'}}}));
    const path = {productId: product.id};
    unwrap(await client.updateProduct({path, body: {name: 'Another line'}}));
    const read = await client.getProduct({path});
    unwrap(await client.updateProduct({path, body: {name: 'A third'}, ifMatch: read.response!.headers.get('ETag')!}));
    unwrap(await client.updateProduct({path, body: {name: 'A fourth'}}));
    assert.deepEqual(way.of('PATCH', product.id).map((p) => p.headers['if-match']), ['"1"', '"2"', '"3"']);
  }
  way.rewrites = (h) => ({...h, 'content-type': 'application/problem+JSON;charset=utf-8'});
  const missing = await client.getProduct({path: {productId: '019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77'}});
  assert.ok(!missing.ok && missing.problem.code === 'product_not_found');
});

test('a Location or an ETag that no service wrote is not remembered and fails nothing', async (t) => {
  const {client, way} = await signedIn(t, 'staff');
  for (const location of ['http://[', 'https://proxy.example/', '//']) {
    way.rewrites = (h) => ({...h, location, etag: '"1"'});
    unwrap(await client.createProduct({body: {sku: `TS-${crypto.randomUUID()}`, name: 'A line', price: {amount: 100, currency: 'EUR'}}}));
  }
  way.rewrites = undefined;
  const product = unwrap(await client.createProduct({body: {sku: `TS-${crypto.randomUUID()}`, name: 'A line', price: {amount: 100, currency: 'EUR'}}}));
  way.rewrites = (h) => ({...h, etag: '"5f0c-61a"'});
  unwrap(await client.getProduct({path: {productId: product.id}}));
  way.rewrites = undefined;
  assert.ok((await client.updateProduct({path: {productId: product.id}, body: {name: 'Another'}})).ok, 'the version of its making is still known');
});

test('Retry-After may be a date, by the clock of who wrote it', async (t) => {
  const {client, way} = await arrange(t);
  const date = (ms: number): string => new Date(ms).toUTCString();
  const hour = 3_600_000;
  for (const headers of [{'Retry-After': date(Date.now() + hour)}, {'Retry-After': date(0 + 2 * hour), Date: date(hour)}] as Record<string, string>[]) {
    way.meets('GET', '/products', refusal(503, 'unavailable', headers));
    const far = await client.listProducts();
    assert.ok(!far.ok && far.problem.code === 'unavailable', 'beyond the time of the call');
  }
  for (const value of [date(Date.now() - hour), 'soon', '-5']) {
    way.meets('GET', '/products', refusal(503, 'unavailable', {'Retry-After': value}));
    assert.ok((await client.listProducts()).ok);
  }
  way.meets('GET', '/products', refusal(503, 'unavailable', {'Retry-After': date(2_000), Date: date(1_000)}));
  const begun = performance.now();
  assert.ok((await client.listProducts()).ok);
  assert.ok(performance.now() - begun > 990);
});

test('a foreign answer to a stream ends it only when it stays for longer than its patience', soon, async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  const order = await someOrder(client);
  const follow = () => client.streams.listOrderEvents({path: {orderId: order.id}})[Symbol.asyncIterator]();
  for (const mishap of [answers(404, html, page), answers(200, html, page), answers(200, {'Content-Type': 'text/event-stream-x'}, page)]) {
    way.meets('GET', '/events', mishap);
    const stream = follow();
    assert.equal((await stream.next()).value?.sequence, 1);
    await stream.return?.();
  }
  way.rewrites = (h) => ({...h, 'content-type': 'Text/Event-Stream ; charset=utf-8'});
  assert.equal((await follow().next()).value?.sequence, 1);
  way.rewrites = undefined;

  way.meets('GET', '/events', answers(200, html, page));
  const next = follow().next();
  clock.pass(121_000);
  await assert.rejects(next, (failure) => failure instanceof ProblemError && failure.problem.code === 'unreadable' && failure.response?.status === 200);
});

test('an event that is no JSON is asked for again', soon, async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const order = await someOrder(client);
  way.meets('GET', '/events', answers(200, {'Content-Type': 'text/event-stream'}, 'id: 9\ndata: <h1>\n\n'));
  for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}})) {
    assert.equal(event.sequence, 1);
    break;
  }
});

/** Storage that outlives a client, as a reload leaves it. */
function storing(): Required<Pick<Options, 'storage'>> & {kept: Map<string, string>} {
  const kept = new Map<string, string>();
  return {kept, storage: {getItem: (name) => kept.get(name) ?? null, setItem: (name, text) => void kept.set(name, text), removeItem: (name) => void kept.delete(name)}};
}

/** Waits until so many requests of a logout have come. */
async function logouts(way: {of(method: string, path: string): {status: number}[]}, status: number): Promise<void> {
  while (way.of('POST', '/logout').at(-1)?.status !== status) await new Promise((resolve) => setTimeout(resolve, 20));
}

test('a logout is owed until the service has confirmed it, and nobody is signed in meanwhile', soon, async (t) => {
  for (const mishap of [{kind: 'lose request'} as const, ...Object.values(foreign), refusal(503, 'unavailable')]) {
    const {storage, kept} = storing();
    const {client, way} = await signedIn(t, 'customer', {storage, attempts: 1, onSessionEnd: () => assert.fail('this page ended it itself')});
    const {tokens} = client.session;
    way.meets('POST', '/logout', mishap);
    const failed = await client.endSession();
    assert.ok(!failed.ok);
    assert.equal(client.session.state, 'signed_out');
    assert.equal(kept.size, 1);
    client.session.restore(tokens!);
    assert.equal(await client.session.resume(), false);
    const refused = await client.getProfile();
    assert.ok(!refused.ok && refused.problem.code === 'unauthenticated');
    assert.equal(way.of('GET', '/profile')[0]?.headers.authorization, undefined);
    client.close();

    const again = createClient({baseUrl: way.address, storage, attempts: 1});
    await logouts(way, 204);
    while (kept.size > 0) await new Promise((resolve) => setTimeout(resolve, 20));
    assert.equal(again.session.state, 'signed_out');
    again.close();
  }
});

test('a logout that is owed is sent again after a pause, with a token that is renewed for it', soon, async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now, attempts: 1});
  way.meets('POST', '/logout', {kind: 'lose request'});
  assert.ok(!(await client.endSession()).ok);
  clock.pass(5 * 60_000);
  way.meets('POST', '/refresh', answers(403, html, page));
  await logouts(way, 204);
  assert.deepEqual(way.of('POST', '/refresh').map((p) => p.status), [0, 200]);
  assert.equal(client.session.state, 'signed_out');
});

test('a logout of a session that is over is not owed', soon, async (t) => {
  const {storage, kept} = storing();
  const {client, way} = await signedIn(t, 'customer2', {storage});
  const other = await signedIn(t, 'customer2');
  unwrap(await other.client.revokeOtherSessions());
  const over = await client.endSession();
  assert.ok(!over.ok && over.problem.code === 'unauthenticated');
  assert.equal(way.of('POST', '/refresh').length, 1);
  assert.equal(kept.size, 0);
});

test('a caller who does not wait for a logout owes it all the same, and signs in as somebody else', soon, async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  let release = (): void => {};
  way.meets('POST', '/logout', {kind: 'hold answer', until: new Promise((resolve) => (release = resolve))});
  const left = await client.endSession({signal: AbortSignal.abort()});
  assert.ok(!left.ok && left.problem.code === 'aborted');
  await signIn(client, 'staff');
  release();
  assert.equal(unwrap(await client.getProfile()).email, 'staff@plumbline.test');
});

test('storage that takes nothing does no harm', soon, async (t) => {
  const fail = (): never => {
    throw new Error('QuotaExceededError');
  };
  const {client, way} = await signedIn(t, 'customer', {storage: {getItem: () => '{', setItem: fail, removeItem: fail}, attempts: 1});
  way.meets('POST', '/logout', {kind: 'lose request'});
  assert.ok(!(await client.endSession()).ok);
  await logouts(way, 204);
});
