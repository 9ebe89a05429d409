// What the people of the shop see: all orders, the catalog with its stock, and payments.
import type {Schemas} from '@plumbline/client';
import {useCallback, useState} from 'react';
import {Actions} from './Actions';
import {client, useLoaded, usePages, type Failure} from './api';
import {useSettled} from './Catalog';
import {entered, Field, Form, Notice, TextField} from './form';
import {amountOf, decimal, price, time} from './format';
import {OrderList, Status} from './Orders';
import {useRole} from './session';

type Product = Schemas['Product'];

const states: Schemas['OrderStatus'][] = ['pending', 'paid', 'shipped', 'delivered', 'cancelled', 'expired', 'refunded'];

/** All orders, by state and day. What can be done with one is on its page. */
export function StaffOrders() {
  const [status, setStatus] = useState<Schemas['OrderStatus']>();
  const [from, setFrom] = useState('');
  const [before, setBefore] = useState('');
  const day = (text: string): string | undefined => text ? new Date(`${text}T00:00`).toISOString() : undefined;
  const orders = usePages(useCallback((cursor, signal) => client.listOrders({
    query: {status, created_from: day(from), created_before: day(before), limit: 10, cursor}, signal,
  }), [status, from, before]));
  return (
    <>
      <h1>All orders</h1>
      <div className="filters" role="group" aria-label="Filters">
        <label>State
          <select value={status ?? ''} onChange={(event) => setStatus(states.find((state) => state === event.target.value))}>
            <option value="">Any</option>
            {states.map((state) => <option key={state}>{state}</option>)}
          </select>
        </label>
        <label>From <input type="date" value={from} onChange={(event) => setFrom(event.target.value)} /></label>
        <label>Before <input type="date" value={before} onChange={(event) => setBefore(event.target.value)} /></label>
      </div>
      <OrderList orders={orders} none="No order is like that." />
    </>
  );
}

/** The catalog as those see it who keep it. */
export function StaffCatalog() {
  const [text, setText] = useState('');
  const [status, setStatus] = useState<'active' | 'archived'>('active');
  const [open, setOpen] = useState<string>();
  const q = useSettled(text.trim());
  const products = usePages(useCallback((cursor, signal) => client.listProducts({
    query: {q: q || undefined, status, limit: 20, cursor}, signal,
  }), [q, status]));
  const mayEdit = useRole('staff');
  const done = (): void => {
    setOpen(undefined);
    products.reload();
  };
  return (
    <>
      <div className="bar">
        <h1>Stock</h1>
        {mayEdit && <button aria-expanded={open === 'new'} onClick={() => setOpen(open === 'new' ? undefined : 'new')}>New product…</button>}
      </div>
      <div className="filters" role="group" aria-label="Filters">
        <label>Search <input type="search" maxLength={100} value={text} onChange={(event) => setText(event.target.value)} /></label>
        <label>State
          <select value={status} onChange={(event) => setStatus(event.target.value === 'archived' ? 'archived' : 'active')}>
            <option value="active">for sale</option>
            <option value="archived">archived</option>
          </select>
        </label>
      </div>
      {open === 'new' && <section className="card" aria-label="New product"><NewProduct done={done} /></section>}
      <ul className="orders" aria-busy={products.loading}>
        {products.items.map((product) => (
          <li key={product.id} className="card">
            <strong className="grow">{product.name} <small>{product.sku}</small></strong>
            <small>{product.available} available</small>
            <strong className="price">{price(product.price)}</strong>
            <button aria-expanded={open === product.id} aria-label={`Open ${product.name}`} onClick={() => setOpen(open === product.id ? undefined : product.id)}>
              {open === product.id ? 'Close' : 'Open'}
            </button>
            {open === product.id && (
              <div className="columns whole">
                {mayEdit && <EditProduct product={product} done={done} />}
                <StockOf product={product} mayAdjust={mayEdit} changed={products.reload} />
              </div>
            )}
          </li>
        ))}
      </ul>
      {products.failure && <Notice failure={products.failure} retry={products.next} />}
      {!products.loading && !products.failure && products.items.length === 0 && <p className="quiet">No product is like that.</p>}
      {products.more && !products.failure && <button className="more" disabled={products.loading} onClick={products.next}>Load more</button>}
    </>
  );
}

/** The fields of a product that may change. The two places of a price are one field. */
function ProductFields({product}: {product?: Product}) {
  return (
    <>
      <Field label="Name" place="/name" name="name" defaultValue={product?.name} />
      <TextField label="Description" place="/description" name="description" defaultValue={product?.description} />
      <Field label={`Price in ${product?.price.currency ?? 'EUR'}`} place="/price/amount" name="price" inputMode="decimal" defaultValue={product && decimal(product.price)} />
    </>
  );
}

const productFields = ['/name', '/description', '/price/amount'];

function productOf(values: FormData, currency: string): Omit<Schemas['CreateProductRequest'], 'sku'> {
  return {
    name: entered(values, 'name'), description: entered(values, 'description'), price: {amount: amountOf(entered(values, 'price'), currency), currency},
  };
}

function NewProduct({done}: {done: () => void}) {
  return (
    <Form
      submit="Add the product" fields={['/sku', ...productFields]} done={done}
      send={(values) => client.createProduct({body: {sku: entered(values, 'sku'), ...productOf(values, 'EUR')}})}
    >
      <Field label="SKU" place="/sku" name="sku" autoFocus />
      <ProductFields />
    </Form>
  );
}

/** Changes the version of a product that the person has looked at; when there is a newer one, it is shown and the person decides. */
function EditProduct({product, done}: {product: Product; done: () => void}) {
  const [seen, setSeen] = useState(product);
  const [conflict, setConflict] = useState<Product>();
  const [archiving, setArchiving] = useState<Failure>();
  const version = conflict?.version ?? seen.version;
  return (
    <section aria-label={`Change ${product.name}`}>
      <h2>Change it</h2>
      <Form
        key={seen.version} submit={conflict ? 'Overwrite with mine' : 'Save'} fields={productFields} done={done}
        send={async (values) => {
          const result = await client.updateProduct({path: {productId: product.id}, body: productOf(values, seen.price.currency), ifMatch: version});
          if (!result.ok) setConflict(result.problem.code === 'version_changed' ? result.problem.current : undefined);
          return result;
        }}
        unusual={(problem) => conflict && problem.code === 'version_changed' && (
          <div className="notice" role="alert">
            <p><strong>Somebody else has changed it meanwhile.</strong> It is now:</p>
            <dl>
              <dt>Name</dt><dd>{conflict.name}</dd>
              <dt>Description</dt><dd>{conflict.description}</dd>
              <dt>Price</dt><dd>{price(conflict.price)}</dd>
            </dl>
            <button type="button" onClick={() => {
              setSeen(conflict);
              setConflict(undefined);
            }}>Take theirs</button>
          </div>
        )}
      >
        <ProductFields product={seen} />
      </Form>
      {product.status === 'active' && (
        <button type="button" className="link" onClick={() => void client.archiveProduct({path: {productId: product.id}}).then((result) => {
          if (result.ok) done();
          else setArchiving(result);
        })}>Take it out of the catalog</button>
      )}
      {archiving && <Notice failure={archiving} />}
    </section>
  );
}

function StockOf({product, mayAdjust, changed}: {product: Product; mayAdjust: boolean; changed: () => void}) {
  const path = {productId: product.id};
  const stock = useLoaded(useCallback((signal) => client.getStock({path: {productId: product.id}, signal}), [product.id]));
  const adjustments = usePages(useCallback((cursor, signal) => client.listStockAdjustments({
    path: {productId: product.id}, query: {limit: 5, cursor}, signal,
  }), [product.id]));
  const [round, setRound] = useState(0);
  return (
    <section aria-label={`Stock of ${product.name}`}>
      <h2>Stock</h2>
      {stock.failure && <Notice failure={stock.failure} retry={stock.reload} />}
      {stock.data && (
        <dl aria-live="polite">
          <dt>Available</dt><dd>{stock.data.available}</dd>
          <dt>Reserved</dt><dd>{stock.data.reserved}</dd>
          <dt>Sold</dt><dd>{stock.data.sold}</dd>
        </dl>
      )}
      {mayAdjust && (
        <Form
          key={round} submit="Adjust the stock" fields={['/delta', '/reason']}
          send={(values) => client.adjustStock({path, body: {delta: Number(entered(values, 'delta') || 'none'), reason: entered(values, 'reason')}})}
          done={({stock: now}) => {
            stock.put(now);
            adjustments.reload();
            changed();
            setRound(round + 1);
          }}
        >
          <Field label="Units to add, or to take away with −" place="/delta" name="delta" inputMode="numeric" />
          <Field label="Reason" place="/reason" name="reason" />
        </Form>
      )}
      <ul className="plain small">
        {adjustments.items.map((one) => <li key={one.id}>{one.delta > 0 && '+'}{one.delta} · {one.reason} <small>{time(one.created_at)}</small></li>)}
      </ul>
      {adjustments.failure && <Notice failure={adjustments.failure} retry={adjustments.next} />}
      {adjustments.more && !adjustments.failure && <button className="link" disabled={adjustments.loading} onClick={adjustments.next}>Earlier ones</button>}
    </section>
  );
}

/** Records payments, by the id that the payment came with: this role sees an order only by what it does with it. */
export function Payments() {
  const [order, setOrder] = useState<Schemas['Order']>();
  return (
    <section className="narrow card" aria-label="Payment">
      <h1>Record a payment</h1>
      <Form
        key={order?.version} submit="Record the payment" fields={['/path/orderId', '/reference', '/amount']} done={setOrder}
        send={(values) => {
          const reference = entered(values, 'reference');
          const amount = {amount: amountOf(entered(values, 'amount'), 'EUR'), currency: 'EUR'};
          return client.payOrder({path: {orderId: entered(values, 'order') || 'none'}, body: {amount, ...(reference && {reference})}});
        }}
      >
        <Field label="Id of the order" place="/path/orderId" name="order" />
        <Field label="Reference of the payment" place="/reference" name="reference" />
        <Field label="Amount in EUR" place="/amount" name="amount" inputMode="decimal" />
      </Form>
      {order && (
        <div role="status">
          <p>{order.number} <Status of={order.status} /> {price(order.paid)}</p>
          <Actions order={order} done={setOrder} />
        </div>
      )}
    </section>
  );
}
