// What can be done with an order: exactly what its allowed_actions say.
import type {Schemas} from '@plumbline/client';
import {useState} from 'react';
import {client, type Outcome} from './api';
import {entered, Field, Form} from './form';
import {amountOf, decimal} from './format';

type Order = Schemas['Order'];

/** What a person is asked before an action: the name of a field, what it says, and its place in the body. */
const actions = {
  cancel: {title: 'Cancel the order', asks: [['reason', 'Reason, if there is one', '/reason']]},
  pay: {title: 'Record the payment', asks: [['reference', 'Reference of the payment', '/reference']]},
  ship: {title: 'Ship', asks: [['tracking', 'Number of the parcel', '/tracking']]},
  deliver: {title: 'Mark as delivered', asks: []},
  refund: {title: 'Refund', asks: [['amount', 'Amount', '/amount/amount'], ['reason', 'Reason', '/reason']]},
} satisfies Record<string, {title: string; asks: [name: string, label: string, place: string][]}>;

type Action = keyof typeof actions;

function carryOut(action: Action, order: Order, values: FormData): Promise<Outcome<Order>> {
  const path = {orderId: order.id};
  const optional = <N extends string>(name: N) => (entered(values, name) ? {[name]: entered(values, name)} : {}) as {[K in N]?: string};
  switch (action) {
    case 'cancel': return client.cancelOrder({path, body: optional('reason')});
    case 'pay': return client.payOrder({path, body: {amount: {amount: order.total.amount, currency: order.total.currency}, ...optional('reference')}});
    case 'ship': return client.shipOrder({path, body: optional('tracking')});
    case 'deliver': return client.deliverOrder({path, body: {}});
    case 'refund': {
      const {currency} = order.total;
      return client.refundOrder({path, body: {amount: {amount: amountOf(entered(values, 'amount'), currency), currency}, ...optional('reason')}});
    }
  }
}

/** Buttons for what may be done; an action that this page does not know yet is left out. */
export function Actions({order, done}: {order: Order; done: (order: Order) => void}) {
  const [chosen, setChosen] = useState<Action>();
  const known = order.allowed_actions.filter((action) => action in actions) as Action[];
  const action = chosen && known.includes(chosen) ? chosen : undefined;
  if (known.length === 0) return null;
  return (
    <div className="actions">
      <div className="row" role="group" aria-label="Actions">
        {known.map((name) => (
          <button key={name} aria-expanded={name === action} onClick={() => setChosen(name === action ? undefined : name)}>{actions[name].title}…</button>
        ))}
      </div>
      {action && (
        <Form
          key={action} submit={actions[action].title} fields={actions[action].asks.map(([, , place]) => place)}
          send={(values) => carryOut(action, order, values)}
          done={(changed) => {
            setChosen(undefined);
            done(changed);
          }}
        >
          {actions[action].asks.map(([name, label, place], i) => (
            <Field
              key={name} name={name} label={label} place={place} autoFocus={i === 0} inputMode={name === 'amount' ? 'decimal' : 'text'}
              defaultValue={name === 'amount' ? decimal({...order.paid, amount: order.paid.amount - order.refunded.amount}) : undefined}
            />
          ))}
        </Form>
      )}
    </div>
  );
}
