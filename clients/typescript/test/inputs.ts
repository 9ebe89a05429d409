// What a caller gives by mistake is a failure that names the place.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createClient, ProblemError, unwrap} from '../src/index.js';
import {arrange, signedIn, someOrder} from './arrange.js';

test('an input that cannot be sent is a failure that names the place, and nothing is sent', async (t) => {
  const {client, way} = await arrange(t);
  const loop: Record<string, unknown> = {a: 1};
  loop['self'] = {again: loop};
  const item = {product_id: 'x', quantity: 1n as unknown as number};
  const cases: [string, {ok: boolean; problem?: unknown}][] = [
    ['#/path/productId', await client.getProduct({path: {productId: ''}})],
    ['#/path/productId', await client.getProduct({} as never)],
    ['#/path/productId', await client.getProduct(null as never)],
    ['#/path/productId', await client.getProduct({path: {productId: '\ud800'}})],
    ['#/query/q', await client.listProducts({query: {q: Object.create(null) as string}})],
    ['#/header/Idempotency-Key', await client.createOrder({body: {items: []}, idempotencyKey: 'a\nb'})],
    ['#/header/Idempotency-Key', await client.createOrder({body: {items: []}, idempotencyKey: 'schlüssel ✓'})],
    ['#/header/If-Match', await client.updateProduct({path: {productId: 'x'}, body: {name: 'x'}, ifMatch: '"✓"'})],
    ['#/items/1/quantity', await client.createOrder({body: {items: [{product_id: 'x', quantity: 1}, item]}})],
    ['#/self/again', await client.createOrder({body: loop as never})],
    ['#', await client.createOrder({body: 1n as never})],
    ['#/signal', await client.listProducts({signal: {} as AbortSignal})],
    ['#/path', await (client.GET as (path: string) => Promise<{ok: boolean}>)('/api/v1/products/7')],
  ];
  for (const [pointer, result] of cases) {
    const problem = result.problem as {code: string; status: number; errors?: {pointer: string}[]};
    assert.deepEqual([result.ok, problem.code, problem.status, problem.errors?.map((e) => e.pointer)], [false, 'unsendable', 0, [pointer]]);
  }
  assert.equal(way.passed.length, 0);
  await assert.rejects(client.pages.listProducts({query: {q: Object.create(null) as string}})[Symbol.asyncIterator]().next(),
    (failure) => failure instanceof ProblemError && failure.problem.code === 'unsendable');
  for (const input of [{path: {orderId: ''}}, {path: {orderId: 'x'}, lastEventId: '✓'}, undefined as never]) {
    await assert.rejects(client.streams.listOrderEvents(input)[Symbol.asyncIterator]().next(), (failure) => failure instanceof ProblemError && failure.problem.code === 'unsendable');
  }
  client.session.restore({access: 'a\nb', expires: Infinity});
  const token = await client.getProfile();
  assert.ok(!token.ok && token.problem.code === 'unsendable' && token.problem.errors?.[0]?.pointer === '#/header/Authorization');
});

test('a call and a silence may last for ever, and what is no time counts for nothing', async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  for (const timeout of [Infinity, NaN, 1n as unknown as number]) assert.ok((await client.listProducts({timeout})).ok);
  const order = await someOrder(client);
  way.meets('GET', '/events', {kind: 'hold answer', until: new Promise((resolve) => setTimeout(resolve, 50))});
  for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}, silence: Infinity})) {
    if (event.sequence === 2) break;
    unwrap(await client.cancelOrder({path: {orderId: order.id}}));
  }
  assert.equal(way.of('GET', '/events').length, 1);
});

test('every function of a client can be passed on by itself', async (t) => {
  const {client} = await signedIn(t, 'customer');
  const {subscribe, restore, resume, forget} = client.session;
  const {getProfile, GET, endSession, close} = client;
  const {listProducts} = client.pages;
  const {listOrderEvents} = client.streams;
  let told = 0;
  const unsubscribe = subscribe(() => told++);
  assert.ok(await resume());
  const {tokens} = client.session;
  unwrap(await getProfile());
  unwrap(await GET('/api/v1/profile'));
  const {pages} = listProducts();
  for await (const page of pages()) {
    assert.ok(page.items.length > 0);
    break;
  }
  const order = await someOrder(client);
  for await (const event of listOrderEvents({path: {orderId: order.id}})) {
    assert.equal(event.sequence, 1);
    break;
  }
  forget();
  restore(tokens!);
  assert.ok((await endSession()).ok);
  unsubscribe();
  assert.equal(told, 3);
  close();
});

test('what is given to a client is called by itself too', async (t) => {
  const {way} = await arrange(t);
  const client = createClient({
    baseUrl: way.address,
    fetch(this: unknown, url, init) {
      assert.equal(this, undefined);
      return fetch(url, init);
    },
    now(this: unknown) {
      assert.equal(this, undefined);
      return Date.now();
    },
  });
  unwrap(await client.listProducts());
});

test('a listener that throws fails no call', async (t) => {
  const thrown: unknown[] = [];
  const catchIt = (failure: unknown): void => void thrown.push(failure);
  const before = process.listeners('uncaughtException');
  process.removeAllListeners('uncaughtException').on('uncaughtException', catchIt);
  t.after(() => {
    process.removeAllListeners('uncaughtException');
    for (const listener of before) process.on('uncaughtException', listener);
  });
  const {client} = await arrange(t);
  client.session.subscribe(() => {
    throw new Error('a listener of the test');
  });
  client.session.restore({access: 'a', expires: 0});
  client.session.forget();
  await new Promise((resolve) => setTimeout(resolve, 0));
  assert.deepEqual(thrown.map((failure) => (failure as Error).message), ['a listener of the test', 'a listener of the test']);
});

test('a client says at once that it needs an address', () => {
  for (const baseUrl of [undefined, '', '/api', 'localhost:8080', 'ftp://a', 'http://', 'http://a:b@c', {users: 'http://a', orders: ''}, {users: 'http://a'}]) {
    assert.throws(() => createClient(baseUrl === undefined ? {} : {baseUrl: baseUrl as string}), (failure) => failure instanceof TypeError && failure.message.includes('baseUrl'));
  }
  createClient({baseUrl: 'http://127.0.0.1:8080/behind/'}).close();
  createClient({fetch}).close(); // It knows where the services are.
});
