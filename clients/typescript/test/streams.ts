import assert from 'node:assert/strict';
import {test} from 'node:test';
import {createClient, ProblemError, unwrap, type Client, type Options} from '../src/index.js';
import {Clock, signedIn, someOrder} from './arrange.js';
import {refusal} from './way.js';

const soon = {timeout: 60_000};

test('a stream tells what happens as it happens, and ends with its signal', soon, async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const order = await someOrder(client);
  const leaving = new AbortController();
  const told: string[] = [];
  for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}, signal: leaving.signal})) {
    told.push(`${event.sequence} ${event.type}`);
    if (event.type === 'order.placed') unwrap(await client.cancelOrder({path: {orderId: order.id}}));
    else leaving.abort();
  }
  assert.deepEqual(told, ['1 order.placed', '2 order.cancelled']);
  assert.equal(way.of('GET', '/events').length, 1);
});

for (const kind of ['break off', 'go silent'] as const) {
  test(`a stream that ${kind === 'break off' ? 'breaks off' : 'goes silent'} is taken up behind the last event`, soon, async (t) => {
    const {client, way} = await signedIn(t, 'customer');
    const order = await someOrder(client);
    way.meets('GET', '/events', {kind, when: way.comes('POST', '/cancel')});
    const told: string[] = [];
    for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}, silence: kind === 'go silent' ? 500 : undefined})) {
      told.push(event.type);
      if (told.length === 2) break;
      unwrap(await client.cancelOrder({path: {orderId: order.id}}));
    }
    assert.deepEqual(told, ['order.placed', 'order.cancelled']);
    const known = way.of('GET', '/events').map((p) => p.headers['last-event-id'] ?? 'none').join(' ');
    assert.match(known, /^none( none)*( 1)+$/);
  });
}

test('a stream starts behind an event that is known', soon, async (t) => {
  const {client} = await signedIn(t, 'customer');
  const order = await someOrder(client);
  unwrap(await client.cancelOrder({path: {orderId: order.id}}));
  for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}, lastEventId: '1'})) {
    assert.equal(event.sequence, 2);
    break;
  }
});

test('a stream whose token is refused renews it and goes on', soon, async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const order = await someOrder(client);
  way.meets('GET', '/events', {kind: 'break off', when: way.comes('POST', '/cancel')}, {kind: 'spoil token'});
  let told = 0;
  for await (const event of client.streams.listOrderEvents({path: {orderId: order.id}})) {
    told = event.sequence;
    if (told === 2) break;
    unwrap(await client.cancelOrder({path: {orderId: order.id}}));
  }
  assert.deepEqual(way.of('GET', '/events').map((p) => p.status), [200, 401, 200]);
});

test('a stream that is refused is a problem, and is not asked for again', soon, async (t) => {
  const {client, way} = await signedIn(t, 'customer');
  const streams = client.streams.listOrderEvents({path: {orderId: '019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10'}});
  await assert.rejects(streams[Symbol.asyncIterator]().next(), (failure) => failure instanceof ProblemError && failure.problem.code === 'order_not_found');
  assert.equal(way.of('GET', '/events').length, 1);
});

test('a stream that stays away for longer than its patience is a problem', soon, async (t) => {
  const clock = new Clock();
  const {client, way} = await signedIn(t, 'customer', {now: clock.now});
  const order = await someOrder(client);
  way.meets('GET', '/events', refusal(503, 'overloaded'));
  const gone = client.streams.listOrderEvents({path: {orderId: order.id}});
  const next = gone[Symbol.asyncIterator]().next();
  clock.pass(121_000);
  await assert.rejects(next, (failure) => failure instanceof ProblemError && failure.problem.code === 'overloaded');
});

/** Gives a client whose streams are what the test says, each time one is asked for, and the ids that they were asked for with. */
function streaming(open: (round: number) => ReadableStream<Uint8Array>, options: Options = {}): {client: Client; asked: (string | null)[]} {
  const asked: (string | null)[] = [];
  const client = createClient({
    baseUrl: 'http://127.0.0.1', cookie: false, ...options,
    fetch: async (_, init) => {
      asked.push(new Headers(init.headers).get('Last-Event-ID'));
      const body = open(asked.length).pipeThrough(new TransformStream(), {signal: init.signal!});
      return new Response(body, {headers: {'Content-Type': 'text/event-stream'}});
    },
  });
  return {client, asked};
}

/** Gives a body of parts, which ends behind them or stays open. */
function bodyOf(parts: (string | Uint8Array)[], end: boolean): ReadableStream<Uint8Array> {
  return new ReadableStream({
    start(out) {
      for (const part of parts) out.enqueue(typeof part === 'string' ? new TextEncoder().encode(part) : part);
      if (end) out.close();
    },
  });
}

test('a silent stream is given up and taken up behind the last event', soon, async () => {
  const {client, asked} = streaming((round) => bodyOf([`id: ${round}\ndata: {"sequence":${round}}\n\n`], false));
  const told: number[] = [];
  for await (const event of client.streams.listOrderEvents({path: {orderId: '7'}, silence: 20})) if (told.push(event.sequence) === 2) break;
  assert.deepEqual(told, [1, 2]);
  assert.deepEqual(asked, [null, '1']);
});

test('a stream that gives signs of life is not given up, whatever the time', soon, async () => {
  const parts = Array.from({length: 30}, () => ':\n\n');
  const {client, asked} = streaming(() => new ReadableStream({
    async pull(out) {
      await new Promise((resolve) => setTimeout(resolve, 10));
      const part = parts.pop();
      out.enqueue(new TextEncoder().encode(part ?? 'data: {"sequence":1}\n\n'));
    },
  }), {timeout: 50});
  for await (const event of client.streams.listOrderEvents({path: {orderId: '7'}})) {
    assert.equal(event.sequence, 1);
    break;
  }
  assert.deepEqual(asked, [null]);
});

test('the patience with a stream begins when its last event was dealt with', soon, async () => {
  const clock = new Clock();
  const {client, asked} = streaming((round) => bodyOf([`id: ${round}\nretry: 0\ndata: {"sequence":${round}}\n\n`], true), {now: clock.now});
  for await (const event of client.streams.listOrderEvents({path: {orderId: '7'}})) {
    if (event.sequence === 3) break;
    clock.pass(121_000);
  }
  assert.deepEqual(asked, [null, '1', '2']);
  const empty = streaming(() => bodyOf(['retry: 0\n'], true), {now: clock.now});
  const next = empty.client.streams.listOrderEvents({path: {orderId: '7'}})[Symbol.asyncIterator]().next();
  clock.pass(121_000);
  await assert.rejects(next, (failure) => failure instanceof ProblemError && failure.problem.code === 'unreachable', 'to open is not enough');
});

test('the end of a line may be cut in two', soon, async () => {
  const {client} = streaming(() => bodyOf(['data: {"sequence":\r', '\ndata: 1}\r', '\n\r', '\ndata: {"sequence":2}\r', '\n\r', '\n'], true));
  const told: number[] = [];
  for await (const event of client.streams.listOrderEvents({path: {orderId: '7'}})) if (told.push(event.sequence) === 2) break;
  assert.deepEqual(told, [1, 2]);
});

test('events are read as the specification has them, however they are cut', async () => {
  const text = '\uFEFF: a comment\r\nid: 7\rdata: {"sequence":\ndata:1,\r\ndata:  "reason": "a\u2028b é"}\nunknown: x\nid: 8\0\n\nevent: only\n\ndata: {"sequence":2}\r\n\r\n';
  const bytes = new TextEncoder().encode(text);
  for (const size of [1, 2, 3, 7, bytes.length]) {
    const parts = Array.from({length: Math.ceil(bytes.length / size)}, (_, i) => bytes.slice(i * size, (i + 1) * size));
    const {client, asked} = streaming(() => bodyOf(parts, true));
    const told: unknown[] = [];
    for await (const event of client.streams.listOrderEvents({path: {orderId: '7'}})) if (told.push(event) === 3) break;
    assert.deepEqual(told.slice(0, 2), [{sequence: 1, reason: 'a\u2028b é'}, {sequence: 2}]);
    assert.deepEqual(asked, [null, '7']);
  }
});
