// What people do with the front end, in Chromium, with its production build and the running services behind it.
import assert from 'node:assert/strict';
import {mkdtemp, rm} from 'node:fs/promises';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test, type TestContext} from 'node:test';
import {fileURLToPath} from 'node:url';
import {createClient, unwrap, type Client, type OperationId, type Schemas} from '@plumbline/client';
import {chromium, type Browser, type BrowserContextOptions, type Page} from 'playwright-core';
import {build, createServer, preview, type PreviewServer} from 'vite';
import {password, program, stop} from '../../../clients/typescript/test/program.js';

/** How long a test may take, and a step of it, in milliseconds. Both are long because nothing is asserted on time. */
const patience = {timeout: 120_000};
const step = 20_000;
const root = fileURLToPath(new URL('..', import.meta.url));
const desktop = {width: 1280, height: 900};
const phone = {width: 390, height: 844};

let address: string;
let outDir: string;
let site: PreviewServer;
let origin: string;
let browser: Browser;
let staff: Client;
let payments: Client;

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
async function caller(persona: string): Promise<Client> {
  const client = createClient({baseUrl: address});
  unwrap(await client.startSession({body: {email: `${persona}@plumbline.test`, password}}));
  return client;
}

/** Opens a window of a person of their own. At the end of the test its console must have been silent. */
async function visit(t: TestContext, options: BrowserContextOptions = {}, at = origin): Promise<Page> {
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
async function logIn(page: Page, persona: string): Promise<void> {
  await page.getByLabel('E-mail address').fill(`${persona}@plumbline.test`);
  await page.getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Log in'}).click();
  await page.getByRole('button', {name: 'Log out'}).waitFor();
}

/** Opens a window in which a persona is signed in. */
async function signedIn(t: TestContext, persona: string, options: BrowserContextOptions = {}): Promise<Page> {
  const page = await visit(t, options);
  await page.goto('/login');
  await logIn(page, persona);
  return page;
}

/** Lets an operation fail until noFaults, or the end of the test. */
async function fault(t: TestContext, operation: OperationId, what: string): Promise<void> {
  t.after(noFaults);
  const made = await fetch(`${address}/dev/v1/faults`, {
    method: 'POST', headers: {'Content-Type': 'application/json'}, body: JSON.stringify({operation, fault: what}),
  });
  assert.equal(made.status, 201);
}

/** Lets everything work again. */
async function noFaults(): Promise<void> {
  assert.equal((await fetch(`${address}/dev/v1/faults`, {method: 'DELETE'})).status, 204);
}

let made = 0;

/** Adds a product of which there are so many. */
async function product(units: number): Promise<Schemas['Product']> {
  const number = ++made;
  const created = unwrap(await staff.createProduct({
    body: {sku: `TEST-${number}`, name: `Zenith level Z${number}`, description: 'Made for a test.', price: {amount: 1000, currency: 'EUR'}},
  }));
  if (units > 0) unwrap(await staff.adjustStock({path: {productId: created.id}, body: {delta: units, reason: 'For a test'}}));
  return created;
}

/** Puts products into the basket by searching for them. */
async function fill(page: Page, ...products: Schemas['Product'][]): Promise<void> {
  for (const {name} of products) {
    await page.goto('/');
    await page.getByRole('searchbox').fill(name);
    await page.getByRole('button', {name: `Add ${name} to the basket`}).click();
  }
  await page.getByRole('link', {name: /^Basket/}).click();
}

/** Gives the id of the order whose page is shown. */
async function orderShown(page: Page): Promise<string> {
  await page.waitForURL(/\/orders\/./);
  return new URL(page.url()).pathname.split('/').at(-1)!;
}

const shown = (page: Page, text: string | RegExp): Promise<void> => page.getByText(text).first().waitFor();

test('a visitor searches, logs in where the order is placed, and finds the session after a reload', patience, async (t) => {
  const wanted = await product(5);
  const page = await visit(t);
  await page.goto('/');
  await page.getByRole('button', {name: 'Load more'}).click();
  await page.waitForFunction(() => document.querySelectorAll('.products > li').length > 12);
  await fill(page, wanted);
  await page.reload();
  await page.getByRole('link', {name: 'Log in to order'}).click();
  await logIn(page, 'customer');
  await page.getByRole('button', {name: 'Order for €10.00'}).click();
  const id = await orderShown(page);
  await shown(page, 'by customer');
  await page.reload();
  await page.getByRole('button', {name: 'Log out'}).waitFor();
  await page.getByRole('link', {name: 'Your orders'}).click();
  const {number} = unwrap(await staff.getOrder({path: {orderId: id}}));
  await page.getByRole('link', {name: number}).waitFor();
  assert.deepEqual(await page.evaluate(() => document.cookie), '');
});

test('an order follows what others do with it, and its buttons are what may be done', patience, async (t) => {
  const page = await signedIn(t, 'customer');
  await fill(page, await product(5));
  await page.getByRole('button', {name: /^Order for/}).click();
  const path = {orderId: await orderShown(page)};
  const buttons = (): Promise<string[]> => page.getByRole('group', {name: 'Actions'}).getByRole('button').allTextContents();
  await page.getByRole('button', {name: 'Cancel the order…'}).waitFor();
  assert.deepEqual(await buttons(), ['Cancel the order…']);
  unwrap(await payments.payOrder({path, body: {}}));
  await shown(page, 'by payments');
  unwrap(await staff.shipOrder({path, body: {tracking: 'PARCEL-1'}}));
  await shown(page, 'by staff');
  await shown(page, 'PARCEL-1');
  await page.locator('.actions').waitFor({state: 'detached'});
  assert.equal(await page.locator('.timeline li').count(), 3);
});

test('a price that changed meanwhile is shown and confirmed', patience, async (t) => {
  const wanted = await product(5);
  const page = await signedIn(t, 'customer');
  await fill(page, wanted);
  unwrap(await staff.updateProduct({path: {productId: wanted.id}, body: {price: {amount: 1250, currency: 'EUR'}}, ifMatch: wanted.version}));
  await page.getByRole('button', {name: 'Order for €10.00'}).click();
  await shown(page, 'The total is now €12.50.');
  await shown(page, '€12.50 each');
  await page.getByRole('button', {name: 'Order for €12.50'}).click();
  const order = unwrap(await staff.getOrder({path: {orderId: await orderShown(page)}}));
  assert.equal(order.total.amount, 1250);
});

test('what is short or no longer sold is shown at its line', patience, async (t) => {
  const [gone, short, fine] = [await product(5), await product(3), await product(5)];
  const page = await signedIn(t, 'customer');
  await fill(page, gone, short, fine);
  await page.getByLabel(`Quantity of ${short.name}`).fill('5');
  await page.getByRole('button', {name: /^Order for/}).click();
  const line = (of: Schemas['Product']) => page.getByRole('listitem').filter({hasText: of.name});
  await line(short).getByText('Only 3 left.').waitFor();
  assert.equal(await line(fine).getByRole('alert').count(), 0);
  await line(short).getByRole('button', {name: 'Take 3'}).click();
  unwrap(await staff.archiveProduct({path: {productId: gone.id}}));
  await page.getByRole('button', {name: /^Order for/}).click();
  await line(gone).getByText('no longer sold').waitFor();
  await line(gone).getByRole('button', {name: 'Remove'}).click();
  await page.getByRole('button', {name: 'Order for €40.00'}).click();
  await orderShown(page);
});

test('an order whose answer was lost is placed once, with the key of the first try', patience, async (t) => {
  const page = await signedIn(t, 'customer');
  await fill(page, await product(5));
  const keys: string[] = [];
  let losing = true;
  await page.route('**/api/v1/orders', async (route) => {
    keys.push(route.request().headers()['idempotency-key'] ?? '');
    if (!losing) return route.continue();
    await route.fetch(); // The service has it; the browser never hears of it.
    return route.abort();
  });
  await page.getByRole('button', {name: /^Order for/}).click();
  await shown(page, 'unreachable');
  losing = false;
  await page.getByRole('button', {name: 'Try again'}).click();
  await orderShown(page);
  assert.ok(keys.length > 1);
  assert.equal(new Set(keys).size, 1);
});

for (const lost of ['request', 'answer'] as const) {
  test(`an order whose ${lost} was lost is placed once, also when the page was loaded anew meanwhile`, patience, async (t) => {
    const page = await signedIn(t, 'customer');
    const wanted = await product(5);
    await fill(page, wanted);
    const keys: string[] = [];
    page.on('request', (request) => request.method() === 'POST' && request.url().endsWith('/orders') && keys.push(request.headers()['idempotency-key'] ?? ''));
    if (lost === 'request') await fault(t, 'createOrder', 'drop'); // The service does not hear of it.
    else {
      await page.route('**/api/v1/orders', async (route) => {
        await route.fetch(); // The browser does not hear of it.
        await route.abort();
      });
    }
    await page.getByRole('button', {name: 'Order for €10.00'}).click();
    await page.getByRole('button', {name: 'Try again'}).waitFor();
    await page.unroute('**/api/v1/orders');
    await noFaults();
    await page.reload();
    await page.getByRole('button', {name: 'Order for €10.00'}).click();
    await orderShown(page);
    assert.ok(keys.length > 1);
    assert.equal(new Set(keys).size, 1);
    const {available, reserved} = unwrap(await staff.getStock({path: {productId: wanted.id}}));
    assert.deepEqual([available, reserved], [4, 1], 'exactly one order');

    await fill(page, wanted);
    await page.getByRole('button', {name: 'Order for €10.00'}).click();
    await orderShown(page);
    assert.equal(new Set(keys).size, 2, 'the same once more is another order');
  });
}

test('a basket that has changed, and an order that was refused, have another key', patience, async (t) => {
  const page = await signedIn(t, 'customer');
  const wanted = await product(1);
  await fill(page, wanted);
  const keys = new Set<string>();
  page.on('request', (request) => request.method() === 'POST' && request.url().endsWith('/orders') && keys.add(request.headers()['idempotency-key'] ?? ''));
  await fault(t, 'createOrder', 'drop');
  await page.getByRole('button', {name: 'Order for €10.00'}).click();
  await page.getByRole('button', {name: 'Try again'}).waitFor();
  assert.equal(keys.size, 1);
  await noFaults();
  await page.getByLabel(`Quantity of ${wanted.name}`).fill('2');
  await page.getByRole('button', {name: 'Order for €20.00'}).click();
  await shown(page, 'Only 1 left.');
  assert.equal(keys.size, 2);
  unwrap(await staff.adjustStock({path: {productId: wanted.id}, body: {delta: 1, reason: 'For a test'}}));
  await page.getByRole('button', {name: 'Order for €20.00'}).click();
  await orderShown(page);
  assert.equal(keys.size, 3);
});

test('who must log in anew between the tries orders once', patience, async (t) => {
  const page = await signedIn(t, 'customer2');
  const wanted = await product(5);
  await fill(page, wanted);
  await page.route('**/api/v1/orders', async (route) => {
    await route.fetch();
    await route.abort();
  });
  await page.getByRole('button', {name: 'Order for €10.00'}).click();
  await page.getByRole('button', {name: 'Try again'}).waitFor();
  await page.unroute('**/api/v1/orders');
  unwrap(await (await caller('customer2')).revokeOtherSessions());
  await fault(t, 'createOrder', 'problem=unauthenticated'); // The access token would have its time.
  await page.getByRole('button', {name: 'Try again'}).click();
  await page.waitForURL(/\/login\?to=%2Fbasket/);
  await noFaults();
  await logIn(page, 'customer2');
  await page.getByRole('button', {name: 'Order for €10.00'}).click();
  await orderShown(page);
  assert.equal(unwrap(await staff.getStock({path: {productId: wanted.id}})).reserved, 1);
});

test('the quantity can be written anew, and more than may be ordered at once is no shortage', patience, async (t) => {
  const page = await signedIn(t, 'customer');
  const wanted = await product(5);
  await fill(page, wanted);
  const quantity = page.getByLabel(`Quantity of ${wanted.name}`);
  await quantity.press('End');
  await quantity.press('Backspace');
  await quantity.pressSequentially('3');
  await page.getByRole('button', {name: 'Order for €30.00'}).waitFor();
  await quantity.fill('');
  await quantity.blur();
  assert.equal(await quantity.inputValue(), '3');
  await quantity.fill('1001');
  await page.getByRole('button', {name: /^Order for/}).click();
  await page.getByRole('listitem').getByRole('alert').waitFor();
  assert.equal(await page.getByText(/left\./).count(), 0);
});

test('errors of a registration are at their fields, and the first has the focus', patience, async (t) => {
  const page = await visit(t);
  await page.goto('/register');
  await page.getByLabel('Name').fill('Ada Lovelace');
  await page.getByLabel('E-mail address').fill('nobody');
  await page.getByLabel('Password').fill('short');
  await page.getByRole('button', {name: 'Open the account'}).click();
  const email = page.getByLabel('E-mail address');
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'email');
  assert.equal(await email.getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Password').getAttribute('aria-invalid'), 'true');
  assert.equal(await page.getByLabel('Name').getAttribute('aria-invalid'), null);
  assert.equal(await page.getByRole('alert').count(), 0, 'every error has a field');
  await email.fill('ada@plumbline.test');
  await page.getByLabel('Password').fill('three old brass plummets');
  await page.getByRole('button', {name: 'Open the account'}).click();
  await page.getByRole('button', {name: 'Log out'}).waitFor();
  await shown(page, 'Ada Lovelace');
});

test('the login works by keyboard alone and shows a refusal in one place', patience, async (t) => {
  const page = await visit(t);
  await page.goto('/orders');
  await page.waitForURL(/\/login/);
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'email');
  await page.keyboard.type('customer@plumbline.test');
  await page.keyboard.press('Tab');
  await page.keyboard.type('not the password');
  await page.keyboard.press('Enter');
  await page.getByRole('alert').getByText('request').waitFor();
  await page.keyboard.press('Control+A');
  await page.keyboard.type(password);
  await page.keyboard.press('Tab');
  await page.keyboard.press('Enter');
  await page.getByRole('heading', {name: 'Your orders'}).waitFor();
});

test('a session that was ended elsewhere leads to the login and back', patience, async (t) => {
  const page = await visit(t);
  await page.goto('/login?to=/orders');
  await logIn(page, 'customer2');
  const elsewhere = await caller('customer2');
  unwrap(await elsewhere.revokeOtherSessions());
  await page.goto('/basket');
  await page.goto('/orders');
  await page.waitForURL(/\/login\?to=%2Forders/);
  await logIn(page, 'customer2');
  await page.getByRole('heading', {name: 'Your orders'}).waitFor();
});

test('without the services a notice offers another try', patience, async (t) => {
  const page = await visit(t);
  await page.route('**/api/v1/products?**', (route) => route.abort());
  await page.goto('/');
  await page.getByRole('button', {name: 'Try again'}).waitFor();
  await page.unroute('**/api/v1/products?**');
  await page.getByRole('button', {name: 'Try again'}).click();
  await page.getByRole('button', {name: /^Add /}).first().waitFor();
});

test('an overloaded service says when to try again, and the next try is a search of its own', patience, async (t) => {
  const page = await visit(t);
  await page.addInitScript(() => {
    new MutationObserver(() => {
      for (const button of document.querySelectorAll('.notice button:disabled')) document.documentElement.dataset['waited'] = button.textContent;
    }).observe(document, {childList: true, subtree: true, characterData: true, attributes: true, attributeFilter: ['disabled']});
  });
  await page.goto('/');
  await page.getByRole('button', {name: 'Load more'}).waitFor();
  await fault(t, 'listProducts', 'problem=overloaded');
  await page.getByRole('searchbox').fill('plumb bob');
  await page.getByRole('alert').getByText('overloaded').waitFor();
  assert.equal(await page.locator('.products > li').count(), 0, 'those of the search before are no answer');
  const again = page.getByRole('button', {name: 'Try again', exact: true, disabled: false});
  await again.waitFor();
  assert.match(await page.evaluate(() => document.documentElement.dataset['waited'] ?? ''), /^Try again in \d+ s$/);
  await noFaults();
  const asked = page.waitForRequest(/\/api\/v1\/products\?/);
  await again.click();
  assert.equal(new URL((await asked).url()).searchParams.get('cursor'), null);
  await page.getByRole('button', {name: /^Add .* plumb bob/}).first().waitFor();
});

test('staff filter orders by the days of where they are', patience, async (t) => {
  const page = await signedIn(t, 'staff', {timezoneId: 'Asia/Tokyo'});
  const day = (at: number): string => new Date(at + 9 * 3_600_000).toISOString().slice(0, 10);
  const start = (date: string): number => Date.parse(`${date}T00:00+09:00`);
  const orders: Schemas['Order'][] = [];
  for await (const order of staff.pages.listOrders({query: {limit: 100}})) orders.push(order);
  const times = orders.map((order) => Date.parse(order.created_at)).sort((a, b) => a - b);
  const [from, before] = [day(times[0]! + 86_400_000), day(times.at(-1)!)];
  const wanted = orders.filter(({created_at}) => Date.parse(created_at) >= start(from) && Date.parse(created_at) < start(before)).map((order) => order.number);
  assert.ok(wanted.length > 0 && wanted.length < orders.length);
  await page.goto('/staff/orders');
  await page.getByLabel('From').fill(from);
  const filtered = page.waitForResponse((response) => response.url().includes('created_from=') && response.url().includes('created_before='));
  await page.getByLabel('Before').fill(before);
  await filtered;
  const [first, last] = [wanted[0]!, wanted.at(-1)!];
  await page.getByRole('link', {name: first}).waitFor();
  while (await page.getByRole('button', {name: 'Load more'}).count() > 0) {
    await page.getByRole('button', {name: 'Load more', disabled: false}).click();
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
  }
  await page.getByRole('link', {name: last}).waitFor();
  assert.deepEqual(await page.locator('.orders a').allTextContents(), wanted);
  await page.getByLabel('Before').fill(day(times[0]!));
  await shown(page, 'No order is like that.');
});

test('staff add a product, and take it out of the catalog', patience, async (t) => {
  const page = await signedIn(t, 'staff');
  await page.getByRole('link', {name: 'Stock'}).click();
  await page.getByRole('button', {name: 'New product…'}).click();
  const add = page.getByRole('button', {name: 'Add the product'});
  await page.getByLabel('SKU').fill('NEW-1');
  await page.getByLabel('Name').fill('Anvil, small');
  await page.getByLabel('Price in EUR').fill('a lot');
  await add.click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'price');
  await page.getByLabel('Price in EUR').fill('129.50');
  await add.click();
  await page.getByRole('button', {name: 'Open Anvil, small'}).waitFor();
  const added = unwrap(await staff.listProducts({query: {q: 'Anvil, small'}})).items[0]!;
  assert.deepEqual([added.sku, added.price], ['NEW-1', {amount: 12_950, currency: 'EUR'}]);

  await page.getByRole('button', {name: 'New product…'}).click();
  await page.getByLabel('SKU').fill('NEW-1');
  await page.getByLabel('Name').fill('Another');
  await page.getByLabel('Price in EUR').fill('1');
  await add.click();
  await page.getByRole('alert').getByText('sku_taken').waitFor();
  await page.getByRole('button', {name: 'New product…'}).click();

  await page.getByRole('button', {name: 'Open Anvil, small'}).click();
  await page.getByRole('button', {name: 'Take it out of the catalog'}).click();
  await page.getByRole('button', {name: 'Open Anvil, small'}).waitFor({state: 'detached'});
  await page.getByLabel('State').selectOption('archived');
  await page.getByRole('button', {name: 'Open Anvil, small'}).click();
  await page.getByText('Reserved').waitFor();
  assert.equal(await page.getByRole('button', {name: 'Take it out of the catalog'}).count(), 0);
  assert.equal(unwrap(await staff.getProduct({path: {productId: added.id}})).status, 'archived');
  await page.getByLabel('Search').fill('there is no such thing');
  await shown(page, 'No product is like that.');
});

test('staff find an order, ship and deliver it', patience, async (t) => {
  const customer = await caller('customer');
  const wanted = await product(5);
  const order = unwrap(await customer.createOrder({body: {items: [{product_id: wanted.id, quantity: 1}]}}));
  unwrap(await payments.payOrder({path: {orderId: order.id}, body: {}}));
  const page = await signedIn(t, 'staff');
  await page.getByRole('link', {name: 'All orders'}).click();
  await page.getByLabel('State').selectOption('paid');
  await page.getByRole('link', {name: order.number}).click();
  await page.getByRole('button', {name: 'Ship…'}).click();
  await page.getByLabel('Number of the parcel').fill('not a number!');
  await page.getByRole('button', {name: 'Ship', exact: true}).click();
  await page.locator('[aria-invalid=true]').waitFor();
  await page.getByLabel('Number of the parcel').fill('PARCEL-2');
  await page.getByRole('button', {name: 'Ship', exact: true}).click();
  await page.getByRole('button', {name: 'Mark as delivered…'}).click();
  await page.getByRole('button', {name: 'Mark as delivered', exact: true}).click();
  await page.getByRole('button', {name: 'Refund…'}).click();
  await page.getByLabel('Amount').fill('4.00');
  await page.getByLabel('Reason').fill('A scratch');
  await page.getByRole('button', {name: 'Refund', exact: true}).click();
  await shown(page, /A scratch/);
  assert.equal(unwrap(await customer.getOrder({path: {orderId: order.id}})).refunded.amount, 400);
});

test('payments record a payment', patience, async (t) => {
  const customer = await caller('customer');
  const order = unwrap(await customer.createOrder({body: {items: [{product_id: (await product(5)).id, quantity: 1}]}}));
  const page = await signedIn(t, 'payments');
  await page.getByRole('link', {name: 'Payments'}).click();
  await page.getByLabel('Reference of the payment').fill('PAY-1');
  await page.getByRole('button', {name: 'Record the payment'}).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'order');
  await page.getByLabel('Id of the order').fill(order.id);
  await page.getByLabel('Reference of the payment').fill('PAY-1');
  await page.getByRole('button', {name: 'Record the payment'}).click();
  await page.getByRole('status').getByText(order.number).waitFor();
  assert.equal(unwrap(await customer.getOrder({path: {orderId: order.id}})).status, 'paid');
});

test('a product that somebody else has changed is shown before it is overwritten', patience, async (t) => {
  const wanted = await product(0);
  const page = await signedIn(t, 'staff');
  const open = async (): Promise<void> => {
    await page.goto('/staff/catalog');
    await page.getByLabel('Search').fill(wanted.sku);
    await page.getByRole('button', {name: `Open ${wanted.name}`}).click();
  };
  await open();
  const theirs = unwrap(await staff.updateProduct({path: {productId: wanted.id}, body: {description: 'Theirs.'}, ifMatch: wanted.version}));
  await page.getByLabel('Price in EUR').fill('11.00');
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByRole('alert').getByText('Theirs.').waitFor();
  await page.getByRole('button', {name: 'Overwrite with mine'}).click();
  await page.getByText('€11.00').waitFor();
  const mine = unwrap(await staff.getProduct({path: {productId: wanted.id}}));
  assert.deepEqual([mine.description, mine.price.amount, mine.version], [wanted.description, 1100, theirs.version + 1]);

  await open();
  unwrap(await staff.updateProduct({path: {productId: wanted.id}, body: {description: 'Theirs again.'}, ifMatch: mine.version}));
  await page.getByRole('button', {name: 'Save'}).click();
  await page.getByRole('button', {name: 'Take theirs'}).click();
  assert.equal(await page.getByLabel('Description').inputValue(), 'Theirs again.');
});

test('stock is adjusted with a reason', patience, async (t) => {
  const wanted = await product(2);
  const page = await signedIn(t, 'staff');
  await page.goto('/staff/catalog');
  await page.getByLabel('Search').fill(wanted.sku);
  await page.getByRole('button', {name: `Open ${wanted.name}`}).click();
  await page.getByLabel(/^Units to add/).fill('many');
  await page.getByRole('button', {name: 'Adjust the stock'}).click();
  await page.getByRole('textbox', {name: /^Units to add/, disabled: false}).and(page.locator('[aria-invalid=true]')).waitFor();
  await page.getByLabel(/^Units to add/).fill('7');
  await page.getByLabel('Reason').fill('Found in the cellar');
  await page.getByRole('button', {name: 'Adjust the stock'}).click();
  await shown(page, /\+7 · Found in the cellar/);
  assert.equal(unwrap(await staff.getStock({path: {productId: wanted.id}})).available, 9);
});

test('the development server shows the catalog', patience, async (t) => {
  const server = await createServer({root, logLevel: 'warn', server: {port: 0}});
  t.after(() => server.close());
  await server.listen();
  const page = await visit(t, {}, `http://127.0.0.1:${(server.httpServer!.address() as AddressInfo).port}`);
  await page.goto('/');
  await page.getByRole('button', {name: /^Add /}).first().waitFor();
});

test('every page fits a phone and a desktop, in light and dark', patience, async (t) => {
  const folder = process.env['SCREENSHOTS'] ?? await mkdtemp(join(tmpdir(), 'storefront-screenshots-'));
  t.diagnostic(`screenshots are in ${folder}`);
  const customer = await caller('customer');
  const order = unwrap(await customer.listOrders({query: {status: 'shipped', limit: 1}})).items[0]!;
  const page = await visit(t);
  const take = async (name: string): Promise<void> => {
    await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
    for (const [size, viewport] of Object.entries({phone, desktop})) {
      await page.setViewportSize(viewport);
      const wide = await page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
      assert.ok(wide <= 0, `${name} is ${wide} pixels too wide for a ${size}`);
      for (const colorScheme of ['light', 'dark'] as const) {
        await page.emulateMedia({colorScheme});
        await page.evaluate(() => scrollTo(0, 0));
        await page.screenshot({path: join(folder, `${name}-${size}-${colorScheme}.png`)});
      }
    }
  };
  await page.goto('/');
  const sold = page.getByRole('button', {name: /^Add /, disabled: false});
  await sold.first().click();
  await sold.last().click();
  await take('catalog');
  await page.goto('/basket');
  await page.getByRole('link', {name: 'Log in to order'}).waitFor();
  await take('basket');
  await page.goto('/register');
  await page.getByRole('button', {name: 'Open the account'}).click();
  await page.locator('[aria-invalid=true]').first().waitFor();
  await take('register');
  await page.goto('/login');
  await logIn(page, 'staff');
  await page.goto(`/orders/${order.id}`);
  await page.getByText('by staff').first().waitFor();
  await take('order');
  await page.goto('/staff/orders');
  await page.locator('.orders > li').first().waitFor();
  await take('orders');
  await page.goto('/staff/catalog');
  await page.getByRole('button', {name: /^Open /}).nth(3).click();
  await page.getByText('Reserved').waitFor();
  await take('stock');
});
