// The front end's production build with the running services behind it, and people who use it in Chromium.
import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, type TestContext} from 'node:test';
import {fileURLToPath} from 'node:url';
import {createClient, unwrap, type Client, type OperationId, type Schemas} from '@plumbline/client';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright-core';
import {build, preview, type PreviewServer} from 'vite';
import {password, program, stop} from '../../../clients/typescript/test/program.js';

/** How long a test may take, and a step of it, in milliseconds. Both are long because nothing is asserted on time. */
export const patience = {timeout: 120_000};
const step = 20_000;
export const root = fileURLToPath(new URL('..', import.meta.url));
export const desktop = {width: 1280, height: 900};
export const phone = {width: 390, height: 844};

export let address: string;
let outDir: string;
let site: PreviewServer;
export let origin: string;
let browser: Browser;
export let staff: Client;
export let payments: Client;

before(async () => {
  address = (await program()).address;
  process.env['PLUMBLINE_ADDR'] = address.replace('http://', '');
  outDir = await mkdtemp(join(tmpdir(), 'storefront-'));
  await build({root, logLevel: 'warn', build: {outDir, emptyOutDir: true}});
  site = await preview({root, logLevel: 'warn', build: {outDir}, preview: {host: '127.0.0.1', port: 0}});
  origin = `http://127.0.0.1:${(site.httpServer.address() as AddressInfo).port}`;
  browser = await chromium.launch({executablePath: process.env['CHROMIUM'] ?? '/usr/bin/chromium', args: ['--no-sandbox']});
  [staff, payments] = await Promise.all([caller('staff'), caller('payments')]);
}, patience);

after(async () => {
  await browser?.close();
  await site?.close();
  if (outDir) await rm(outDir, {recursive: true});
  await stop();
});

/** Gives another caller: a persona who does not use the front end. */
export async function caller(persona: string): Promise<Client> {
  const client = createClient({baseUrl: address});
  unwrap(await client.startSession({body: {email: `${persona}@plumbline.test`, password}}));
  return client;
}

/** Opens a window of a person of their own. At the end of the test its console must have been silent. */
export async function visit(t: TestContext, options: BrowserContextOptions = {}, at = origin): Promise<Page> {
  const context = await browser.newContext({baseURL: at, locale: 'en-IE', viewport: desktop, ...options});
  context.setDefaultTimeout(step);
  const page = await context.newPage();
  const said: string[] = [];
  page.on('pageerror', (error) => said.push(String(error)));
  page.on('console', (message) => {
    // Chromium notes every answer of 400 and above by itself; those are part of the contract.
    if (['error', 'warning'].includes(message.type()) && !message.text().startsWith('Failed to load resource')) said.push(message.text());
  });
  t.after(async () => {
    await context.close();
    assert.deepEqual(said, []);
  });
  return page;
}

/** Fills in the login that is shown. */
export async function logIn(page: Page, persona: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(`${persona}@plumbline.test`);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Log in'}).click();
  await page.getByRole('button', {name: 'Log out'}).waitFor();
}

/** Opens a window in which a persona is signed in. */
export async function signedIn(t: TestContext, persona: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await visit(t, options);
  await page.goto('/login');
  await logIn(page, persona);
  return page;
}

/** Lets an operation fail until noFaults, or the end of the test. */
export async function fault(t: TestContext, operation: OperationId, what: string): Promise<void> {
  t.after(noFaults);
  const made = await fetch(`${address}/dev/v1/faults`, {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({operation, fault: what}),
  });
  assert.equal(made.status, 201);
}

/** Lets everything work again. */
export async function noFaults(): Promise<void> {
  assert.equal((await fetch(`${address}/dev/v1/faults`, {method: 'DELETE'})).status, 204);
}

let made = 0;

/** Adds a product of which there are so many. */
export async function product(units: number): Promise<Schemas['Product']> {
  const number = ++made;
  const created = unwrap(await staff.createProduct({
    body: {sku: `TEST-${number}`, name: `Zenith level Z${number}`, description: 'Made for a test.', price: {amount: 1000, currency: 'EUR'}},
  }));
  if (units > 0) unwrap(await staff.adjustStock({path: {productId: created.id}, body: {delta: units, reason: 'For a test'}}));
  return created;
}

/** Puts products into the basket by searching for them. */
export async function fill(page: Page, ...products: Schemas['Product'][]): Promise<void> {
  for (const {name} of products) {
    await page.goto('/');
    await page.getByRole('searchbox').fill(name);
    await page.getByRole('button', {name: `Add ${name} to the basket`}).click();
  }
  await page.getByRole('link', {name: /^Basket/}).click();
}

/** Gives the id of the order whose page is shown. */
export async function orderShown(page: Page): Promise<string> {
  await page.waitForURL(/\/orders\/./);
  return new URL(page.url()).pathname.split('/').at(-1)!;
}

/** Waits for a text to be there. */
export const shown = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();
