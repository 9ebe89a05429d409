// Takes the pictures of the README anew. `make run` and `make storefront` have to be running; pngquant makes the pictures small.
//
//   node docs/pictures/take.mjs
import {execFileSync} from 'node:child_process';
import {createRequire} from 'node:module';
import {fileURLToPath} from 'node:url';

const require = createRequire(new URL('../../examples/storefront/package.json', import.meta.url));
const {chromium} = require('playwright-core');
const services = `http://${process.env.PLUMBLINE_ADDR ?? '127.0.0.1:8080'}`;
const shop = 'http://127.0.0.1:5173';

const browser = await chromium.launch({executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium', args: ['--no-sandbox']});
const context = await browser.newContext({viewport: {width: 1120, height: 815}, deviceScaleFactor: 2, locale: 'en-IE', colorScheme: 'light'});
const page = await context.newPage();

async function take(name) {
  const path = fileURLToPath(new URL(`${name}.png`, import.meta.url));
  await page.mouse.move(0, 0);
  await page.screenshot({path, animations: 'disabled'});
  execFileSync('pngquant', ['--force', '--strip', '--ext', '.png', '--speed', '1', '128', path]);
}

await page.goto(`${services}/docs?persona=customer&urls.primaryName=orders`);
const operation = page.locator('#operations-orders-createOrder');
await operation.locator('.opblock-summary-control').click();
await operation.locator('.opblock-body').waitFor();
await page.evaluate(() => {
  document.activeElement.blur();
  scrollTo(0, document.querySelector('#operations-orders-createOrder').getBoundingClientRect().top + scrollY - 14);
});
await take('swagger-ui');

await page.goto(shop);
await page.getByRole('button', {name: /^Add /, disabled: false}).first().click();
await page.waitForFunction(() => !document.querySelector('[aria-busy=true]'));
await take('storefront');

await browser.close();
