import assert from 'node:assert/strict';
import {createServer} from 'node:http';
import type {AddressInfo} from 'node:net';
import {after, before, test, type TestContext} from 'node:test';
import {fileURLToPath} from 'node:url';
import {build} from 'esbuild';
import {chromium, type Browser, type BrowserContext, type Page} from 'playwright-core';
import type * as client from '../src/index.js';
import {password, program} from './program.js';
import {Way} from './way.js';

/** What the page has: the module, and what it keeps between the steps of a test. */
declare global {
  var plumbline: typeof client;
  var made: client.Client;
  var told: string[];
}

const soon = {timeout: 120_000};
let browser: Browser;
let origin: string;
const site = createServer(async (request, answer) => {
  if (request.url !== '/client.js') return void answer.setHeader('Content-Type', 'text/html').end('<!doctype html><script src="/client.js"></script>');
  const bundle = await build({
    entryPoints: [fileURLToPath(new URL('../src/index.ts', import.meta.url))], bundle: true, write: false, format: 'iife', globalName: 'plumbline',
  });
  answer.setHeader('Content-Type', 'text/javascript').end(bundle.outputFiles[0]!.text);
});

before(async () => {
  browser = await chromium.launch({executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox']});
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  origin = `http://127.0.0.1:${(site.address() as AddressInfo).port}`;
});

after(async () => {
  await browser.close();
  site.closeAllConnections();
  site.close();
});

/** Opens a window of a person of their own, and a way to the services. */
async function visit(t: TestContext): Promise<{context: BrowserContext; way: Way}> {
  const way = await Way.open((await program()).address);
  const context = await browser.newContext();
  t.after(async () => {
    await context.close();
    way.close();
  });
  return {context, way};
}

/** Opens a tab with a client. */
async function tab(context: BrowserContext, way: Way): Promise<Page> {
  const page = await context.newPage();
  await page.goto(origin);
  await page.evaluate((baseUrl) => {
    globalThis.told = [];
    // Nothing is asserted on time: a busy machine takes its own.
    globalThis.made = plumbline.createClient({baseUrl, timeout: 60_000, attempts: 20, onSessionEnd: (problem) => told.push(`ended ${problem?.code}`)});
  }, way.address);
  return page;
}

const signIn = (page: Page, persona: string): Promise<boolean> =>
  page.evaluate(async ([email, password]) => (await made.startSession({body: {email, password}})).ok, [`${persona}@plumbline.test`, password] as const);
const profile = (page: Page): Promise<string> => page.evaluate(async () => {
  const result = await made.getProfile();
  return result.ok ? result.data.email : result.problem.code;
});

test('a page signs in with a cookie that it never sees, and goes on after a reload', soon, async (t) => {
  const {context, way} = await visit(t);
  const page = await tab(context, way);
  assert.equal(await profile(page), 'unauthenticated');
  assert.equal(await page.evaluate(() => made.session.state), 'signed_out');
  assert.ok(await signIn(page, 'customer'));
  assert.equal(await page.evaluate(() => made.session.tokens?.refresh), undefined);
  assert.equal(await page.evaluate(() => document.cookie), '');
  assert.equal(await profile(page), 'customer@plumbline.test');
  assert.ok(way.of('GET', '/profile').every((p) => p.headers.cookie === undefined));

  await page.close();
  const again = await tab(context, way);
  assert.equal(await again.evaluate(() => made.session.state), 'unknown');
  assert.ok(await again.evaluate(() => made.session.resume()));
  assert.equal(await profile(again), 'customer@plumbline.test');
});

test('two tabs with many calls renew the token once', soon, async (t) => {
  const {context, way} = await visit(t);
  const ahead = 4 * 60_000 + 56_000; // The token that the login gives is then about to expire.
  const first = await tab(context, way);
  assert.ok(await signIn(first, 'customer'));
  const second = await tab(context, way);
  assert.equal(await profile(second), 'customer@plumbline.test');
  assert.equal(way.of('POST', '/refresh').length, 0, 'the second tab has asked the first');

  const calls = (page: Page): Promise<boolean> => page.evaluate(async (ahead) => {
    const tokens = made.session.tokens!;
    made.session.restore({...tokens, expires: tokens.expires - ahead});
    const results = await Promise.all(Array.from({length: 5}, () => made.getProfile()));
    return results.every((r) => r.ok);
  }, ahead);
  let release = (): void => {};
  way.meets('POST', '/refresh', {kind: 'hold answer', until: new Promise((resolve) => (release = resolve))});
  const done = Promise.all([calls(first), calls(second)]);
  setTimeout(() => release(), 500); // Both are at it by now; if not, the test proves less and passes all the same.
  assert.deepEqual(await done, [true, true]);
  assert.equal(way.of('POST', '/refresh').length, 1);
  assert.equal(await first.evaluate(() => made.session.tokens?.access), await second.evaluate(() => made.session.tokens?.access));
});

test('a tab that signs out signs all out', soon, async (t) => {
  const {context, way} = await visit(t);
  const [first, second] = [await tab(context, way), await tab(context, way)];
  assert.ok(await signIn(first, 'customer'));
  await second.waitForFunction(() => made.session.state === 'signed_in');
  assert.equal(await first.evaluate(async () => (await made.endSession()).status), 204);
  await second.waitForFunction(() => made.session.state === 'signed_out');
  assert.deepEqual(await second.evaluate(() => told), ['ended undefined']);
  assert.deepEqual(await first.evaluate(() => told), []);
  const third = await tab(context, way);
  assert.equal(await third.evaluate(() => made.session.resume()), false, 'the cookie is gone');

  await first.evaluate(() => made.close());
  assert.ok(await signIn(first, 'staff'), 'a client that has let go of the others works by itself');
  assert.equal(await profile(first), 'staff@plumbline.test');
  assert.equal(await second.evaluate(() => made.session.state), 'signed_out');
});

test('a foreign answer to one renewal signs no tab out', soon, async (t) => {
  const {context, way} = await visit(t);
  const [first, second] = [await tab(context, way), await tab(context, way)];
  assert.ok(await signIn(first, 'customer'));
  await second.waitForFunction(() => made.session.state === 'signed_in');
  const headers = {'Content-Type': 'text/html', 'Access-Control-Allow-Origin': origin, 'Access-Control-Allow-Credentials': 'true'};
  for (const status of [401, 403, 404, 408, 413]) {
    way.meets('POST', '/refresh', ...Array.from({length: 20}, () => ({kind: 'answer' as const, status, headers, body: '<h1>No</h1>'})));
    await first.evaluate(() => made.session.restore({...made.session.tokens!, expires: 0}));
    assert.equal(await profile(first), 'refresh_failed');
    way.forget();
    for (const page of [first, second]) assert.equal(await page.evaluate(() => made.session.state), 'signed_in');
  }
  assert.equal(await profile(first), 'customer@plumbline.test');
  for (const page of [first, second]) assert.deepEqual(await page.evaluate(() => told), []);
});

test('a logout that does not arrive is owed over a reload, and the cookie signs nobody in meanwhile', soon, async (t) => {
  const {context, way} = await visit(t);
  const [first, second] = [await tab(context, way), await tab(context, way)];
  assert.ok(await signIn(first, 'customer'));
  await second.waitForFunction(() => made.session.state === 'signed_in');
  way.meets('POST', '/logout', ...Array.from({length: 100}, () => ({kind: 'lose request' as const})));
  assert.equal(await first.evaluate(async () => (await made.endSession()).ok), false);
  await second.waitForFunction(() => made.session.state === 'signed_out');
  await first.close();

  const again = await tab(context, way);
  for (const page of [again, second]) {
    assert.equal(await page.evaluate(() => made.session.state), 'signed_out');
    assert.equal(await page.evaluate(() => made.session.resume()), false);
    assert.equal(await profile(page), 'unauthenticated');
  }
  assert.equal(way.of('POST', '/refresh').length, 0);
  way.forget();
  await again.waitForFunction(() => localStorage.length === 0);
  assert.equal(way.of('POST', '/logout').filter((p) => p.status === 204).length, 1);
  const third = await tab(context, way);
  assert.equal(await third.evaluate(() => made.session.state), 'unknown');
  assert.equal(await third.evaluate(() => made.session.resume()), false, 'the cookie is gone');
});

test('a logout that is owed is sent when the network is back', soon, async (t) => {
  const {context, way} = await visit(t);
  const page = await tab(context, way);
  assert.ok(await signIn(page, 'customer'));
  way.meets('POST', '/logout', {kind: 'answer', status: 502, body: ''}); // A browser sends by itself again what is lost.
  await page.evaluate(async () => {
    const {setTimeout} = globalThis;
    globalThis.setTimeout = ((act: () => void, ms: number) => setTimeout(act, ms >= 1000 ? 2 ** 30 : ms)) as typeof globalThis.setTimeout; // No pause ends.
    await made.endSession();
    dispatchEvent(new Event('online'));
  });
  await page.waitForFunction(() => localStorage.length === 0);
  assert.deepEqual(way.of('POST', '/logout').map((p) => p.status), [0, 204]);
});

test('whoever signs in while a logout is owed stays signed in', soon, async (t) => {
  const {context, way} = await visit(t);
  const [first, second] = [await tab(context, way), await tab(context, way)];
  assert.ok(await signIn(first, 'customer'));
  way.meets('POST', '/logout', ...Array.from({length: 100}, () => ({kind: 'lose request' as const})));
  assert.equal(await first.evaluate(async () => (await made.endSession()).ok), false);
  assert.ok(await signIn(second, 'staff'));
  way.forget();
  await first.waitForFunction(() => made.session.state === 'signed_in');
  for (const page of [first, second]) {
    await page.evaluate(() => dispatchEvent(new Event('online')));
    assert.equal(await profile(page), 'staff@plumbline.test');
  }
  assert.equal(await first.evaluate(() => localStorage.length), 0);
  const third = await tab(context, way);
  assert.ok(await third.evaluate(() => made.session.resume()));
  assert.equal(await profile(third), 'staff@plumbline.test');
});

test('a page without Web Locks renews once for all its calls', soon, async (t) => {
  const {context, way} = await visit(t);
  await context.addInitScript(() => Object.defineProperty(navigator, 'locks', {value: undefined}));
  const page = await tab(context, way);
  assert.ok(await signIn(page, 'customer'));
  assert.ok(await page.evaluate(async () => {
    made.session.restore({...made.session.tokens!, expires: 0});
    return (await Promise.all([made.getProfile(), made.getProfile(), made.getProfile()])).every((r) => r.ok);
  }));
  assert.equal(way.of('POST', '/refresh').length, 1);
});

test('a page follows an order over a break, reads versions and keys, and leaves when it wants', soon, async (t) => {
  const {context, way} = await visit(t);
  const page = await tab(context, way);
  assert.ok(await signIn(page, 'customer'));
  way.meets('POST', '/orders', {kind: 'lose answer'});
  way.meets('GET', '/events', {kind: 'break off', when: way.comes('POST', '/cancel')});
  const seen = await page.evaluate(async () => {
    const found = plumbline.unwrap(await made.listProducts({query: {limit: 100}})).items.find((p) => p.available > 50)!;
    const placed = await made.createOrder({body: {items: [{product_id: found.id, quantity: 1}]}});
    if (!placed.ok) return [placed.problem.code];
    const path = {orderId: placed.data.id};
    const leaving = new AbortController();
    const seen = [`replayed ${placed.response.headers.get('Idempotency-Replayed')}`, `version ${placed.response.headers.get('ETag')}`];
    for await (const event of made.streams.listOrderEvents({path, signal: leaving.signal})) {
      seen.push(event.type);
      if (event.type === 'order.placed') plumbline.unwrap(await made.cancelOrder({path}));
      else leaving.abort();
    }
    return seen;
  });
  assert.deepEqual(seen, ['replayed true', 'version "1"', 'order.placed', 'order.cancelled']);
  const known = way.of('GET', '/events').map((p) => p.headers['last-event-id'] ?? 'none').join(' ');
  assert.match(known, /^none( none)*( 1)+$/);
});
