// Which page is at which address, and the head that all pages have.
import type {ReactNode} from 'react';
import {Login, Register} from './Account';
import {client} from './api';
import {useBasket} from './basket';
import {Basket} from './Basket';
import {Catalog} from './Catalog';
import {ConfirmEmailChange, ForgotPassword, ResetPassword, VerifyEmail} from './Mails';
import {MyOrders, OrderPage} from './Orders';
import {ProfilePage} from './Profile';
import {go, Link, useHere} from './router';
import {SecurityPage} from './Security';
import {SessionProvider, SignedIn, useProfile, useRole} from './session';
import {Payments, StaffCatalog, StaffOrders} from './Staff';

function page(path: string): ReactNode {
  const order = /^\/orders\/([^/]+)$/.exec(path)?.[1];
  if (order) return <SignedIn key={order}><OrderPage id={order} /></SignedIn>;
  switch (path) {
    case '/': return <Catalog />;
    case '/basket': return <Basket />;
    case '/login': return <Login />;
    case '/register': return <Register />;
    case '/forgot-password': return <ForgotPassword />;
    case '/reset-password': return <ResetPassword />;
    case '/verify-email': return <VerifyEmail />;
    case '/security': return <SignedIn key={path}><SecurityPage /></SignedIn>;
    case '/confirm-email-change': return <ConfirmEmailChange />;
    case '/account': return <SignedIn key={path}><ProfilePage /></SignedIn>;
    case '/orders': return <SignedIn key={path}><MyOrders /></SignedIn>;
    case '/staff/orders': return <SignedIn key={path} roles={['staff', 'support', 'admin']}><StaffOrders /></SignedIn>;
    case '/staff/catalog': return <SignedIn key={path} roles={['staff', 'support']}><StaffCatalog /></SignedIn>;
    case '/payments': return <SignedIn key={path} roles={['payments']}><Payments /></SignedIn>;
    default: return <><h1>Nothing here</h1><p><Link href="/">See the catalog</Link></p></>;
  }
}

function Head() {
  const profile = useProfile();
  const count = useBasket().reduce((sum, {quantity}) => sum + quantity, 0);
  const orders = useRole('staff', 'support', 'admin');
  const catalog = useRole('staff', 'support');
  const payments = useRole('payments');
  return (
    <header>
      <a className="skip" href="#main">To the content</a>
      <nav aria-label="Pages">
        <Link className="brand" href="/">Plumbline Tools</Link>
        <Link href="/basket">Basket<span className="count" aria-live="polite">{count > 0 && <>{count}<span className="unseen"> pieces</span></>}</span></Link>
        {profile && <Link href="/orders">Your orders</Link>}
        {orders && <Link href="/staff/orders">All orders</Link>}
        {catalog && <Link href="/staff/catalog">Stock</Link>}
        {payments && <Link href="/payments">Payments</Link>}
        <span className="account">
          {profile && <><Link href="/account" aria-label={`Your account, ${profile.name}`}>{profile.name}</Link><button className="link" onClick={() => void client.endSession().then(() => go('/'))}>Log out</button></>}
          {profile === null && <Link href="/login">Log in</Link>}
        </span>
      </nav>
    </header>
  );
}

/** The whole front end. */
export function App() {
  return (
    <SessionProvider>
      <Head />
      <main id="main" tabIndex={-1}>{page(useHere().pathname)}</main>
    </SessionProvider>
  );
}
