import assert from 'node:assert/strict';
import {test} from 'node:test';
import {unwrap, type Client, type Schemas} from '../src/index.js';
import {Versions} from '../src/versions.js';
import {signedIn} from './arrange.js';

/** Adds a product that no other test touches. */
async function newProduct(client: Client): Promise<Schemas['Product']> {
  const sku = `TS-${crypto.randomUUID()}`;
  return unwrap(await client.createProduct({body: {sku, name: 'A line', price: {amount: 100, currency: 'EUR'}}}));
}

test('the version that was seen last is sent, wherever it was seen', async (t) => {
  const {client, way} = await signedIn(t, 'staff');
  const {id: productId} = await newProduct(client);
  const change = () => client.updateProduct({path: {productId}, body: {name: 'Another line'}});
  assert.ok((await change()).ok, 'known from its making');
  assert.ok((await change()).ok, 'known from the change');
  unwrap(await client.archiveProduct({path: {productId}}));
  assert.ok((await change()).ok, 'known from what was done to it');
  assert.deepEqual(way.of('PATCH', productId).map((p) => p.headers['if-match']), ['"1"', '"2"', '"4"']);
});

test('a change of what has changed since is refused with what it is now, until that is named', async (t) => {
  const {client} = await signedIn(t, 'staff');
  const other = await signedIn(t, 'staff');
  const product = await newProduct(client);
  const path = {productId: product.id};
  unwrap(await other.client.updateProduct({path, body: {name: 'Theirs'}, ifMatch: product.version}));

  for (let i = 0; i < 2; i++) { // The refusal is no reading: to insist takes a decision.
    const refused = await client.updateProduct({path, body: {name: 'Ours'}});
    assert.ok(!refused.ok && refused.problem.code === 'version_changed');
    assert.equal(refused.problem.current.name, 'Theirs');
  }
  unwrap(await client.getProduct({path}));
  const changed = await client.updateProduct({path, body: {name: 'Ours'}, ifMatch: '"2"'});
  assert.ok(changed.ok && changed.data.version === 3);
});

test('what was never seen has no version, and nothing has one after the session', async (t) => {
  const {client} = await signedIn(t, 'staff');
  const other = await signedIn(t, 'staff');
  const {id: productId} = await newProduct(other.client);
  const unseen = await client.updateProduct({path: {productId}, body: {name: 'Unseen'}});
  assert.ok(!unseen.ok && unseen.problem.code === 'precondition_required');

  const tokens = other.client.session.tokens;
  assert.ok(tokens);
  other.client.session.forget();
  other.client.session.restore(tokens);
  const forgotten = await other.client.updateProduct({path: {productId}, body: {name: 'Forgotten'}});
  assert.ok(!forgotten.ok && forgotten.problem.code === 'precondition_required');
});

test('the memory of versions is bounded, and keeps what is used', () => {
  const versions = new Versions();
  for (let i = 0; i < 1000; i++) versions.remember(`/${i}`, `"${i}"`);
  assert.equal(versions.of('/0'), '"0"');
  versions.remember('/1000', '"1000"');
  assert.equal(versions.of('/0'), '"0"');
  assert.equal(versions.of('/1'), undefined);
  assert.equal(versions.of('/1000'), '"1000"');
});
