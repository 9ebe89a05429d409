import assert from 'node:assert/strict';
import {test} from 'node:test';
import {table} from '../../../gen/ts/operations.js';
import {createClient, ProblemError, unwrap} from '../src/index.js';
import {arrange, signedIn, someOrder, someProduct} from './arrange.js';
import {program} from './program.js';
import {refusal} from './way.js';

const noProduct = '019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77';

test('every operation of the documents that are served is a method', async () => {
  const {address} = await program();
  const client = createClient({baseUrl: address}) as unknown as Record<string, unknown>;
  for (const service of ['users', 'orders'] as const) {
    const document = (await (await fetch(`${address}/openapi/${service}.json`)).json()) as {paths: Record<string, Record<string, {operationId?: string}>>};
    const served = Object.entries(document.paths).flatMap(([path, item]) =>
      Object.entries(item).filter(([, o]) => o.operationId).map(([method, o]) => `${o.operationId} ${method.toUpperCase()} ${path}`));
    const known = Object.entries(table[service]).map(([id, text]) => `${id} ${text.split(' ', 2).join(' ')}`);
    assert.deepEqual(known.sort(), served.sort());
    for (const id of Object.keys(table[service])) assert.equal(typeof client[id], 'function');
  }
});

test('a call gives data or a problem, by name, by id and by path', async (t) => {
  const {client} = await arrange(t);
  const product = await someProduct(client);
  const named = await client.getProduct({path: {productId: product.id}});
  const pathed = await client.GET('/api/v1/products/{productId}', {path: {productId: product.id}});
  assert.deepEqual(unwrap(named), unwrap(pathed));
  assert.deepEqual(unwrap(named), unwrap(await client.call('getProduct', {path: {productId: product.id}})));
  assert.equal(named.status, 200);

  const missing = await client.getProduct({path: {productId: noProduct}});
  assert.ok(!missing.ok && missing.problem.code === 'product_not_found');
  assert.equal(missing.status, 404);
  assert.equal(missing.response?.headers.get('X-Request-ID'), missing.problem.request_id);
  assert.throws(() => unwrap(missing), (failure) => failure instanceof ProblemError && failure.problem.code === 'product_not_found');

  const wrong = await client.listProducts({query: {limit: 1000}});
  assert.ok(!wrong.ok && wrong.problem.code === 'invalid_request');
  assert.equal(wrong.problem.errors?.[0]?.pointer, '#/query/limit');

  const unknown = await client.getProfile();
  assert.ok(!unknown.ok && unknown.problem.code === 'unauthenticated');
});

test('each service may have an address of its own', async (t) => {
  const {way} = await arrange(t);
  const client = createClient({baseUrl: {users: `${way.address}/`, orders: 'http://127.0.0.1:1'}, attempts: 1});
  assert.ok((await client.getKeySet()).ok);
  const lost = await client.listProducts();
  assert.ok(!lost.ok && lost.problem.code === 'unreachable');
});

test('a path is made of whole segments', async (t) => {
  const {client, way} = await arrange(t);
  for (const productId of ['', '.', '..']) {
    const wrong = await client.getProduct({path: {productId}});
    assert.ok(!wrong.ok && wrong.problem.code === 'unsendable' && wrong.problem.errors?.[0]?.pointer === '#/path/productId');
  }
  assert.equal(way.passed.length, 0);
  const strange = await client.getProduct({path: {productId: 'a/../b?c#d'}});
  assert.ok(!strange.ok && strange.problem.code === 'invalid_request');
  assert.equal(way.passed.at(-1)?.path, '/api/v1/products/a%2F..%2Fb%3Fc%23d');
});

test('what is public goes without the token, and only what carries the session on with the cookie', async (t) => {
  const credentials = new Map<string, RequestCredentials | undefined>();
  const {client, way} = await signedIn(t, 'customer', {
    fetch: (url, init) => {
      credentials.set(new URL(url).pathname, init.credentials);
      return fetch(url, init);
    },
  });
  unwrap(await client.listProducts());
  unwrap(await client.getProfile());
  client.session.restore({...client.session.tokens!, expires: 0});
  await someOrder(client);
  await client.endSession();
  assert.deepEqual(Object.fromEntries(credentials), {
    '/api/v1/login': 'include', '/api/v1/refresh': 'include', '/api/v1/logout': 'include',
    '/api/v1/products': 'omit', '/api/v1/profile': 'omit', '/api/v1/orders': 'omit',
  });
  assert.equal(way.of('GET', '/products')[0]?.headers.authorization, undefined);
  assert.match(way.of('GET', '/profile')[0]?.headers.authorization ?? '', /^Bearer /);
});

test('who is signed in reads what is public as it is now, and others as it may be remembered', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const asked = () => way.of('GET', '/products').at(-1)?.headers['cache-control'];
  unwrap(await client.listProducts());
  assert.equal(asked(), 'max-age=0');
  await client.endSession();
  unwrap(await client.listProducts());
  assert.equal(asked(), undefined);
});

test('a read whose request or answer is lost is sent again', async (t) => {
  const {client, way} = await arrange(t);
  way.meets('GET', '/products', {kind: 'lose request'}, {kind: 'lose answer'});
  assert.ok((await client.listProducts()).ok);
  assert.equal(way.of('GET', '/products').length, 3);

  way.meets('GET', '/products', {kind: 'lose request'}, {kind: 'lose request'}, {kind: 'lose request'});
  const lost = await client.listProducts();
  assert.ok(!lost.ok && lost.problem.code === 'unreachable');
  assert.equal(lost.status, 0);
  assert.equal(way.of('GET', '/products').length, 6);
});

test('an order whose answer is lost is placed once', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const product = await someProduct(client);
  way.meets('POST', '/orders', {kind: 'lose answer'}, {kind: 'lose answer'});
  const placed = await client.createOrder({body: {items: [{product_id: product.id, quantity: 1}]}});
  assert.ok(placed.ok);
  assert.equal(placed.response.headers.get('Idempotency-Replayed'), 'true');
  const sent = way.of('POST', '/orders');
  assert.deepEqual(sent.map((p) => p.status), [201, 201, 201]);
  assert.deepEqual(new Set(sent.map((p) => p.headers['idempotency-key'])), new Set([placed.idempotencyKey]));

  const other = unwrap(await client.createOrder({body: {items: [{product_id: product.id, quantity: 1}]}}));
  assert.notEqual(other.id, placed.data.id);
  const again = await client.createOrder({body: {items: [{product_id: product.id, quantity: 1}]}, idempotencyKey: placed.idempotencyKey});
  assert.ok(again.ok && again.data.id === placed.data.id);
  const reused = await client.createOrder({body: {items: [{product_id: product.id, quantity: 2}]}, idempotencyKey: placed.idempotencyKey});
  assert.ok(!reused.ok && reused.problem.code === 'idempotency_key_reused');
});

test('a change without a key is not sent again when its answer is lost, but is when it was refused unseen', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  way.meets('PATCH', '/profile', {kind: 'lose answer'});
  const lost = await client.updateProfile({body: {name: 'Customer'}});
  assert.ok(!lost.ok && lost.problem.code === 'unreachable');
  way.meets('PATCH', '/profile', refusal(503, 'unavailable', {'Retry-After': '0'}));
  const unavailable = await client.updateProfile({body: {name: 'Customer'}});
  assert.ok(!unavailable.ok && unavailable.problem.code === 'unavailable');
  assert.equal(way.of('PATCH', '/profile').length, 2);

  way.meets('PATCH', '/profile', refusal(503, 'overloaded', {'Retry-After': '0'}), refusal(429, 'rate_limited', {'Retry-After': '0'}));
  assert.ok((await client.updateProfile({body: {name: 'Customer'}})).ok);
  assert.equal(way.of('PATCH', '/profile').length, 5);
});

test('what fails for good is not sent again', async (t) => {
  const {client, way} = await arrange(t);
  for (const [status, code] of [[500, 'internal'], [404, 'product_not_found'], [409, 'out_of_stock']] as const) {
    way.meets('GET', '/products', refusal(status, code));
    const failed = await client.listProducts();
    assert.ok(!failed.ok && failed.status === status);
  }
  assert.equal(way.of('GET', '/products').length, 3);
});

test('Retry-After is waited for, and beyond the time of the call not at all', async (t) => {
  const {client, way} = await arrange(t);
  way.meets('GET', '/products', refusal(503, 'unavailable', {'Retry-After': '1'}));
  const begun = performance.now();
  assert.ok((await client.listProducts()).ok);
  assert.ok(performance.now() - begun > 990); // A timer may be early by a little.

  way.meets('GET', '/products', refusal(429, 'rate_limited', {'Retry-After': '3600'}));
  const limited = await client.listProducts();
  assert.ok(!limited.ok && limited.problem.code === 'rate_limited');
  assert.equal(way.of('GET', '/products').length, 3);
});

test('a key in use is asked for again', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  way.meets('POST', '/orders', refusal(409, 'idempotency_key_in_use', {'Retry-After': '0'}));
  await someOrder(client);
  assert.equal(way.of('POST', '/orders').length, 2);
});

test('a call ends with its time or its signal, also while it waits to try again', {timeout: 60_000}, async (t) => {
  const {client, way} = await arrange(t);
  way.meets('GET', '/products', {kind: 'hold answer', until: new Promise(() => {})}, {kind: 'hold answer', until: new Promise(() => {})});
  const late = await client.listProducts({timeout: 50});
  assert.ok(!late.ok && late.problem.code === 'timed_out');
  const leaving = new AbortController();
  const call = client.listProducts({signal: leaving.signal});
  leaving.abort();
  const left = await call;
  assert.ok(!left.ok && left.problem.code === 'aborted');

  const waiting = new AbortController();
  way.meets('GET', '/products', refusal(503, 'unavailable', {'Retry-After': '90'})); // For longer than this test may take.
  setTimeout(() => waiting.abort(), 100);
  const stopped = await client.listProducts({signal: waiting.signal, timeout: 120_000});
  assert.ok(!stopped.ok && stopped.problem.code === 'aborted');

  const before = await client.listProducts({signal: AbortSignal.abort()});
  assert.ok(!before.ok && before.problem.code === 'aborted');
});

test('an answer that is no answer of a service is a problem', async (t) => {
  const {client, way} = await arrange(t);
  const page = '<h1>Bad gateway</h1>';
  way.meets('GET', '/products', {kind: 'answer', status: 502, body: page});
  assert.ok((await client.listProducts()).ok, 'a gateway that fails is asked again');
  for (const [status, body] of [[404, page], [404, '{"message":"no"}'], [404, ''], [200, page]] as const) {
    way.meets('GET', '/products', {kind: 'answer', status, body});
    const strange = await client.listProducts();
    assert.ok(!strange.ok && strange.problem.code === 'unreadable' && strange.problem.status === 0);
    assert.equal(strange.status, status);
  }
});

test('a test lets a call of its own fail, as the service would let it', async (t) => {
  let fault: string | undefined;
  const {client, way} = await signedIn(t, 'customer', {
    fetch: (url, init) => {
      const headers = new Headers(init.headers);
      if (fault !== undefined) headers.set('Plumbline-Fault', fault);
      return fetch(url, {...init, headers});
    },
  });
  const {id} = await someProduct(client);
  const order = () => client.createOrder({body: {items: [{product_id: id, quantity: 1}]}});
  fault = 'problem=out_of_stock, at=#/items/0/quantity';
  const short = await order();
  assert.ok(!short.ok && short.problem.code === 'out_of_stock' && short.problem.errors?.[0]?.pointer === '#/items/0/quantity');
  fault = 'problem=overloaded';
  const busy = await order();
  assert.ok(!busy.ok && busy.problem.code === 'overloaded' && busy.response?.headers.get('Retry-After') === '1');
  fault = 'drop';
  const dropped = await order();
  assert.ok(!dropped.ok && dropped.problem.code === 'unreachable');
  assert.equal(way.of('POST', '/orders').length, 7, 'one refusal, and three tries of each that can pass');
  fault = undefined;
  const {idempotencyKey} = dropped;
  assert.ok((await client.createOrder({body: {items: [{product_id: id, quantity: 1}]}, idempotencyKey})).ok, 'what was let fail did not happen');
});

test('an export is a stream of bytes', async (t) => {
  const {client} = await signedIn(t, 'staff');
  const csv = unwrap(await client.exportOrders({query: {format: 'csv', status: 'paid'}}));
  assert.match(await new Response(csv).text(), /^id,number,/);
  const lines = unwrap(await client.exportOrders());
  assert.ok('number' in JSON.parse((await new Response(lines).text()).split('\n', 1)[0]!));
});
