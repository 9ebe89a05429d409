// Orders: lists of them, and one with what happens to it while one looks.
import {ProblemError, type Item, type Schemas} from '@plumbline/client';
import {useCallback, useEffect, useState} from 'react';
import {Actions} from './Actions';
import {client, useLoaded, usePages, type Failure, type Paged} from './api';
import {Notice} from './form';
import {price, time} from './format';
import {Link} from './router';
import {useProfile} from './session';

type Order = Schemas['Order'];
type Event = Item<'listOrderEvents'>;

/** Shows the state of an order, also one that is younger than this page. */
export const Status = ({of}: {of: string}) => <span className={`status ${of}`}>{of}</span>;

/** A list of orders with what leads to more of them. */
export function OrderList({orders, none}: {orders: Paged<Order>; none: string}) {
  return (
    <>
      <ul className="orders" aria-busy={orders.loading}>
        {orders.items.map((order) => (
          <li key={order.id} className="card">
            <Link href={`/orders/${order.id}`}>{order.number}</Link>
            <Status of={order.status} />
            <span className="grow">{order.items.map((item) => `${item.quantity} × ${item.name}`).join(', ')}</span>
            <small>{time(order.created_at)}</small>
            <strong className="price">{price(order.total)}</strong>
          </li>
        ))}
      </ul>
      {orders.failure && <Notice failure={orders.failure} retry={orders.next} />}
      {!orders.loading && !orders.failure && orders.items.length === 0 && <p className="quiet">{none}</p>}
      {orders.more && !orders.failure && <button className="more" disabled={orders.loading} onClick={orders.next}>Load more</button>}
    </>
  );
}

/** The orders of whoever is signed in. */
export function MyOrders() {
  const id = useProfile()!.id;
  const orders = usePages(useCallback((cursor, signal) => client.listOrders({query: {customer_id: id, limit: 10, cursor}, signal}), [id]));
  return <><h1>Your orders</h1><OrderList orders={orders} none="You have not ordered anything yet." /></>;
}

/** Follows the events of an order from its first, for as long as the page is there; the client takes a broken stream up again. */
function useEvents(orderId: string): {events: Event[]; failure: Failure | undefined; again: () => void} {
  const [events, setEvents] = useState<Event[]>([]);
  const [failure, setFailure] = useState<Failure>();
  const [round, setRound] = useState(0);
  useEffect(() => {
    const leaving = new AbortController();
    const follow = async (): Promise<void> => {
      setEvents([]);
      setFailure(undefined);
      try {
        for await (const event of client.streams.listOrderEvents({path: {orderId}, signal: leaving.signal})) setEvents((before) => [...before, event]);
      } catch (thrown) {
        if (!(thrown instanceof ProblemError)) throw thrown;
        if (!leaving.signal.aborted) setFailure(thrown);
      }
    };
    void follow();
    return () => leaving.abort();
  }, [orderId, round]);
  return {events, failure, again: () => setRound((n) => n + 1)};
}

/** One order: its lines, what can be done with it, and its timeline. */
export function OrderPage({id}: {id: string}) {
  const order = useLoaded(useCallback((signal) => client.getOrder({path: {orderId: id}, signal}), [id]));
  const {events, failure, again} = useEvents(id);
  const {data, reload} = order;
  const latest = events.at(-1);
  const behind = latest !== undefined && data !== undefined && latest.sequence > data.version;
  useEffect(() => {
    if (behind) reload(); // Somebody has done something: what may be done now is in the order.
  }, [behind, latest?.sequence, reload]);
  if (!data) return order.failure ? <Notice failure={order.failure} retry={reload} /> : <p role="status">One moment…</p>;
  return (
    <>
      <div className="bar">
        <h1>Order {data.number}</h1>
        <Status of={data.status} />
      </div>
      <div className="columns">
        <section className="card" aria-label="Contents">
          <ul className="lines plain">
            {data.items.map((item) => (
              <li key={item.product_id}>
                <div><strong>{item.name}</strong><small>{item.quantity} × {price(item.unit_price)}</small></div>
                <span className="price">{price(item.total)}</span>
              </li>
            ))}
            <li className="total"><span>Total</span><strong className="price">{price(data.total)}</strong></li>
          </ul>
          <dl>
            {data.paid.amount > 0 && <><dt>Paid</dt><dd>{price(data.paid)}</dd></>}
            {data.refunded.amount > 0 && <><dt>Refunded</dt><dd>{price(data.refunded)}</dd></>}
            {data.payment_reference && <><dt>Payment</dt><dd>{data.payment_reference}</dd></>}
            {data.tracking && <><dt>Parcel</dt><dd>{data.tracking}</dd></>}
            {data.expires_at && <><dt>To be paid by</dt><dd>{time(data.expires_at)}</dd></>}
          </dl>
          <Actions order={data} done={order.put} />
          {order.failure && <Notice failure={order.failure} retry={reload} />}
        </section>
        <section className="card" aria-label="Timeline">
          <h2>What has happened</h2>
          <ol className="timeline" aria-live="polite">
            {events.map((event) => (
              <li key={event.sequence}>
                <span><strong>{event.type.replace('order.', '')}</strong>{event.amount && <> {price(event.amount)}</>}</span>
                <small>{time(event.occurred_at)}, by {event.by}{event.reason && <>: {event.reason}</>}</small>
              </li>
            ))}
          </ol>
          {failure ? <Notice failure={failure} retry={again} /> : <small>This page follows the order.</small>}
        </section>
      </div>
    </>
  );
}
