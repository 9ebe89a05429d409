// How the pages look.
import assert from 'node:assert/strict';
import {mkdtemp} from 'node:fs/promises';
import type {AddressInfo} from 'node:net';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {test} from 'node:test';
import {unwrap} from '@plumbline/client';
import {createServer} from 'vite';
import {password} from '../../../clients/typescript/test/program.js';
import {caller, desktop, logIn, patience, phone, root, visit} from './site';

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
  await page.goto('/forgot-password');
  await take('forgot-password');
  await page.goto(`/reset-password#token=${'x'.repeat(43)}`);
  await take('reset-password');
  await page.goto(`/verify-email#token=${'x'.repeat(43)}`);
  await page.getByRole('button', {name: 'Verify it'}).click();
  await page.getByRole('alert').waitFor();
  await take('verify-email');
  await page.goto(`/confirm-email-change#token=${'x'.repeat(43)}`);
  await page.getByRole('button', {name: 'Change to it'}).click();
  await page.getByRole('alert').waitFor();
  await take('confirm-email-change');
  await page.goto('/login');
  await logIn(page, 'staff');
  await page.goto('/account');
  await page.getByText('Logged in').first().waitFor();
  await page.getByRole('button', {name: 'Delete the account…'}).click();
  await take('account');
  await page.goto('/security');
  await page.getByRole('button', {name: 'End all others'}).waitFor();
  await page.getByRole('button', {name: 'Set it up…'}).click();
  await page.getByRole('region', {name: 'Second factor'}).getByLabel('Password').fill(password);
  await page.getByRole('button', {name: 'Go on'}).click();
  await page.getByRole('img', {name: 'The secret as a QR code'}).waitFor();
  await take('security');
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
