// The basket and placing the order, with everything that can come between.
import type {AnyProblem, Input, Result, Schemas} from '@plumbline/client';
import {useState} from 'react';
import {client, loginFor, type Failure} from './api';
import {answered, clear, keyOf, refresh, setQuantity, totalOf, useBasket} from './basket';
import {Notice, violationAt} from './form';
import {price} from './format';
import {go, Link} from './router';
import {useProfile} from './session';

/** Gives the total that the service has computed, from the problem `price_changed`. */
function newTotal(problem: AnyProblem | undefined): Schemas['Money'] | undefined {
  const {amount, currency} = violationAt(problem, '/expected_total')?.params ?? {};
  return problem?.code === 'price_changed' && typeof amount === 'number' && typeof currency === 'string' ? {amount, currency} : undefined;
}

/** Says whether the service has decided about the order itself. Whoever must log in first, wait or try again, knows nothing of an earlier try. */
const isDecided = (result: Result<'createOrder'>): boolean =>
  result.ok || result.status === 422 || (result.status === 409 && result.problem.code !== 'idempotency_key_in_use');

/** The field for how many of a product are wanted. What is entered counts once it is a number; until then it stays as it is. */
function Quantity({of, is, wrong, change}: {of: string; is: number; wrong: boolean; change: (units: number) => void}) {
  const [unfinished, setUnfinished] = useState<string>();
  return (
    <input
      type="number" min={1} max={1000} value={unfinished ?? is} aria-label={`Quantity of ${of}`} aria-invalid={wrong ? true : undefined}
      onBlur={() => setUnfinished(undefined)}
      onChange={({target: {value, valueAsNumber}}) => {
        const finished = Number.isInteger(valueAsNumber) && valueAsNumber >= 1;
        setUnfinished(finished ? undefined : value);
        if (finished) change(valueAsNumber);
      }}
    />
  );
}

/** The basket. */
export function Basket() {
  const basket = useBasket();
  const profile = useProfile();
  const [failure, setFailure] = useState<Failure>();
  const problem = failure?.problem;
  const [busy, setBusy] = useState(false);
  const total = totalOf(basket);
  const changed = newTotal(problem);

  const place = async (expected_total: Schemas['Money']): Promise<void> => {
    if (busy) return;
    const body: Input<'createOrder'>['body'] = {items: basket.map(({product, quantity}) => ({product_id: product.id, quantity})), expected_total};
    setBusy(true);
    // Perhaps an order that had no answer was placed: the same key finds out, and never orders twice.
    const result = await client.createOrder({body, idempotencyKey: keyOf(JSON.stringify(body))});
    setBusy(false);
    if (isDecided(result)) answered();
    if (result.ok) {
      clear();
      return go(`/orders/${result.data.id}`);
    }
    setFailure(result);
    if (newTotal(result.problem)) {
      const products = await Promise.all(basket.map(({product}) => client.getProduct({path: {productId: product.id}})));
      refresh(products.flatMap((product) => product.ok ? [product.data] : []));
    }
  };
  const change = (id: string, quantity: number): void => {
    setFailure(undefined); // Its places are those of the lines as they were.
    setQuantity(id, quantity);
  };

  if (basket.length === 0) return <><h1>Basket</h1><p className="quiet">There is nothing in it yet. <Link href="/">See the catalog</Link></p></>;
  const located = problem?.errors?.some(({pointer}) => pointer.startsWith('#/items/'));
  return (
    <>
      <h1>Basket</h1>
      <ul className="lines card">
        {basket.map(({product, quantity}, i) => {
          const short = violationAt(problem, `/items/${i}/quantity`);
          const gone = violationAt(problem, `/items/${i}/product_id`);
          const maximum = problem?.code === 'out_of_stock' ? Number(short?.params?.['maximum'] ?? NaN) : NaN;
          return (
            <li key={product.id}>
              <div>
                <strong>{product.name}</strong>
                <small>{price(product.price)} each</small>
                {gone && <small className="error" role="alert">This is no longer sold.</small>}
                {short && (
                  <small className="error" role="alert">
                    {maximum > 0 ? `Only ${maximum} left. ` : maximum === 0 ? 'Out of stock. ' : `${short.detail} `}
                    {maximum > 0 && <button type="button" className="link" onClick={() => change(product.id, maximum)}>Take {maximum}</button>}
                  </small>
                )}
              </div>
              <Quantity of={product.name} is={quantity} wrong={Boolean(short || gone)} change={(units) => change(product.id, units)} />
              <span className="price">{price({...product.price, amount: product.price.amount * quantity})}</span>
              <button type="button" className="link" aria-label={`Remove ${product.name}`} onClick={() => change(product.id, 0)}>Remove</button>
            </li>
          );
        })}
        <li className="total"><span>Total</span><strong className="price">{price(total)}</strong></li>
      </ul>
      {changed ? (
        <div className="notice" role="alert">
          <p><strong>Prices have changed.</strong> The total is now {price(changed)}.</p>
          <button className="primary" disabled={busy} onClick={() => void place(changed)}>Order for {price(changed)}</button>
        </div>
      ) : (
        <>
          {failure && (located
            ? <p className="error" role="alert">Not everything in the basket can be had: see the lines above.</p>
            : <Notice failure={failure} retry={() => void place(total)} />)}
          {profile !== null
            ? <button className="primary" disabled={busy} onClick={() => void place(total)}>{busy ? 'One moment…' : `Order for ${price(total)}`}</button>
            : <Link className="button primary" href={loginFor('/basket')}>Log in to order</Link>}
        </>
      )}
    </>
  );
}
