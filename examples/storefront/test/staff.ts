// What those do who work for the shop.
import assert from 'node:assert/strict';
import {test} from 'node:test';
import {unwrap, type Schemas} from '@plumbline/client';
import {caller, patience, payments, product, shown, signedIn, staff} from './site';

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
  await page.getByRole('link', {name: 'Payments', exact: true}).click();
  await page.getByLabel('Reference of the payment').fill(`PAY-${order.number}`);
  await page.getByLabel('Amount in EUR').fill(String((order.total.amount - 1) / 100));
  await page.getByRole('button', {name: 'Record the payment'}).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'order');
  await page.getByLabel('Id of the order').fill(order.id);
  await page.getByLabel('Reference of the payment').fill(`PAY-${order.number}`);
  await page.getByRole('button', {name: 'Record the payment'}).click();
  await page.waitForFunction(() => document.activeElement?.getAttribute('name') === 'amount');
  await page.getByLabel('Amount in EUR').fill(String(order.total.amount / 100));
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
