// What customers do.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {unwrap, type Schemas} from '@plumbline/client';
import {password} from '../../../clients/typescript/test/program.js';
import {caller, fault, fill, logIn, noFaults, orderShown, patience, payments, product, shown, signedIn, staff, visit} from './site';

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
  await page.getByRole('alert').getByText('overloaded', { exact: true }).waitFor();
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
