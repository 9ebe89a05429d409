// A real proxy between the client and the services: it compresses answers, and gives its own while there are no services behind it.
import assert from 'node:assert/strict';
import {execFileSync, spawn} from 'node:child_process';
import {mkdtemp, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test, type TestContext} from 'node:test';
import {createClient, unwrap, type AnyProblem} from '../src/index.js';
import {Clock, signIn, someOrder} from './arrange.js';
import {freeAddress, start} from './program.js';

const path = `${process.env['PATH']}:/usr/sbin`; // Where Debian has it, and who is not root does not look.

function isThere(): boolean {
  try {
    execFileSync('nginx', ['-v'], {env: {PATH: path}, stdio: 'ignore'});
    return true;
  } catch {
    return false;
  }
}

/** Starts nginx in front of an address, with what it needs in a folder of its own, and gives where it is. */
async function proxy(t: TestContext, to: string): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'plumbline-nginx-'));
  const address = await freeAddress();
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi'].map((name) => `${name}_temp_path ${folder}/${name};`).join(' ');
  await writeFile(join(folder, 'nginx.conf'), `
    daemon off; master_process off; pid ${folder}/pid; error_log ${folder}/error.log;
    events {}
    http {
      access_log off; ${temporary}
      gzip on; gzip_min_length 1; gzip_proxied any; gzip_types application/json application/problem+json;
      server { listen ${address}; location / { proxy_pass ${to}; proxy_http_version 1.1; } }
    }`);
  const child = spawn('nginx', ['-p', folder, '-e', join(folder, 'error.log'), '-c', join(folder, 'nginx.conf')], {env: {PATH: path}, stdio: 'ignore'});
  const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
  t.after(async () => {
    child.kill('SIGTERM');
    await ended;
    await rm(folder, {recursive: true});
  });
  while (!(await fetch(`http://${address}/`).then(() => true, () => false))) {
    assert.equal(child.exitCode, null, 'nginx has ended');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  return `http://${address}`;
}

test('behind nginx that compresses, versions count, and a restart of the services ends neither a session nor a stream', {timeout: 300_000, skip: isThere() ? false : 'nginx is missing'}, async (t) => {
  const program = await start();
  let running = true;
  t.after(async () => {
    if (running) await program.stop();
    await program.forget();
  });
  const baseUrl = await proxy(t, program.address);
  const clock = new Clock();
  const kept = new Map<string, string>();
  const storage = {getItem: (name: string) => kept.get(name) ?? null, setItem: (name: string, text: string) => void kept.set(name, text), removeItem: (name: string) => void kept.delete(name)};
  const client = createClient({baseUrl, now: clock.now, storage, onSessionEnd: () => assert.fail('it has not ended')});
  const staff = createClient({baseUrl});
  t.after(() => [client, staff].forEach(({close}) => close()));
  await signIn(client, 'customer');
  await signIn(staff, 'staff');

  const sku = `TS-${crypto.randomUUID()}`;
  const product = unwrap(await staff.createProduct({body: {sku, name: 'A line', price: {amount: 100, currency: 'EUR'}}}));
  const read = await staff.getProduct({path: {productId: product.id}});
  assert.equal(read.response?.headers.get('ETag'), 'W/"1"', 'nginx has made it weak');
  assert.ok((await staff.updateProduct({path: {productId: product.id}, body: {name: 'Another line'}})).ok);

  const order = await someOrder(client);
  const events = client.streams.listOrderEvents({path: {orderId: order.id}, patience: 10 * 60_000})[Symbol.asyncIterator]();
  assert.equal((await events.next()).value?.type, 'order.placed');
  const following = events.next();
  await program.stop();
  running = false;
  clock.pass(5 * 60_000);
  const failed = await client.getProfile();
  assert.ok(!failed.ok && failed.problem.code === 'refresh_failed' && (failed.problem.cause as AnyProblem).code === 'unreadable');
  assert.equal(client.session.state, 'signed_in');

  await program.restart();
  running = true;
  unwrap(await client.cancelOrder({path: {orderId: order.id}}));
  assert.equal((await following).value?.type, 'order.cancelled');
  await events.return?.();

  await program.stop();
  running = false;
  const left = await client.endSession();
  assert.ok(!left.ok && left.problem.code === 'unreadable' && left.status === 502);
  assert.equal(client.session.state, 'signed_out');
  assert.equal(kept.size, 1);
  await program.restart();
  running = true;
  while (kept.size > 0) await new Promise((resolve) => setTimeout(resolve, 50));
});
