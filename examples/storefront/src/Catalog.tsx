// The catalog, with a search that follows the typing.
import {useCallback, useEffect, useState} from 'react';
import {client, usePages} from './api';
import {add, useBasket} from './basket';
import {Notice} from './form';
import {price} from './format';

/** Gives a value once it has stayed the same for a while, in milliseconds. */
export function useSettled<T>(value: T, ms = 250): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return settled;
}

/** The catalog. A search that is no longer wanted is aborted by the next. */
export function Catalog() {
  const [text, setText] = useState('');
  const q = useSettled(text.trim());
  const products = usePages(useCallback((cursor, signal) => client.listProducts({query: {q: q || undefined, limit: 12, cursor}, signal}), [q]));
  const basket = useBasket();
  return (
    <>
      <div className="bar">
        <h1>Catalog</h1>
        <label className="search">
          <span className="unseen">Search the catalog</span>
          <input type="search" placeholder="Search: level, tape, brass…" maxLength={100} value={text} onChange={(event) => setText(event.target.value)} />
        </label>
      </div>
      <p role="status" className="unseen">{products.loading ? 'Searching' : `${products.items.length} products shown`}</p>
      <ul className="products" aria-busy={products.loading}>
        {products.items.map((product) => {
          const wanted = basket.find((line) => line.product.id === product.id)?.quantity;
          return (
            <li key={product.id} className="card">
              <h2>{product.name}</h2>
              <p>{product.description}</p>
              <div className="row">
                <strong className="price">{price(product.price)}</strong>
                <small className={product.available > 0 ? undefined : 'error'}>
                  {product.available > 10 ? 'In stock' : product.available > 0 ? `Only ${product.available} left` : 'Out of stock'}
                </small>
              </div>
              <button className="primary" aria-label={`Add ${product.name} to the basket`} disabled={product.available === 0} onClick={() => add(product)}>
                {wanted ? `Add another (${wanted} in the basket)` : 'Add to basket'}
              </button>
            </li>
          );
        })}
      </ul>
      {products.failure && <Notice failure={products.failure} retry={products.next} />}
      {!products.loading && !products.failure && products.items.length === 0 && <p className="quiet">Nothing is called “{q}”.</p>}
      {products.more && !products.failure && <button className="more" disabled={products.loading} onClick={products.next}>Load more</button>}
    </>
  );
}
