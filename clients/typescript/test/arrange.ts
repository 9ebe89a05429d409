import type {TestContext} from 'node:test';
import {createClient, unwrap, type Client, type Options, type Schemas} from '../src/index.js';
import {password, program} from './program.js';
import {Way} from './way.js';

/** Gives a client on a way of its own, both closed at the end of the test. */
export async function arrange(t: TestContext, options: Options = {}): Promise<{client: Client; way: Way}> {
  const way = await Way.open((await program()).address);
  const client = createClient({baseUrl: way.address, ...options});
  t.after(() => {
    client.close();
    way.close();
  });
  return {client, way};
}

/** Signs a persona in. */
export async function signIn(client: Client, persona: string): Promise<void> {
  unwrap(await client.startSession({body: {email: `${persona}@plumbline.test`, password}}));
}

/** Gives a client that a persona is signed in to. */
export async function signedIn(t: TestContext, persona: string, options: Options = {}): Promise<{client: Client; way: Way}> {
  const arranged = await arrange(t, options);
  await signIn(arranged.client, persona);
  return arranged;
}

/** Gives a product that can be ordered. */
export async function someProduct(client: Client): Promise<Schemas['Product']> {
  for await (const product of client.pages.listProducts()) if (product.available > 50) return product;
  throw new Error('there is nothing to order');
}

/** Places an order of one piece. */
export async function someOrder(client: Client): Promise<Schemas['Order']> {
  return unwrap(await client.createOrder({body: {items: [{product_id: (await someProduct(client)).id, quantity: 1}]}}));
}

/** A clock that goes on only when it is told to. */
export class Clock {
  #ahead = 0;
  /** The time in milliseconds since 1970. */
  readonly now = (): number => Date.now() + this.#ahead;
  /** Lets time pass. */
  pass(ms: number): void {
    this.#ahead += ms;
  }
}
