// The basket, which the browser keeps and all tabs share.
import type {Schemas} from '@plumbline/client';
import {useSyncExternalStore} from 'react';

/** A product as it was last seen, and how many of it are wanted. */
export interface Line {
  product: Schemas['Product'];
  quantity: number;
}

const place = 'storefront basket';
const unanswered = 'storefront unanswered order';
const empty: Line[] = [];
const listeners = new Set<() => void>();
let kept: {text: string | null; lines: Line[]} = {text: null, lines: empty};

function lines(): Line[] {
  const text = localStorage.getItem(place);
  if (text !== kept.text) kept = {text, lines: text === null ? empty : JSON.parse(text) as Line[]};
  return kept.lines;
}

function keep(changed: Line[]): void {
  localStorage.setItem(place, JSON.stringify(changed));
  listeners.forEach((listener) => listener());
}

/** Follows the lines of the basket. */
export function useBasket(): Line[] {
  return useSyncExternalStore((listener) => {
    listeners.add(listener);
    addEventListener('storage', listener);
    return () => {
      listeners.delete(listener);
      removeEventListener('storage', listener);
    };
  }, lines);
}

/** Puts one more of a product into the basket. */
export function add(product: Schemas['Product']): void {
  const quantity = lines().find((line) => line.product.id === product.id)?.quantity ?? 0;
  if (quantity === 0) keep([...lines(), {product, quantity: 1}]);
  else setQuantity(product.id, quantity + 1);
}

/** Changes how many of a product are wanted; none removes its line. */
export function setQuantity(id: string, quantity: number): void {
  keep(lines().flatMap((line) => line.product.id !== id ? [line] : quantity > 0 ? [{...line, quantity}] : []));
}

/** Notes products as they are now. */
export function refresh(products: Schemas['Product'][]): void {
  keep(lines().map((line) => ({...line, product: products.find(({id}) => id === line.product.id) ?? line.product})));
}

/** Gives the Idempotency-Key of an order: as long as it has no answer the same for the same content, also after the page was loaded anew. */
export function keyOf(order: string): string {
  const kept = JSON.parse(sessionStorage.getItem(unanswered) ?? 'null') as {order: string; key: string} | null;
  if (kept?.order === order) return kept.key;
  const key = crypto.randomUUID();
  sessionStorage.setItem(unanswered, JSON.stringify({order, key}));
  return key;
}

/** Forgets the key: the next order is another, even one for the same. */
export const answered = (): void => sessionStorage.removeItem(unanswered);

/** Empties the basket. */
export const clear = (): void => keep([]);

/** Adds the lines up, by the prices that were last seen. */
export function totalOf(basket: Line[]): Schemas['Money'] {
  return {
    amount: basket.reduce((sum, {product, quantity}) => sum + product.price.amount * quantity, 0),
    currency: basket[0]?.product.price.currency ?? 'EUR',
  };
}
