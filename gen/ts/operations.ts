// Made by `make gen` from openapi/; not to be edited.
import type * as orders from './orders.js';
import type * as users from './users.js';

/**
 * What the client does for each operation: method, path, answers and marks. An answer is a status, and what its body may be: a
 * media type, or the name of one of the shapes for JSON; a status alone has no body. The marks: p needs no access token, c the
 * refresh cookie travels with it, k takes an Idempotency-Key, m takes If-Match, l is a list in pages, s can be followed as a
 * stream of events, b answers with bytes, and a digit says that the ETag of its answer is that of its path without so many of
 * its last segments.
 */
export const table = {
  orders: {
    listProducts: 'GET /api/v1/products 200=ProductList pl',
    createProduct: 'POST /api/v1/products 201=Product 0',
    getProduct: 'GET /api/v1/products/{productId} 200=Product p0',
    updateProduct: 'PATCH /api/v1/products/{productId} 200=Product m0',
    archiveProduct: 'POST /api/v1/products/{productId}/archive 200=Product 1',
    duplicateProduct: 'POST /api/v1/products/{productId}/duplicate 201=Product 1',
    getStock: 'GET /api/v1/products/{productId}/stock 200=Stock',
    listStockAdjustments: 'GET /api/v1/products/{productId}/stock-adjustments 200=StockAdjustmentList l',
    adjustStock: 'POST /api/v1/products/{productId}/stock-adjustments 201=AdjustedStock k',
    listOrders: 'GET /api/v1/orders 200=OrderList l',
    createOrder: 'POST /api/v1/orders 201=Order k0',
    listOrderAuditEntries: 'GET /api/v1/orders/audit-entries 200=AuditEntryList l',
    exportOrders: 'GET /api/v1/orders/export 200=application/x-ndjson,text/csv b',
    getOrder: 'GET /api/v1/orders/{orderId} 200=Order 0',
    listOrderEvents: 'GET /api/v1/orders/{orderId}/events 200=OrderEventList,text/event-stream ls',
    cancelOrder: 'POST /api/v1/orders/{orderId}/cancel 200=Order 1',
    payOrder: 'POST /api/v1/orders/{orderId}/pay 200=Order 1',
    shipOrder: 'POST /api/v1/orders/{orderId}/ship 200=Order 1',
    deliverOrder: 'POST /api/v1/orders/{orderId}/deliver 200=Order 1',
    refundOrder: 'POST /api/v1/orders/{orderId}/refund 200=Order k1',
    listWebhooks: 'GET /api/v1/webhooks 200=WebhookList l',
    createWebhook: 'POST /api/v1/webhooks 201=WebhookWithSecret',
    getWebhook: 'GET /api/v1/webhooks/{webhookId} 200=Webhook',
    updateWebhook: 'PATCH /api/v1/webhooks/{webhookId} 200=Webhook',
    deleteWebhook: 'DELETE /api/v1/webhooks/{webhookId} 204',
    rotateWebhookSecret: 'POST /api/v1/webhooks/{webhookId}/rotate-secret 200=WebhookWithSecret',
    listWebhookDeliveries: 'GET /api/v1/webhooks/{webhookId}/deliveries 200=WebhookDeliveryList l',
    replayWebhookDelivery: 'POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay 202=WebhookDelivery',
  },
  users: {
    createUser: 'POST /api/v1/users 201=UserV1 p',
    getUser: 'GET /api/v1/users/{userId} 200=UserV1',
    createUserV2: 'POST /api/v2/users 201=UserV2 p',
    getUserV2: 'GET /api/v2/users/{userId} 200=UserV2',
    getUserProfile: 'GET /api/v2/users/{userId}/profile 200=Profile',
    confirmEmail: 'POST /api/v1/email-verification/confirm 204 p',
    confirmEmailChange: 'POST /api/v1/email-change/confirm 204 p',
    requestPasswordReset: 'POST /api/v1/password-reset 202 p',
    resetPassword: 'POST /api/v1/password-reset/confirm 204 p',
    startSession: 'POST /api/v1/login 200=TokenSet|202=LoginChallenge pc',
    answerChallenge: 'POST /api/v1/login/second-factor 200=TokenSet pc',
    refreshSession: 'POST /api/v1/refresh 200=TokenSet pc',
    endSession: 'POST /api/v1/logout 204 c',
    listSessions: 'GET /api/v1/sessions 200=SessionList l',
    revokeOtherSessions: 'POST /api/v1/sessions/revoke-others 200=RevokedSessions',
    revokeSession: 'DELETE /api/v1/sessions/{sessionId} 204',
    getProfile: 'GET /api/v1/profile 200=Profile',
    updateProfile: 'PATCH /api/v1/profile 200=Profile',
    changePassword: 'PUT /api/v1/profile/password 204',
    getSecondFactor: 'GET /api/v1/profile/second-factor 200=SecondFactor',
    enrolSecondFactor: 'POST /api/v1/profile/second-factor 200=SecondFactorSecret',
    confirmSecondFactor: 'POST /api/v1/profile/second-factor/confirm 200=RecoveryCodes',
    disableSecondFactor: 'POST /api/v1/profile/second-factor/disable 204',
    replaceRecoveryCodes: 'POST /api/v1/profile/second-factor/recovery-codes 200=RecoveryCodes',
    requestEmailVerification: 'POST /api/v1/profile/email-verification 202=EmailVerification',
    getEmailChange: 'GET /api/v1/profile/email-change 200=EmailChange',
    cancelEmailChange: 'DELETE /api/v1/profile/email-change 204',
    requestEmailChange: 'POST /api/v1/profile/email-change 202=EmailChange',
    listActivity: 'GET /api/v1/profile/activity 200=ActivityList l',
    exportOwnData: 'POST /api/v1/profile/export 200=OwnData',
    requestDeletion: 'POST /api/v1/profile/deletion 202=Deletion',
    cancelDeletion: 'DELETE /api/v1/profile/deletion 204',
    listUsers: 'GET /api/v1/admin/users 200=AdminUserList l',
    deleteUser: 'DELETE /api/v1/admin/users/{userId} 204',
    disableUser: 'POST /api/v1/admin/users/{userId}/disable 200=AdminUser',
    removeSecondFactor: 'DELETE /api/v1/admin/users/{userId}/second-factor 204',
    enableUser: 'POST /api/v1/admin/users/{userId}/enable 200=AdminUser',
    setUserRoles: 'PUT /api/v1/admin/users/{userId}/roles 200=AdminUser',
    listUserSessions: 'GET /api/v1/admin/users/{userId}/sessions 200=SessionList l',
    revokeUserSessions: 'POST /api/v1/admin/users/{userId}/sessions/revoke 200=RevokedSessions',
    revokeUserSession: 'DELETE /api/v1/admin/users/{userId}/sessions/{sessionId} 204',
    listAuditEntries: 'GET /api/v1/admin/audit-entries 200=AuditEntryList l',
    getKeySet: 'GET /.well-known/jwks.json 200=KeySet p',
  },
} as const;

/** The members that each shape requires. A letter behind the colon is the type of those that have one: s string, n number, b boolean, a array, o object. */
export const shapes: Readonly<Record<string, string>> = {
  Problem: 'type:s,title:s,status:n,detail:s,instance:s,code:s,request_id:s,timestamp:s',
  ProductList: 'items:a,next_cursor',
  Product: 'id:s,sku:s,name:s,description:s,price:o,status:s,available:n,version:n,created_at:s,updated_at:s',
  Stock: 'product_id:s,available:n,reserved:n,sold:n,received:n,updated_at:s',
  StockAdjustmentList: 'items:a,next_cursor',
  AdjustedStock: 'adjustment:o,stock:o',
  OrderList: 'items:a,next_cursor',
  Order: 'id:s,number:s,customer_id:s,status:s,items:a,total:o,paid:o,refunded:o,allowed_actions:a,version:n,created_at:s,updated_at:s',
  AuditEntryList: 'items:a,next_cursor',
  OrderEventList: 'items:a,next_cursor',
  WebhookList: 'items:a,next_cursor',
  WebhookWithSecret: 'webhook:o,secret:s',
  Webhook: 'id:s,url:s,event_types:a,enabled:b,created_at:s,updated_at:s',
  WebhookDeliveryList: 'items:a,next_cursor',
  WebhookDelivery: 'id:s,event_id:s,event_type:s,order_id:s,status:s,attempts:n,created_at:s',
  UserV1: 'id:s,name:s,email:s',
  UserV2: 'id:s,name:s,email:s,created_at:s',
  Profile: 'id:s,name:s,email:s,email_verified:b,roles:a,created_at:s,updated_at:s',
  TokenSet: 'access_token:s,token_type:s,expires_in:n',
  LoginChallenge: 'challenge:s,expires_in:n,methods:a',
  SessionList: 'items:a,next_cursor',
  RevokedSessions: 'revoked:n',
  SecondFactor: 'enabled:b,recovery_codes_left:n',
  SecondFactorSecret: 'secret:s,uri:s,qr_code:s',
  RecoveryCodes: 'recovery_codes:a',
  EmailVerification: 'email:s,verified:b',
  EmailChange: 'email:s,expires_at:s,mailed_at:s,next_mail_at:s',
  ActivityList: 'items:a,next_cursor',
  OwnData: 'exported_at:s,profile:o,status:s,second_factor:o,sessions:a,mails:a,activity:o',
  Deletion: 'deletes_at:s',
  AdminUserList: 'items:a,next_cursor',
  AdminUser: 'id:s,name:s,email:s,email_verified:b,second_factor:b,status:s,roles:a,created_at:s,updated_at:s',
  KeySet: 'keys:a',
};

/** The codes with which the service refuses to carry a session on. */
export const endings: readonly string[] = ['invalid_refresh_token'];

/** Where a service is known to be, by its name. */
export type ServiceName = keyof typeof table;

/** The schemas of all documents. Of a name that several have, the first counts; each has codes of its own. */
export interface Schemas extends Omit<orders.components['schemas'], 'ProblemCode'>, Omit<users.components['schemas'], 'ProblemCode' | keyof orders.components['schemas']> {
  OrdersProblemCode: orders.components['schemas']['ProblemCode'];
  UsersProblemCode: users.components['schemas']['ProblemCode'];
  ProblemCode: orders.components['schemas']['ProblemCode'] | users.components['schemas']['ProblemCode'];
}

/** Every operation: where it is, its shapes, and the codes of its problems by status. */
export interface Operations {
  /**
   * Search and list products.
   * Lists products, newest first, a page at a time. Without `status` only products that can be ordered are listed. The first page may
   * be some seconds old, as `getProduct` tells.
   * 
   * `q` finds products if each of its words is the beginning of a word in their name, description or SKU. A word of one letter or
   * digit matches whole words only, except in the scripts of Chinese, Japanese and Korean, where one character may be a word. `q`
   * has at most 8 different words; more are refused with `invalid_request` at `#/query/q`. Case does not count: ß equals ss, final ς
   * equals σ, and dotted and dotless i are equal.
   * 
   * A page of a search may hold fewer products than `limit`, or none, and still have a `next_cursor`: for words that many products
   * have, each page covers a part of the catalog. A search that takes too long ends with `timeout`; longer words, or fewer, take
   * less time.
   */
  listProducts: {
    method: 'GET';
    path: '/api/v1/products';
    marks: 'pl';
    shape: orders.operations['listProducts'];
    codes: {
      400: 'malformed_request';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Add a product.
   * Adds a product with nothing in stock. A SKU is never used again, even after its product is archived; a second product with it is
   * refused with `sku_taken`. The operation needs the role `staff`, which an administrator gives to an account other than their own.
   */
  createProduct: {
    method: 'POST';
    path: '/api/v1/products';
    marks: '0';
    shape: orders.operations['createProduct'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      409: 'sku_taken';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read a product.
   * Reads a product, archived ones included. Its `ETag` counts changes to the product itself; `available` changes without it. To
   * callers without an access token, `available` may be some seconds old, unless they send `Cache-Control: no-cache` or
   * `max-age=0`.
   */
  getProduct: {
    method: 'GET';
    path: '/api/v1/products/{productId}';
    marks: 'p0';
    shape: orders.operations['getProduct'];
    codes: {
      400: 'malformed_request';
      404: 'product_not_found';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Change a product.
   * Changes the members that are sent and leaves the others as they are (RFC 7396), if the product still has the version in
   * `If-Match`. An empty text removes the description. Placed orders keep the name and the price that they were placed at.
   */
  updateProduct: {
    method: 'PATCH';
    path: '/api/v1/products/{productId}';
    marks: 'm0';
    shape: orders.operations['updateProduct'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      412: 'version_changed';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      428: 'precondition_required';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Archive a product.
   * Makes a product impossible to order, permanently. Placed orders go on. Archiving an archived product changes nothing.
   */
  archiveProduct: {
    method: 'POST';
    path: '/api/v1/products/{productId}/archive';
    marks: '1';
    shape: orders.operations['archiveProduct'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Duplicate a product.
   * Adds a product with the name, the description and the price of another, and with nothing in stock. A SKU that another product
   * has is refused with `sku_taken`; an archived product cannot be duplicated (`product_archived`).
   */
  duplicateProduct: {
    method: 'POST';
    path: '/api/v1/products/{productId}/duplicate';
    marks: '1';
    shape: orders.operations['duplicateProduct'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      409: 'sku_taken' | 'product_archived';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read a product's stock.
   * Reads the numbers of units of a product. Available, reserved and sold units add up to the received ones.
   */
  getStock: {
    method: 'GET';
    path: '/api/v1/products/{productId}/stock';
    marks: '';
    shape: orders.operations['getStock'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List a product's stock adjustments.
   * Lists received and written-off units, newest first.
   */
  listStockAdjustments: {
    method: 'GET';
    path: '/api/v1/products/{productId}/stock-adjustments';
    marks: 'l';
    shape: orders.operations['listStockAdjustments'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Receive or write off stock.
   * Adds `delta` units to the received and the available units; a negative delta writes units off. More units than are available
   * cannot be written off (`out_of_stock`), and at most 9007199254740991 can be received in all.
   */
  adjustStock: {
    method: 'POST';
    path: '/api/v1/products/{productId}/stock-adjustments';
    marks: 'k';
    shape: orders.operations['adjustStock'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'product_not_found';
      409: 'out_of_stock' | 'idempotency_key_in_use';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request' | 'idempotency_key_reused';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List orders.
   * Lists the caller's own orders, newest first, a page at a time; support, staff and administrators list everybody's. An order is
   * listed if it matches all filters.
   */
  listOrders: {
    method: 'GET';
    path: '/api/v1/orders';
    marks: 'l';
    shape: orders.operations['listOrders'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Place an order.
   * Reserves the stock and places the order, at the prices of the catalog; lines of one product are merged. If `expected_total` is
   * sent, it must equal the total that the service computes, otherwise nothing is ordered (`price_changed`). The other refusals are
   * `out_of_stock`, `product_unavailable` and `mixed_currencies`; `errors` names the lines. An order that is not paid in time
   * expires, and its stock is available again some seconds later.
   * 
   * The maximum of `quantity` applies to all lines of one product together. The number of unpaid orders of a customer is limited
   * (`too_many_open_orders`), and so is the number of units in them (`too_many_reserved_units`); `errors` says how many are allowed
   * and how many there are. Pay or cancel an order, or let one expire, before you place another.
   */
  createOrder: {
    method: 'POST';
    path: '/api/v1/orders';
    marks: 'k0';
    shape: orders.operations['createOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      409: 'out_of_stock' | 'price_changed' | 'product_unavailable' | 'mixed_currencies' | 'too_many_open_orders' | 'too_many_reserved_units' | 'idempotency_key_in_use';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request' | 'idempotency_key_reused';
      429: 'rate_limited';
      500: 'internal';
      503: 'customers_unavailable' | 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read the audit log.
   * Lists who did what to whom in this service, from where and with what outcome, newest first, a page at a time. An entry is listed
   * if it matches all filters. Entries are never changed. The users service has its own log.
   */
  listOrderAuditEntries: {
    method: 'GET';
    path: '/api/v1/orders/audit-entries';
    marks: 'l';
    shape: orders.operations['listOrderAuditEntries'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Export orders.
   * Streams orders, newest first, as JSON lines (one order a line) or as CSV (one order a line, without its items). An order is
   * exported if it matches all filters. If the stream breaks off, its last line has no line feed. A caller may run three exports at
   * once (`too_many_exports`).
   */
  exportOrders: {
    method: 'GET';
    path: '/api/v1/orders/export';
    marks: 'b';
    shape: orders.operations['exportOrders'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      409: 'too_many_exports';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read an order.
   * Reads one's own order; support, staff and administrators read anybody's. Another customer's order is answered like a missing
   * one.
   */
  getOrder: {
    method: 'GET';
    path: '/api/v1/orders/{orderId}';
    marks: '0';
    shape: orders.operations['getOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'order_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read or follow an order's history.
   * Lists the events of an order, oldest first. With `Accept: text/event-stream` the answer is a stream (Server-Sent Events) that
   * sends each further event as it happens, with the sequence number as the event's id; `Last-Event-ID` resumes after it. A comment
   * is sent every 15 seconds, and the stream ends after at most ten minutes: reconnect, as EventSource does by itself. A caller may
   * follow ten orders at once (`too_many_streams`).
   */
  listOrderEvents: {
    method: 'GET';
    path: '/api/v1/orders/{orderId}/events';
    marks: 'ls';
    shape: orders.operations['listOrderEvents'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'order_not_found';
      409: 'too_many_streams';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Cancel an order.
   * Cancels an order that has not shipped: its stock becomes available again, and its payment is refunded. Cancelling a cancelled
   * order changes nothing.
   */
  cancelOrder: {
    method: 'POST';
    path: '/api/v1/orders/{orderId}/cancel';
    marks: '1';
    shape: orders.operations['cancelOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'order_not_found';
      409: 'order_state';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Report an order's payment.
   * Records that the order's total was paid in full. Send the `amount` that was received: an amount other than the total is refused
   * (`payment_mismatch`), and nothing is recorded. A report with the provider and the reference of the recorded payment changes
   * nothing. A second payment is refused (`order_state`), and so is a reference with which the provider has paid another order
   * (`payment_reference_used`).
   */
  payOrder: {
    method: 'POST';
    path: '/api/v1/orders/{orderId}/pay';
    marks: '1';
    shape: orders.operations['payOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'order_not_found';
      409: 'order_state' | 'payment_mismatch' | 'payment_reference_used';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Ship an order.
   * Records that a paid order was shipped; its units are sold. Shipping a shipped order changes nothing.
   */
  shipOrder: {
    method: 'POST';
    path: '/api/v1/orders/{orderId}/ship';
    marks: '1';
    shape: orders.operations['shipOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'order_not_found';
      409: 'order_state';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Report an order's delivery.
   * Records that a shipped order was delivered. Delivering a delivered order changes nothing.
   */
  deliverOrder: {
    method: 'POST';
    path: '/api/v1/orders/{orderId}/deliver';
    marks: '1';
    shape: orders.operations['deliverOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'order_not_found';
      409: 'order_state';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Refund an order.
   * Refunds a part of the payment, or, without `amount`, all that is left of it; never more (`refund_too_large`). If an order is
   * refunded in full before it has shipped, its stock becomes available again. A partial refund needs an `Idempotency-Key`, so that
   * it is refunded once; a full refund of a refunded order changes nothing.
   */
  refundOrder: {
    method: 'POST';
    path: '/api/v1/orders/{orderId}/refund';
    marks: 'k1';
    shape: orders.operations['refundOrder'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'order_not_found';
      409: 'order_state' | 'refund_too_large' | 'idempotency_key_in_use';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request' | 'idempotency_key_reused';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List webhooks.
   * Lists the webhooks of other systems, newest first, without their secrets.
   */
  listWebhooks: {
    method: 'GET';
    path: '/api/v1/webhooks';
    marks: 'l';
    shape: orders.operations['listWebhooks'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Create a webhook.
   * Sends every event of the given types to an https address, as `{"type", "timestamp", "data"}`, signed as Standard Webhooks
   * specifies. A delivery that is not answered with a 2xx status within ten seconds is sent again, ten times in all within about
   * three days, with the same `webhook-id`. Events may arrive more than once and in any order; `data.sequence` counts those of one
   * order. A receiver that answers 410 disables its webhook. The secret is shown only once. Addresses in private networks are
   * refused.
   */
  createWebhook: {
    method: 'POST';
    path: '/api/v1/webhooks';
    marks: '';
    shape: orders.operations['createWebhook'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      409: 'too_many_webhooks';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read a webhook.
   * Reads a webhook, without its secret.
   */
  getWebhook: {
    method: 'GET';
    path: '/api/v1/webhooks/{webhookId}';
    marks: '';
    shape: orders.operations['getWebhook'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'webhook_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Change a webhook.
   * Changes the members that are sent and leaves the others as they are (RFC 7396); `null` removes the description. Events that
   * occur while a webhook is disabled are not sent to it later, and deliveries that become due meanwhile fail.
   */
  updateWebhook: {
    method: 'PATCH';
    path: '/api/v1/webhooks/{webhookId}';
    marks: '';
    shape: orders.operations['updateWebhook'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'webhook_not_found';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Remove a webhook.
   * Removes the webhook and its deliveries.
   */
  deleteWebhook: {
    method: 'DELETE';
    path: '/api/v1/webhooks/{webhookId}';
    marks: '';
    shape: orders.operations['deleteWebhook'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'webhook_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Replace a webhook's secret.
   * Creates a new secret, shown only once. Until `previous_secrets_until`, 24 hours from now, deliveries are also signed with all
   * secrets that were in force before: if the secret is replaced twice in a day, or an answer is lost, every receiver still has a
   * secret that deliveries are signed with. At most eight secrets are in force; a ninth is refused with `too_many_secrets`, and
   * `Retry-After` says when the older ones end.
   */
  rotateWebhookSecret: {
    method: 'POST';
    path: '/api/v1/webhooks/{webhookId}/rotate-secret';
    marks: '';
    shape: orders.operations['rotateWebhookSecret'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'webhook_not_found';
      409: 'too_many_secrets';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List a webhook's deliveries.
   * Lists the deliveries of a webhook and their results, newest first. Deliveries are kept for 30 days.
   */
  listWebhookDeliveries: {
    method: 'GET';
    path: '/api/v1/webhooks/{webhookId}/deliveries';
    marks: 'l';
    shape: orders.operations['listWebhookDeliveries'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'webhook_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Send a delivery again.
   * Sends an event again, at once and with the same id, whatever its result was; a failed attempt is repeated as at first. A
   * delivery that waits for its next attempt is sent at once, and one that is about to be sent stays so. While the webhook is
   * disabled nothing is sent: the answer is `webhook_disabled`.
   */
  replayWebhookDelivery: {
    method: 'POST';
    path: '/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay';
    marks: '';
    shape: orders.operations['replayWebhookDelivery'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'delivery_not_found';
      409: 'webhook_disabled';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Open an account.
   * Opens an account with the role `customer`. Anybody may call it. E-mail addresses are compared without regard to case; a second
   * account for an address is refused with `email_taken`.
   * @deprecated
   */
  createUser: {
    method: 'POST';
    path: '/api/v1/users';
    marks: 'p';
    shape: users.operations['createUser'];
    codes: {
      400: 'malformed_request';
      409: 'email_taken';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read an account.
   * Reads one's own account; support and administrators read anybody's. Another caller's account is answered like a missing one.
   * @deprecated
   */
  getUser: {
    method: 'GET';
    path: '/api/v1/users/{userId}';
    marks: '';
    shape: users.operations['getUser'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'user_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Open an account.
   * Opens an account with the role `customer`. Anybody may call it. E-mail addresses are compared without regard to case; a second
   * account for an address is refused with `email_taken`. A password is accepted if it has 15 characters or more, or 8 or more with
   * an upper-case letter, a lower-case letter, a digit and another character. Common passwords, and passwords that contain the part
   * of the e-mail address before the @, are refused.
   */
  createUserV2: {
    method: 'POST';
    path: '/api/v2/users';
    marks: 'p';
    shape: users.operations['createUserV2'];
    codes: {
      400: 'malformed_request';
      409: 'email_taken';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read an account.
   * Reads one's own account; support and administrators read anybody's. Another caller's account is answered like a missing one.
   */
  getUserV2: {
    method: 'GET';
    path: '/api/v2/users/{userId}';
    marks: '';
    shape: users.operations['getUserV2'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'user_not_found';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read an account's profile.
   * Reads one's own profile; support and administrators read anybody's, without the number of the identity card. Another caller's
   * profile is answered like a missing one.
   */
  getUserProfile: {
    method: 'GET';
    path: '/api/v2/users/{userId}/profile';
    marks: '';
    shape: users.operations['getUserProfile'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'user_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Verify an e-mail address.
   * Uses the token of a verification mail. The account's address becomes verified, and nothing else of the account changes; its
   * password stays that of the person who opened it. A token is valid for one use within a day of the last request for it, for the
   * account and the address that it was sent for. Any other token is refused with `invalid_mail_token`.
   */
  confirmEmail: {
    method: 'POST';
    path: '/api/v1/email-verification/confirm';
    marks: 'p';
    shape: users.operations['confirmEmail'];
    codes: {
      400: 'malformed_request';
      403: 'invalid_mail_token';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Change an e-mail address.
   * Uses the token of a mail to a new address. The address becomes the account's and is verified. Sessions go on; the old address is
   * notified by mail. A token is valid for one use within a day of the last request for it, until another address is requested, the
   * change is withdrawn or the password is changed. Any other token is refused with `invalid_mail_token`. If another account has
   * taken the address in the meantime, the answer is `email_taken`, and the change stays pending.
   */
  confirmEmailChange: {
    method: 'POST';
    path: '/api/v1/email-change/confirm';
    marks: 'p';
    shape: users.operations['confirmEmailChange'];
    codes: {
      400: 'malformed_request';
      403: 'invalid_mail_token';
      409: 'email_taken';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Request a password reset.
   * Sends a mail to the owner of the active account with the address, if there is one, with a link to choose a new password within
   * half an hour from now. Neither the answer nor its timing reveals whether there is such an account. While a link is valid no
   * other replaces it: asking again sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time
   * until 24 hours after the first; the next mail replaces a link that is a day old. In between no mail is sent, and the link of the
   * last one is valid for another half hour. Mails that could not be handed over do not count. An account receives at most ten such
   * mails at once and another every two hours and 24 minutes. A service that is configured without mails refuses with `mail_off`,
   * whatever the address.
   */
  requestPasswordReset: {
    method: 'POST';
    path: '/api/v1/password-reset';
    marks: 'p';
    shape: users.operations['requestPasswordReset'];
    codes: {
      400: 'malformed_request';
      409: 'mail_off';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Reset the password.
   * Uses the token of a mail to set a new password. Every session of the account ends, and its owner is notified by mail. The reset
   * verifies the address. If the address was not verified before, another person may have opened the account: its second factor, its
   * profile, a requested deletion and a requested change of address are deleted, and its name becomes the part of the address before
   * the @. A pending change of address becomes void in any case. A token is valid for one use within half an hour of the last
   * request for it; if the address is verified, only until the password is changed. Any other token is refused with
   * `invalid_mail_token`. The rules for passwords are those of `createUserV2`.
   */
  resetPassword: {
    method: 'POST';
    path: '/api/v1/password-reset/confirm';
    marks: 'p';
    shape: users.operations['resetPassword'];
    codes: {
      400: 'malformed_request';
      403: 'invalid_mail_token';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Sign in.
   * Starts a session. A wrong password and an unknown address get the same answer, in the same time, and count alike: after too many
   * failed tries this network gets 429, while other networks, and the networks from which the account was used recently, can still
   * log in. With `"cookie": true` the refresh token is set as an HttpOnly, Secure, SameSite=Strict cookie for `/api/v1/refresh` and
   * is absent from the answer; such a request must come from the origin of the service or from a trusted one. An account with a
   * second factor gets 202 and a challenge instead of a session: `answerChallenge` starts the session, in the form that was
   * requested here.
   */
  startSession: {
    method: 'POST';
    path: '/api/v1/login';
    marks: 'pc';
    shape: users.operations['startSession'];
    codes: {
      400: 'malformed_request';
      401: 'invalid_credentials';
      403: 'account_disabled' | 'cross_origin_refused';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Sign in with a second factor.
   * Starts the session for which `startSession` issued the challenge, and answers in the same form. Send either `totp` or
   * `recovery_code`. A challenge is valid for five minutes, for one session and for five tries, until the account's password is
   * changed, the account is disabled or its second factor is disabled. Any other challenge is refused with `invalid_challenge`, and
   * a new login gets another. A code is valid for half a minute before and after its own, and for one use. Any other code is refused
   * with `invalid_code`.
   */
  answerChallenge: {
    method: 'POST';
    path: '/api/v1/login/second-factor';
    marks: 'pc';
    shape: users.operations['answerChallenge'];
    codes: {
      400: 'malformed_request';
      401: 'invalid_challenge';
      403: 'invalid_code' | 'cross_origin_refused';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Exchange a refresh token.
   * Exchanges a refresh token for the next access and refresh token. The token is sent in the body, or in the cookie if the body is
   * `{}`; a browser's request must come from the origin of the service or from a trusted one. Repeating an exchange within ten
   * seconds, because its answer was lost, gives the same successor. A later use of a spent token ends the session.
   */
  refreshSession: {
    method: 'POST';
    path: '/api/v1/refresh';
    marks: 'pc';
    shape: users.operations['refreshSession'];
    codes: {
      400: 'malformed_request';
      401: 'invalid_refresh_token';
      403: 'cross_origin_refused';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Sign out.
   * Ends the caller's session. This service refuses its access and refresh tokens from the next request on, other services refuse
   * its access token once they have received the event. The cookie is removed.
   */
  endSession: {
    method: 'POST';
    path: '/api/v1/logout';
    marks: 'c';
    shape: users.operations['endSession'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'cross_origin_refused';
      422: 'invalid_request';
      500: 'internal';
      503: 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List own sessions.
   * Lists the caller's live sessions, newest first.
   */
  listSessions: {
    method: 'GET';
    path: '/api/v1/sessions';
    marks: 'l';
    shape: users.operations['listSessions'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * End all other own sessions.
   * Ends every session of the caller except the current one.
   */
  revokeOtherSessions: {
    method: 'POST';
    path: '/api/v1/sessions/revoke-others';
    marks: '';
    shape: users.operations['revokeOtherSessions'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * End one own session.
   * Ends one session of the caller, which may be the current one. Another account's session is answered like a missing one.
   */
  revokeSession: {
    method: 'DELETE';
    path: '/api/v1/sessions/{sessionId}';
    marks: '';
    shape: users.operations['revokeSession'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'session_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read own profile.
   * Reads the caller's own profile.
   */
  getProfile: {
    method: 'GET';
    path: '/api/v1/profile';
    marks: '';
    shape: users.operations['getProfile'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Change own profile.
   * Changes the members that are sent and leaves the others as they are (RFC 7396). `null` removes the avatar, the biography, the
   * phone number or the number of the identity card. Two accounts cannot have the same identity card: the second is refused with
   * `id_card_number_taken`.
   */
  updateProfile: {
    method: 'PATCH';
    path: '/api/v1/profile';
    marks: '';
    shape: users.operations['updateProfile'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      409: 'id_card_number_taken';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Change own password.
   * Replaces the caller's password and ends every other session. The current password is required. A pending change of address
   * becomes void, and so does the link of a password reset if the address is verified. If it is not, the reader of the mail may be
   * the rightful owner of the account, and the link stays valid. The rules for passwords are those of `createUserV2`.
   */
  changePassword: {
    method: 'PUT';
    path: '/api/v1/profile/password';
    marks: '';
    shape: users.operations['changePassword'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read own second factor.
   * Shows whether the caller's logins need a second factor, since when, and how many recovery codes are left.
   */
  getSecondFactor: {
    method: 'GET';
    path: '/api/v1/profile/second-factor';
    marks: '';
    shape: users.operations['getSecondFactor'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Enrol an authenticator app.
   * Creates a secret for an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds), as text, as an address and as a
   * picture to scan. Logins need a second factor once `confirmSecondFactor` has received a code; until then another call creates
   * another secret. If a second factor is enabled, the answer is `second_factor_enabled`: disable it first. If the address is not
   * verified, the answer is `email_unverified`: the caller may not be its owner, and would lock the owner out.
   */
  enrolSecondFactor: {
    method: 'POST';
    path: '/api/v1/profile/second-factor';
    marks: '';
    shape: users.operations['enrolSecondFactor'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password';
      409: 'second_factor_enabled' | 'email_unverified';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Enable a second factor.
   * Proves by a code that the app has the secret of `enrolSecondFactor`. From now on logins need a second factor; the owner is
   * notified by mail. The answer has ten recovery codes, shown only once; each is valid for one use in place of a code. If the
   * answer is lost, `replaceRecoveryCodes` creates others. Existing sessions go on.
   */
  confirmSecondFactor: {
    method: 'POST';
    path: '/api/v1/profile/second-factor/confirm';
    marks: '';
    shape: users.operations['confirmSecondFactor'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'invalid_code';
      409: 'second_factor_enabled' | 'second_factor_not_enabled' | 'email_unverified';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Disable own second factor.
   * Lets logins succeed with the password alone, and makes the recovery codes void. The password is required, with either `totp` or
   * `recovery_code`. The owner is notified by mail.
   */
  disableSecondFactor: {
    method: 'POST';
    path: '/api/v1/profile/second-factor/disable';
    marks: '';
    shape: users.operations['disableSecondFactor'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password' | 'invalid_code';
      409: 'second_factor_not_enabled';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Replace own recovery codes.
   * Creates ten recovery codes, shown only once, and makes all earlier ones void. The owner is notified by mail. The password and a
   * code are required; if the answer is lost, the next code creates others.
   */
  replaceRecoveryCodes: {
    method: 'POST';
    path: '/api/v1/profile/second-factor/recovery-codes';
    marks: '';
    shape: users.operations['replaceRecoveryCodes'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password' | 'invalid_code';
      409: 'second_factor_not_enabled';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Request another verification mail.
   * Sends a mail with a link that proves that the caller reads mail to the account's address. The first mail is sent when the
   * account is opened. Asking again sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time
   * until 24 hours after the first; the answer says when the last mail was sent and when the next can be. The link is valid for a
   * day from now in any case. If the address is verified, no mail is sent and `verified` is true. Mails that could not be
   * delivered do not count for these pauses; more than ten mails are refused with `rate_limited`, until another may be sent. A service that is configured
   * without mails refuses with `mail_off`.
   */
  requestEmailVerification: {
    method: 'POST';
    path: '/api/v1/profile/email-verification';
    marks: '';
    shape: users.operations['requestEmailVerification'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      409: 'mail_off';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read own pending change of address.
   * Shows the address of a pending change that `requestEmailChange` has started, until when its link is valid, and when another mail
   * can be sent. If no change is pending, the answer is `email_change_not_found`.
   */
  getEmailChange: {
    method: 'GET';
    path: '/api/v1/profile/email-change';
    marks: '';
    shape: users.operations['getEmailChange'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'email_change_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Withdraw own change of address.
   * Makes the link of a pending change of address void. If no change is pending, because none was requested, it has expired or its
   * link was just followed, the answer is `email_change_not_found`: `getProfile` shows the address of the account.
   */
  cancelEmailChange: {
    method: 'DELETE';
    path: '/api/v1/profile/email-change';
    marks: '';
    shape: users.operations['cancelEmailChange'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      404: 'email_change_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Request a change of own e-mail address.
   * Sends a mail to the new address with a link that makes it the account's. Nothing changes until the link is followed. The
   * caller's password is required. The answer does not reveal whether another account has the address: the mail does. One change is
   * pending at a time: requesting another address makes the earlier link void and sends a mail at once. Requesting the same address
   * again, in any letter case, sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time until 24
   * hours after the first; the link is valid for a day from now in any case. The answer says when the last mail was sent and when
   * the next can be. An account sends ten such mails at once, and one more every two hours and 24 minutes, and an address receives
   * as many from all accounts together; a request beyond that is refused with `rate_limited` and changes nothing. A service that is
   * configured without mails refuses with `mail_off`.
   */
  requestEmailChange: {
    method: 'POST';
    path: '/api/v1/profile/email-change';
    marks: '';
    shape: users.operations['requestEmailChange'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password';
      409: 'mail_off';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List own activity.
   * Lists the entries of the audit log about the caller's account, newest first, a page at a time: the caller's own actions, and
   * actions of others on the account, without who they are and where they were.
   */
  listActivity: {
    method: 'GET';
    path: '/api/v1/profile/activity';
    marks: 'l';
    shape: users.operations['listActivity'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Export own data.
   * Returns everything that this service stores about the caller, except the secrets that open the account. If `activity` has a
   * `next_cursor`, `listActivity` continues from there. The caller's password is required. The orders service stores and lists
   * orders.
   */
  exportOwnData: {
    method: 'POST';
    path: '/api/v1/profile/export';
    marks: '';
    shape: users.operations['exportOwnData'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Request the deletion of own account.
   * Schedules the deletion of the caller's account, with everything that is stored about it, after a grace period. Until then the
   * account works, and `cancelDeletion` keeps it. Every other session ends, and the owner is notified by mail. Asking again keeps
   * the day of the first answer, ends the other sessions and sends no other mail. After ten such mails, and one more every two hours
   * and 24 minutes, a new request is refused with `rate_limited` and changes nothing: no account is deleted without a mail. An
   * administrator's account must first lose the role, by another administrator.
   */
  requestDeletion: {
    method: 'POST';
    path: '/api/v1/profile/deletion';
    marks: '';
    shape: users.operations['requestDeletion'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'wrong_password';
      409: 'self_administration';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Cancel the deletion of own account.
   * Keeps an account whose deletion was requested. It has no effect on any other account.
   */
  cancelDeletion: {
    method: 'DELETE';
    path: '/api/v1/profile/deletion';
    marks: '';
    shape: users.operations['cancelDeletion'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Search and list accounts.
   * Lists accounts, newest first, a page at a time. An account is listed if it matches all filters: `email` and `name` match
   * prefixes without regard to case (in names ß equals ss, final ς equals σ, and dotted and dotless i are equal), `phone`, `status`
   * and `role` match exactly.
   */
  listUsers: {
    method: 'GET';
    path: '/api/v1/admin/users';
    marks: 'l';
    shape: users.operations['listUsers'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Delete an account.
   * Deletes the account, everything stored with it and its sessions. An administrator cannot delete their own account here.
   */
  deleteUser: {
    method: 'DELETE';
    path: '/api/v1/admin/users/{userId}';
    marks: '';
    shape: users.operations['deleteUser'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      409: 'self_administration';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Disable an account.
   * Ends every session of the account and refuses its logins until it is enabled. Disabling a disabled account changes nothing. An
   * administrator cannot disable their own account.
   */
  disableUser: {
    method: 'POST';
    path: '/api/v1/admin/users/{userId}/disable';
    marks: '';
    shape: users.operations['disableUser'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      409: 'self_administration';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Remove an account's second factor.
   * Lets an owner who has lost both the app and the recovery codes log in with the password alone; the owner is notified by mail.
   * Verify who asks first. Administrators disable their own second factor with `disableSecondFactor`.
   */
  removeSecondFactor: {
    method: 'DELETE';
    path: '/api/v1/admin/users/{userId}/second-factor';
    marks: '';
    shape: users.operations['removeSecondFactor'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      409: 'self_administration' | 'second_factor_not_enabled';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Enable an account.
   * Accepts logins of the account again. Enabling an active account changes nothing.
   */
  enableUser: {
    method: 'POST';
    path: '/api/v1/admin/users/{userId}/enable';
    marks: '';
    shape: users.operations['enableUser'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Set an account's roles.
   * Replaces the roles of the account. A removed role takes effect here on the account's next request, in other services once they
   * have received the event. When the account gets a role that it did not have, its sessions end, and its owner has to log in again.
   * The owner is notified of a change by mail. Roles other than `customer` need a verified address, otherwise the answer is
   * `email_unverified`. Administrators cannot change their own roles.
   */
  setUserRoles: {
    method: 'PUT';
    path: '/api/v1/admin/users/{userId}/roles';
    marks: '';
    shape: users.operations['setUserRoles'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      409: 'self_administration' | 'email_unverified';
      413: 'body_too_large';
      415: 'unsupported_media_type';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * List an account's sessions.
   * Lists the live sessions of an account, newest first.
   */
  listUserSessions: {
    method: 'GET';
    path: '/api/v1/admin/users/{userId}/sessions';
    marks: 'l';
    shape: users.operations['listUserSessions'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * End an account's sessions.
   * Ends every session of an account; its user has to log in again.
   */
  revokeUserSessions: {
    method: 'POST';
    path: '/api/v1/admin/users/{userId}/sessions/revoke';
    marks: '';
    shape: users.operations['revokeUserSessions'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'user_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * End one of an account's sessions.
   * Ends one session of an account.
   */
  revokeUserSession: {
    method: 'DELETE';
    path: '/api/v1/admin/users/{userId}/sessions/{sessionId}';
    marks: '';
    shape: users.operations['revokeUserSession'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      404: 'session_not_found';
      422: 'invalid_request';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read the audit log.
   * Lists who did what to whom in this service, from where and with what outcome, newest first, a page at a time. An entry is listed
   * if it matches all filters. Entries are never changed.
   */
  listAuditEntries: {
    method: 'GET';
    path: '/api/v1/admin/audit-entries';
    marks: 'l';
    shape: users.operations['listAuditEntries'];
    codes: {
      400: 'malformed_request';
      401: 'unauthenticated';
      403: 'forbidden';
      422: 'invalid_request';
      429: 'rate_limited';
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read the public keys.
   * The public keys that verify access tokens (RFC 7517), including the next one. Cache them for as long as `Cache-Control` says.
   */
  getKeySet: {
    method: 'GET';
    path: '/.well-known/jwks.json';
    marks: 'p';
    shape: users.operations['getKeySet'];
    codes: {
      400: 'malformed_request';
      422: 'invalid_request';
      500: 'internal';
      503: 'timeout';
      default: 'not_found' | 'method_not_allowed';
    };
  };
}
