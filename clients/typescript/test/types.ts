// What the compiler must take and must refuse. Nothing here runs: `tsc` fails when a line that is marked as wrong is right.
import {unwrap, type Client, type ClientProblem, type Input, type OperationId, type Problem, type Result, type Schemas} from '../src/index.js';

type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <T extends true>(): T | undefined => undefined;

export async function results(client: Client, order: Schemas['Order']): Promise<void> {
  const placed = await client.createOrder({body: {items: [{product_id: order.id, quantity: 1}]}});
  // @ts-expect-error: there is data only when it went well
  placed.data;
  // @ts-expect-error: there is a problem only when it did not
  placed.problem;
  same<Same<typeof placed.idempotencyKey, string>>();
  if (placed.ok) {
    same<Same<typeof placed.status, 201>>();
    same<Same<typeof placed.data, Schemas['Order']>>();
    // @ts-expect-error: an order has no such member
    placed.data.price;
    return;
  }
  const {problem} = placed;
  // @ts-expect-error: no operation has this code
  problem.code === 'out_of_stocks';
  // @ts-expect-error: the code of an operation that places no order
  problem.code === 'sku_was_taken';
  // @ts-expect-error: a code of the other service
  problem.code === 'email_taken';
  // @ts-expect-error: a code of the service, and of operations on orders that there are
  problem.code === 'order_state';
  if (problem.code === 'price_changed') same<Same<typeof problem.status, 409>>();
  if (problem.status === 404) {
    // @ts-expect-error: the document of createOrder lists no 404, so nothing is known of one
    problem.code === 'order_not_found';
  }
  if (problem.code === 'unreachable') same<Same<typeof problem, ClientProblem>>();

  const deleted = await client.deleteWebhook({path: {webhookId: order.id}});
  if (deleted.ok) same<Same<typeof deleted.data, undefined>>();
  // @ts-expect-error: it takes no key, so there is none
  deleted.idempotencyKey;

  const changed = await client.updateProduct({path: {productId: order.id}, body: {name: 'x'}, ifMatch: 1});
  if (!changed.ok) {
    // @ts-expect-error: only version_changed has it
    changed.problem.current;
    if (changed.problem.code === 'version_changed') same<Same<typeof changed.problem.current, Schemas['Product']>>();
  }
  same<Same<Extract<Problem<'getOrder'>, {status: 404}>['code'], 'order_not_found'>>();
  same<Same<Extract<Problem<'createWebhook'>, {status: 409}>['code'], 'too_many_webhooks'>>();
  same<Same<Extract<Problem<'createOrder'>, {status: 409}>['code'], 'out_of_stock' | 'price_changed' | 'product_unavailable' | 'mixed_currencies' | 'too_many_open_orders' | 'too_many_reserved_units' | 'idempotency_key_in_use'>>();
  same<Same<Extract<Problem<'createOrder'>, {status: 503}>['code'], 'overloaded' | 'timeout' | 'unavailable' | 'customers_unavailable'>>();
  same<Same<Extract<Problem<'endSession'>, {status: 503}>['code'], 'timeout' | 'unavailable'>>();
}

export async function inputs(client: Client, id: string): Promise<void> {
  await client.listProducts();
  await client.listProducts({query: {q: undefined, limit: 5}, timeout: 10, signal: undefined});
  await client.cancelOrder({path: {orderId: id}});
  await client.startSession({body: {email: id, password: id}});
  // @ts-expect-error: it needs a path
  await client.getOrder();
  // @ts-expect-error: it needs that parameter
  await client.getOrder({path: {id}});
  // @ts-expect-error: it needs a body
  await client.createOrder({});
  // @ts-expect-error: it has no such filter
  await client.listProducts({query: {colour: 'red'}});
  // @ts-expect-error: that is no state of an order
  await client.listOrders({query: {status: 'lost'}});
  // @ts-expect-error: it takes no key
  await client.cancelOrder({path: {orderId: id}, idempotencyKey: id});
  // @ts-expect-error: it takes no version
  await client.cancelOrder({path: {orderId: id}, ifMatch: id});

  const pathed = await client.POST('/api/v1/orders', {body: {items: []}});
  same<Same<typeof pathed, Awaited<ReturnType<Client['createOrder']>>>>();
  // @ts-expect-error: the path has no such method
  await client.DELETE('/api/v1/orders');
  // @ts-expect-error: there is no such path
  await client.GET('/api/v1/order');
}

// What wraps every operation has its types, too.
export async function wrapped<K extends OperationId>(client: Client, id: K, input: Input<K>): Promise<Result<K>> {
  return client.call(id, input);
}

export async function called(client: Client, id: string, any: OperationId): Promise<void> {
  same<Same<Awaited<ReturnType<typeof wrapped<'createOrder'>>>, Awaited<ReturnType<Client['createOrder']>>>>();
  const named = await client.call('getOrder', {path: {orderId: id}});
  same<Same<typeof named, Awaited<ReturnType<Client['getOrder']>>>>();
  await client.call('listProducts');
  await client.call(any, {path: {orderId: id}, body: {items: []}} as Input<typeof any>);
  // @ts-expect-error: it needs a path
  await client.call('getOrder');
  // @ts-expect-error: that is the input of another operation
  await client.call('getOrder', {path: {productId: id}});
  // @ts-expect-error: there is no such operation
  await client.call('getOrders');
}

export async function sequences(client: Client, id: string): Promise<void> {
  for await (const order of client.pages.listOrders()) same<Same<typeof order, Schemas['Order']>>();
  for await (const page of client.pages.listUsers({query: {role: 'staff'}}).pages()) same<Same<typeof page, Schemas['AdminUserList']>>();
  for await (const event of client.streams.listOrderEvents({path: {orderId: id}, lastEventId: '1'})) same<Same<typeof event, Schemas['OrderEvent']>>();
  // @ts-expect-error: that is no list
  client.pages.getOrder({path: {orderId: id}});
  // @ts-expect-error: that is no stream
  client.streams.listOrders();
  const bytes = unwrap(await client.exportOrders());
  same<Same<typeof bytes, ReadableStream<Uint8Array>>>();
}
