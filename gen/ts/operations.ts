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
   * Lists products, the newest first, a page at a time. Without `status` only what can be ordered is listed.
   * 
   * `q` finds products in whose name, description or SKU every one of its words begins a word. A word of one letter or digit is found as
   * a whole word only, save in the scripts of Chinese, Japanese and Korean, in which one may say something. `q` has at most 8 different
   * words. Case does not count: ß is ss, final ς is σ, and dotted and dotless i are the same. More words are refused with
   * `invalid_request` at `#/query/q`.
   * 
   * A page of a search may hold fewer products than `limit`, or none, and have a `next_cursor`: of words that many products have, each page
   * looks through a part of the catalog. A search that takes too long ends with `timeout`; longer words, or fewer, take less.
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
   * Adds a product, with nothing in stock. Its SKU is its own for good, also once it is archived; a second product with it is refused with
   * `sku_taken`. It takes the role `staff`, which an administrator gives to an account other than their own.
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
   * Reads a product, archived ones too. Its `ETag` counts changes to the product itself; `available` moves without it.
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
   * Changes what is sent and leaves the rest as it is (RFC 7396), if the product still has the version in `If-Match`; an empty text removes
   * the description. Orders that have been placed
   * keep the name and the price that they were placed at.
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
   * Takes a product out of what can be ordered, for good. Orders that have been placed go on. Archiving an archived product changes
   * nothing.
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
   * Adds a product with the name, the description and the price of another, and with nothing in stock. A SKU that another product has is
   * refused with `sku_taken`; an archived product cannot be duplicated (`product_archived`).
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
   * Reads how many units there are. What is available, reserved and sold is, together, what was received.
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
   * Lists what was received and written off, the newest first.
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
   * Adds `delta` units to what was received and is available; a negative delta writes units off. More than is available cannot be written
   * off (`out_of_stock`), and no more than 9007199254740991 can have been received.
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
   * Lists the caller's own orders, the newest first, a page at a time; support, staff and administrators list everybody's. The filters
   * narrow the list together.
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
   * Reserves the stock and places the order, at the prices of the catalog; lines of one product are merged. `expected_total`, when it is
   * sent, must be what the service computes, otherwise nothing is ordered (`price_changed`). The other refusals are `out_of_stock`,
   * `product_unavailable` and `mixed_currencies`; `errors` names the lines. An order that is not paid in time expires, and its stock is free again
   * some seconds later.
   * 
   * The maximum of `quantity` holds for all lines of one product together. A customer has so many unpaid orders at most (`too_many_open_orders`), and
   * so many units in them (`too_many_reserved_units`); `errors` says how many are allowed and how many there are. Pay, cancel, or let
   * one expire first.
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
   * Lists what was done here, by whom, to whom, from where and with what outcome, the newest first, a page at a time. The filters narrow the
   * list together. Entries are never changed. The users service has a log of its own.
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
   * Streams orders, the newest first, as JSON lines (one order a line) or as CSV (one order a line, without its items). The filters narrow
   * the export together. A stream that breaks off leaves the last line without a line feed. A caller may run three exports at once
   * (`too_many_exports`).
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
   * Reads one's own order; support, staff and administrators read anybody's. Another's order answers as a missing one.
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
   * Lists what has happened to an order, the earliest first. With `Accept: text/event-stream` it goes on: each change is sent as it happens
   * (Server-Sent Events), with the sequence number as the event's id; `Last-Event-ID` resumes behind it. A comment is sent
   * every 15 seconds, and the stream ends after ten minutes at most: reconnect, as EventSource does by itself. A caller may follow ten
   * orders at once (`too_many_streams`).
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
   * Withdraws an order that has not shipped: its stock is given back, and what was paid is refunded. Cancelling a cancelled order changes
   * nothing.
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
   * Records that the whole of an order's total was paid. Send the `amount` that was received: one that is not the total is refused
   * (`payment_mismatch`), and nothing is recorded. A payment with the same provider and reference as the one that is recorded changes nothing; a
   * second payment is refused (`order_state`), and so is a reference by which the provider has paid another order (`payment_reference_used`).
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
   * Records that a paid order has left; its units are sold. Shipping a shipped order changes nothing.
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
   * Records that a shipped order has arrived. Delivering a delivered order changes nothing.
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
   * Refunds a part of what was paid, or, without `amount`, all that is left of it; never more (`refund_too_large`). An order that is refunded
   * whole before it has shipped gives its stock back. A part needs an `Idempotency-Key`, so that it is refunded once; refunding the whole
   * of an order that is refunded changes nothing.
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
   * Lists the subscriptions of other systems, the newest first. Their secrets are not shown.
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
   * Subscribe another system.
   * Sends every event of the given types to an https address, as `{"type", "timestamp", "data"}` and signed as Standard Webhooks sets out. One that
   * is not answered with a 2xx status within ten seconds is sent again, ten times in all within some three days, with the same `webhook-id`.
   * Events may come more than once and in any order; `data.sequence` counts those of one order. A receiver that answers 410 disables its webhook.
   * The secret is shown this once. Addresses within private networks are refused.
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
   * Reads a subscription. Its secret is not shown.
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
   * Changes what is sent and leaves the rest as it is (RFC 7396); `null` removes the description. What happens while a webhook is not enabled is not sent to it later, and what is due while it is
   * not ends as failed.
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
   * Ends the subscription and forgets its deliveries.
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
   * Makes a new secret, shown this once. Until `previous_secrets_until`, 24 hours from now, deliveries are signed as well with the one before
   * and with every other that was in force: where this is done twice in a day, or an answer is lost, no receiver is left with a secret that
   * deliveries are not signed with. There are eight in force at most; a ninth is refused with `too_many_secrets`, with when the older ones
   * end in `Retry-After`.
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
   * Lists what was sent and what came of it, the newest first. Deliveries are kept for 30 days.
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
   * Sends an event again, at once and with the same id, whatever came of it before; what fails is repeated as at first. One that waits for its next
   * attempt need not wait any longer, and one that is about to be sent stays so. Nothing is sent while the webhook is not enabled: the
   * answer is `webhook_disabled` then.
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
   * Opens an account with the role `customer`. Anybody may call it. The e-mail address is compared without regard to case; a second
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
   * Reads one's own account; support and administrators read anybody's. Another's account answers as a missing one.
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
   * Opens an account with the role `customer`. Anybody may call it. The e-mail address is compared without regard to case; a second
   * account for an address is refused with `email_taken`. A password is accepted when it has 15 characters or more, or 8 or more
   * with an upper-case letter, a lower-case letter, a digit and another character; never one that is commonly used, and never one
   * that contains the part of the e-mail address before the @.
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
   * Reads one's own account; support and administrators read anybody's. Another's account answers as a missing one.
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
      500: 'internal';
      503: 'overloaded' | 'timeout' | 'unavailable';
      default: 'not_found' | 'method_not_allowed';
    };
  };
  /**
   * Read an account's profile.
   * Reads one's own profile; support and administrators read anybody's, without the number of the identity card. Another's profile
   * answers as a missing one.
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
   * Spends the token of a verification mail: the account's address is verified, and nothing else of the account changes; its password
   * stays that of whoever opened it. A token is good for a day after it was last asked for and for one use, for the account and the
   * address that it was sent for; any other is refused with `invalid_mail_token`.
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
   * Spends the token of a mail to a new address: it is the account's from now on, and verified. Sessions go on; the old address is told by
   * mail. A token is good for a day after it was last asked for and for one use, until another address is asked for, the change is
   * withdrawn or the password is changed; any other is refused with `invalid_mail_token`. When another account has come to have the
   * address, the answer is `email_taken`, and the change goes on waiting.
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
   * Ask for a mail that resets the password.
   * Has the owner of the active account with the address, if there is one, hold a mail with a link that lets its reader choose a new
   * password within half an hour from now. Whether there is such an account the answer does not tell, nor the time that it takes. While
   * a link is good no other takes its place: asking again sends the same one, after 1, 5, 15, 60 and 180 minutes at the soonest, and no
   * seventh time until 24 hours after the first; a link that is a day old is replaced by the next mail. In between no mail is sent, and the
   * link of the last one is good for another half hour. Mails that could not be handed over do not count. An account causes ten such mails
   * at once and another every two hours and 24 minutes at most. A service that is set up without mails refuses with `mail_off`, whatever
   * the address.
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
   * Choose a new password.
   * Spends the token of a mail to set a new password. Every session of the account ends, and its owner is told by mail. The address is
   * verified by that. Where it had not been, whoever opened the account may have been another: its second factor, its profile, a
   * deletion and a change of address that were asked for are gone, and its name is that before the @ of the address. A change of
   * address that waits is void in any case. A token is good for half an hour after it was last asked for and for one use; where the
   * address is verified, no longer than until the password is changed. Any other is refused with `invalid_mail_token`. The rules for passwords are those of `createUserV2`.
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
   * Starts a session. A wrong password and an unknown address answer alike, in the same time, and count alike: who tries too many gets
   * 429 from this network, while others, and the networks from which the account has lately been used, go on. With `"cookie": true` the refresh token is
   * set as an HttpOnly, Secure, SameSite=Strict cookie for `/api/v1/refresh` and is absent from the answer; such a request must come
   * from the same origin as the service, or from one that it trusts. An account with a second factor gets 202 and a challenge instead of
   * a session: `answerChallenge` starts it, in the form that was asked for here.
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
   * Starts the session that `startSession` has given a challenge for, and answers as it does. One of `totp` and `recovery_code`
   * is sent. A challenge is good for five minutes, for one session and for five tries, until the account's password is changed, the
   * account is disabled or its second factor is taken off; any other is refused with `invalid_challenge`, and a new login gets another.
   * A code is good for half a minute before and after its own, and for one use; any other is refused with `invalid_code`.
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
   * Exchanges a refresh token for the next access and refresh token. The token comes in the body, or in the cookie when the body is
   * `{}`; a browser's request must come from the same origin as the service, or from one that it trusts. Repeating an exchange
   * within ten seconds, because its answer was lost, gives the same successor; using a spent token later ends the session.
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
   * Ends the caller's session. Its access and refresh tokens are refused here from the next request on, its access token by other services
   * when they have heard of it; the cookie is removed.
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
   * Lists the caller's live sessions, the newest first.
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
   * Ends every session of the caller but the one that asks.
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
   * Ends one session of the caller, which may be the one that asks. Another's session answers as a missing one.
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
   * Changes what is sent and leaves the rest as it is (RFC 7396); `null` removes the avatar, the biography, the phone number or the
   * number of the identity card. Two accounts cannot have the same identity card: the second is refused with `id_card_number_taken`.
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
   * Replaces the caller's password, which must be given once more, and ends every other session. A change of address that waits is void,
   * and so is the link of a password reset where the address is verified; where it is not, whoever reads the mail may have another right
   * to the account than the caller, and the link stays good. The rules for passwords are those of `createUserV2`.
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
   * Tells whether the caller's logins take a second factor, since when, and how many recovery codes are left.
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
   * Makes a secret for an authenticator app (TOTP, RFC 6238: SHA-1, six digits, 30 seconds), as text, as an address and as a picture to
   * scan. Logins take a second factor once `confirmSecondFactor` has been sent a code; until then another call makes another secret.
   * Where there is a second factor the answer is `second_factor_enabled`: disable it first. Where the address is not verified it is
   * `email_unverified`: who has not shown to read it may not own it, and would lock its owner out.
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
   * Begin to use a second factor.
   * Shows by a code that the app has the secret of `enrolSecondFactor`. From now on logins take a second factor; the owner is told by mail.
   * The answer has ten recovery codes, each good for one use in place of a code, shown this once: where it is lost, `replaceRecoveryCodes`
   * makes others. Sessions that there are go on.
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
   * Take off own second factor.
   * Has logins take the password alone, and makes the recovery codes void. The password is sent once more, with one of `totp` and
   * `recovery_code`. The owner is told by mail.
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
   * Make new recovery codes.
   * Makes ten recovery codes, shown this once, and makes those from before void: those of the last answer are good. The owner is told by
   * mail. The password and a code are sent once more; where an answer is lost, the next code makes others.
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
   * Ask for another verification mail.
   * Sends a mail with a link that proves that the caller reads what is sent to the account's address. The first one is sent when the
   * account is opened. Asking again sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time until 24
   * hours after the first: the answer tells when the last mail was sent and when another can be. The link is good for a day from now in any case. Where the
   * address is verified nothing is sent, as `verified` says. Mails that could not be delivered do not count for these pauses; more than ten mails are
   * refused with `rate_limited` all the same, until another may be sent. A service that is set up without mails refuses with `mail_off`.
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
   * Read the change of own address that waits.
   * Tells which address a link waits for that `requestEmailChange` has sent, until when, and when another mail can be. Where none waits
   * the answer is `email_change_not_found`.
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
   * Withdraw a change of own address.
   * Makes the link void that waits for a change of address. Where none waits, because it was never asked for, has expired or has just been
   * followed, the answer is `email_change_not_found`: `getProfile` tells which address the account has.
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
   * Ask for another e-mail address.
   * Sends a mail to the new address with a link that makes it the account's. Until it is followed nothing changes. The caller's password
   * must be given once more. Whether another account has the address the answer does not tell: the mail does. One change waits at a
   * time: asking for another address makes the link to the one before void at once, and sends a mail at once. Asking for the same address
   * again, in whatever case, sends the same link, after 1, 5, 15, 60 and 180 minutes at the soonest, and no seventh time until 24 hours
   * after the first; the link is good for a day from now in any case. The answer tells when the last mail was sent and when another can be.
   * An account sends ten such mails, and one more every two hours and 24 minutes, and an address gets as many from all accounts together;
   * what is beyond them answers `rate_limited` and changes nothing. A service that is set up
   * without mails refuses with `mail_off`.
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
   * List what was done with own account.
   * Lists what the audit log holds of the caller's account, the newest first, a page at a time: what the caller did, and what others did to the
   * account, without who they are and where they were.
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
   * Gives everything that this service holds of the caller, but for the secrets that open the account. Where `activity` has a `next_cursor`,
   * `listActivity` goes on from there. The caller's password must be given once more. Orders are held by the orders service, which lists them.
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
   * Have own account deleted.
   * Has the caller's account deleted after a time of grace, with everything that is held of it. Until then it goes on working, and
   * `cancelDeletion` keeps it. Every other session ends, and the owner is told by mail. Asking again keeps the day that the first answer
   * told, ends the other sessions and sends no other mail. After ten such mails, and one more every two hours and 24 minutes, asking anew
   * answers `rate_limited` and changes nothing: no account is deleted without a mail. Another administrator takes the role from an administrator first.
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
   * Keep own account.
   * Keeps an account that was to be deleted. It changes nothing for one that was not.
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
   * Lists accounts, the newest first, a page at a time. The filters narrow the list together: `email` and `name` compare beginnings
   * without regard to case (in names ß is ss, final ς is σ, and dotted and dotless i are the same), `phone`, `status` and `role` compare exactly.
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
   * Deletes the account, everything held with it and its sessions. An administrator cannot delete their own account here.
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
   * Take off an account's second factor.
   * Lets an owner who has lost both the app and the recovery codes log in with the password alone; the owner is told by mail. Find out who
   * asks first. Administrators take off their own with `disableSecondFactor`.
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
   * Accepts the account's logins again. Enabling an active account changes nothing.
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
   * Replaces the roles of the account. Fewer roles hold here from its next request on, in other services when they have heard of it; when it gets one that it did not have, its sessions end,
   * and it has to log in again. Its owner is told of a change by mail. Roles other than `customer` are for accounts whose address is
   * verified; any other is refused with `email_unverified`. Administrators cannot change their own roles.
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
   * Lists the live sessions of an account, the newest first.
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
   * Ends every session of an account; whoever uses it has to log in again.
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
   * Lists what was done here, by whom, to whom, from where and with what outcome, the newest first, a page at a time. The filters narrow the
   * list together. Entries are never changed.
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
   * The public keys that verify access tokens (RFC 7517), the coming one included. Keep them for as long as `Cache-Control` says.
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
