import assert from 'node:assert/strict';
import {test} from 'node:test';
import {ProblemError, unwrap} from '../src/index.js';
import {arrange, signedIn} from './arrange.js';
import {refusal} from './way.js';

test('a list goes over all its pages, and fetches none before it is needed', async (t) => {
  const {client, way} = await signedIn(t, 'staff');
  const whole = unwrap(await client.listProducts({query: {limit: 100}})).items.map((p) => p.id);
  assert.ok(whole.length > 6);

  const found: string[] = [];
  for await (const product of client.pages.listProducts({query: {limit: 3}})) found.push(product.id);
  assert.deepEqual(found, whole);
  const sizes: number[] = [];
  for await (const page of client.pages.listProducts({query: {limit: 5}}).pages()) sizes.push(page.items.length);
  assert.equal(sizes.reduce((a, b) => a + b), whole.length);
  assert.equal(sizes[0], 5);

  const before = way.of('GET', '/products').length;
  for await (const product of client.pages.listProducts({query: {limit: 3}})) if (product.id === whole[2]) break;
  assert.equal(way.of('GET', '/products').length, before + 1);
});

test('a list that fails on a later page says so', async (t) => {
  const {client, way} = await arrange(t);
  const found: string[] = [];
  await assert.rejects(async () => {
    for await (const product of client.pages.listProducts({query: {limit: 2}})) {
      if (found.push(product.id) === 2) way.meets('GET', '/products', refusal(500, 'internal'));
    }
  }, (failure) => failure instanceof ProblemError && failure.problem.code === 'internal' && failure.response?.status === 500);
  assert.equal(found.length, 2);
});
