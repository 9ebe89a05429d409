// Made by `make gen` from openapi/; not to be edited.
export interface paths {
    "/api/v1/products": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Search and list products
         * @description Lists products, the newest first, a page at a time. Without `status` only what can be ordered is listed.
         *
         *     `q` finds products in whose name, description or SKU every one of its words begins a word. A word of one letter or digit is found as
         *     a whole word only, save in the scripts of Chinese, Japanese and Korean, in which one may say something. `q` has at most 8 different
         *     words. Case does not count: ß is ss, final ς is σ, and dotted and dotless i are the same. More words are refused with
         *     `invalid_request` at `#/query/q`.
         *
         *     A page of a search may hold fewer products than `limit`, or none, and have a `next_cursor`: of words that many products have, each page
         *     looks through a part of the catalog. A search that takes too long ends with `timeout`; longer words, or fewer, take less.
         */
        get: operations["listProducts"];
        put?: never;
        /**
         * Add a product
         * @description Adds a product, with nothing in stock. Its SKU is its own for good, also once it is archived; a second product with it is refused with
         *     `sku_taken`. It takes the role `staff`, which an administrator gives to an account other than their own.
         */
        post: operations["createProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/{productId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        /**
         * Read a product
         * @description Reads a product, archived ones too. Its `ETag` counts changes to the product itself; `available` moves without it.
         */
        get: operations["getProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a product
         * @description Changes what is sent and leaves the rest as it is (RFC 7396), if the product still has the version in `If-Match`; an empty text removes
         *     the description. Orders that have been placed
         *     keep the name and the price that they were placed at.
         */
        patch: operations["updateProduct"];
        trace?: never;
    };
    "/api/v1/products/{productId}/archive": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Archive a product
         * @description Takes a product out of what can be ordered, for good. Orders that have been placed go on. Archiving an archived product changes
         *     nothing.
         */
        post: operations["archiveProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/{productId}/duplicate": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Duplicate a product
         * @description Adds a product with the name, the description and the price of another, and with nothing in stock. A SKU that another product has is
         *     refused with `sku_taken`; an archived product cannot be duplicated (`product_archived`).
         */
        post: operations["duplicateProduct"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/{productId}/stock": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        /**
         * Read a product's stock
         * @description Reads how many units there are. What is available, reserved and sold is, together, what was received.
         */
        get: operations["getStock"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/products/{productId}/stock-adjustments": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        /**
         * List a product's stock adjustments
         * @description Lists what was received and written off, the newest first.
         */
        get: operations["listStockAdjustments"];
        put?: never;
        /**
         * Receive or write off stock
         * @description Adds `delta` units to what was received and is available; a negative delta writes units off. More than is available cannot be written
         *     off (`out_of_stock`), and no more than 9007199254740991 can have been received.
         */
        post: operations["adjustStock"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List orders
         * @description Lists the caller's own orders, the newest first, a page at a time; support, staff and administrators list everybody's. The filters
         *     narrow the list together.
         */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description Reserves the stock and places the order, at the prices of the catalog; lines of one product are merged. `expected_total`, when it is
         *     sent, must be what the service computes, otherwise nothing is ordered (`price_changed`). The other refusals are `out_of_stock`,
         *     `product_unavailable` and `mixed_currencies`; `errors` names the lines. An order that is not paid in time expires, and its stock is free again
         *     some seconds later.
         *
         *     The maximum of `quantity` holds for all lines of one product together. A customer has so many unpaid orders at most (`too_many_open_orders`), and
         *     so many units in them (`too_many_reserved_units`); `errors` says how many are allowed and how many there are. Pay, cancel, or let
         *     one expire first.
         */
        post: operations["createOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/audit-entries": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Read the audit log
         * @description Lists what was done here, by whom, to whom, from where and with what outcome, the newest first, a page at a time. The filters narrow the
         *     list together. Entries are never changed. The users service has a log of its own.
         */
        get: operations["listOrderAuditEntries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/export": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * Export orders
         * @description Streams orders, the newest first, as JSON lines (one order a line) or as CSV (one order a line, without its items). The filters narrow
         *     the export together. A stream that breaks off leaves the last line without a line feed. A caller may run three exports at once
         *     (`too_many_exports`).
         */
        get: operations["exportOrders"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        /**
         * Read an order
         * @description Reads one's own order; support, staff and administrators read anybody's. Another's order answers as a missing one.
         */
        get: operations["getOrder"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/events": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        /**
         * Read or follow an order's history
         * @description Lists what has happened to an order, the earliest first. With `Accept: text/event-stream` it goes on: each change is sent as it happens
         *     (Server-Sent Events), with the sequence number as the event's id; `Last-Event-ID` resumes behind it. A comment is sent
         *     every 15 seconds, and the stream ends after ten minutes at most: reconnect, as EventSource does by itself. A caller may follow ten
         *     orders at once (`too_many_streams`).
         */
        get: operations["listOrderEvents"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/cancel": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Cancel an order
         * @description Withdraws an order that has not shipped: its stock is given back, and what was paid is refunded. Cancelling a cancelled order changes
         *     nothing.
         */
        post: operations["cancelOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/pay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report an order's payment
         * @description Records that the whole of an order's total was paid. Send the `amount` that was received: one that is not the total is refused
         *     (`payment_mismatch`), and nothing is recorded. A payment with the same provider and reference as the one that is recorded changes nothing; a
         *     second payment is refused (`order_state`), and so is a reference by which the provider has paid another order (`payment_reference_used`).
         */
        post: operations["payOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/ship": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Ship an order
         * @description Records that a paid order has left; its units are sold. Shipping a shipped order changes nothing.
         */
        post: operations["shipOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/deliver": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Report an order's delivery
         * @description Records that a shipped order has arrived. Delivering a delivered order changes nothing.
         */
        post: operations["deliverOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/orders/{orderId}/refund": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Refund an order
         * @description Refunds a part of what was paid, or, without `amount`, all that is left of it; never more (`refund_too_large`). An order that is refunded
         *     whole before it has shipped gives its stock back. A part needs an `Idempotency-Key`, so that it is refunded once; refunding the whole
         *     of an order that is refunded changes nothing.
         */
        post: operations["refundOrder"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks": {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        /**
         * List webhooks
         * @description Lists the subscriptions of other systems, the newest first. Their secrets are not shown.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Subscribe another system
         * @description Sends every event of the given types to an https address, as `{"type", "timestamp", "data"}` and signed as Standard Webhooks sets out. One that
         *     is not answered with a 2xx status within ten seconds is sent again, ten times in all within some three days, with the same `webhook-id`.
         *     Events may come more than once and in any order; `data.sequence` counts those of one order. A receiver that answers 410 disables its webhook.
         *     The secret is shown this once. Addresses within private networks are refused.
         */
        post: operations["createWebhook"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        /**
         * Read a webhook
         * @description Reads a subscription. Its secret is not shown.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Remove a webhook
         * @description Ends the subscription and forgets its deliveries.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook
         * @description Changes what is sent and leaves the rest as it is (RFC 7396); `null` removes the description. What happens while a webhook is not enabled is not sent to it later, and what is due while it is
         *     not ends as failed.
         */
        patch: operations["updateWebhook"];
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/rotate-secret": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Replace a webhook's secret
         * @description Makes a new secret, shown this once. Until `previous_secrets_until`, 24 hours from now, deliveries are signed as well with the one before
         *     and with every other that was in force: where this is done twice in a day, or an answer is lost, no receiver is left with a secret that
         *     deliveries are not signed with. There are eight in force at most; a ninth is refused with `too_many_secrets`, with when the older ones
         *     end in `Retry-After`.
         */
        post: operations["rotateWebhookSecret"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/deliveries": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        /**
         * List a webhook's deliveries
         * @description Lists what was sent and what came of it, the newest first. Deliveries are kept for 30 days.
         */
        get: operations["listWebhookDeliveries"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
    "/api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay": {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
                /**
                 * @description The delivery.
                 * @example 019324d8-6f2d-7b93-8c55-3a9e1d0f4b72
                 */
                deliveryId: string;
            };
            cookie?: never;
        };
        get?: never;
        put?: never;
        /**
         * Send a delivery again
         * @description Sends an event again, at once and with the same id, whatever came of it before; what fails is repeated as at first. One that waits for its next
         *     attempt need not wait any longer, and one that is about to be sent stays so. Nothing is sent while the webhook is not enabled: the
         *     answer is `webhook_disabled` then.
         */
        post: operations["replayWebhookDelivery"];
        delete?: never;
        options?: never;
        head?: never;
        patch?: never;
        trace?: never;
    };
}
export type webhooks = Record<string, never>;
export interface components {
    schemas: {
        CreateProductRequest: {
            sku: components["schemas"]["SKU"];
            name: components["schemas"]["ProductName"];
            description?: components["schemas"]["ProductDescription"];
            price: components["schemas"]["Price"];
        };
        UpdateProductRequest: {
            name?: components["schemas"]["ProductName"];
            description?: components["schemas"]["ProductDescription"];
            price?: components["schemas"]["Price"];
        };
        DuplicateProductRequest: {
            sku: components["schemas"]["SKU"];
        };
        AdjustStockRequest: {
            /**
             * Format: int64
             * @description Units to add, or to take away; not 0.
             * @example 150
             */
            delta: number;
            reason: components["schemas"]["Reason"];
        };
        CreateOrderRequest: {
            items: components["schemas"]["OrderItemRequest"][];
            expected_total?: components["schemas"]["ExpectedTotal"];
        };
        OrderItemRequest: {
            /** Format: uuid */
            product_id: string;
            /**
             * Format: int32
             * @description How many; the maximum holds for all lines of one product together.
             */
            quantity: number;
        };
        CancelOrderRequest: {
            reason?: components["schemas"]["Reason"];
        };
        PayOrderRequest: {
            /**
             * @description Where the payment was made. References are those of a provider; a shop with one need not name it. Name a provider from its first payment on,
             *     or never: what was paid at `default` counts for no other name.
             * @default default
             */
            provider?: string;
            /** @description What the payment is called where it was made. */
            reference?: string;
            amount?: components["schemas"]["ReceivedAmount"];
        };
        ShipOrderRequest: {
            /** @description The number by which the parcel is followed. */
            tracking?: string;
        };
        DeliverOrderRequest: Record<string, never>;
        RefundOrderRequest: {
            amount?: components["schemas"]["RefundAmount"];
            reason?: components["schemas"]["Reason"];
        };
        CreateWebhookRequest: {
            url: components["schemas"]["WebhookURL"];
            event_types: components["schemas"]["WebhookEventTypes"];
            description?: components["schemas"]["WebhookDescription"];
        };
        UpdateWebhookRequest: {
            url?: components["schemas"]["WebhookURL"];
            event_types?: components["schemas"]["WebhookEventTypes"];
            /**
             * Format: line
             * @description What it is for, in a line; null removes it.
             */
            description?: string | null;
            /** @description Whether events are sent. */
            enabled?: boolean;
        };
        /** @description The stock keeping unit, the product's name for those who keep stock. */
        SKU: string;
        /**
         * Format: line
         * @description What to call the product; one line without characters that cannot be seen, which neither begins nor ends with a space.
         */
        ProductName: string;
        /** @description Plain text, empty where there is none; encode it where it is shown. */
        ProductDescription: string;
        /**
         * Format: line
         * @description Why, in a line.
         */
        Reason: string;
        /** @description A price in minor units. */
        Price: {
            /** Format: int64 */
            amount: number;
            /**
             * Format: currency
             * @description A currency that is in use (ISO 4217), as EUR.
             */
            currency: string;
        };
        /** @description The total that the caller expects, in minor units. */
        ExpectedTotal: {
            /** Format: int64 */
            amount: number;
            /** @description The currency of the products. */
            currency: string;
        };
        /** @description What was received, in minor units. Without it nobody sees that another amount was paid. */
        ReceivedAmount: {
            /** Format: int64 */
            amount: number;
            /** @description The currency of the order; another is refused. */
            currency: string;
        };
        /** @description What to refund, in minor units. */
        RefundAmount: {
            /** Format: int64 */
            amount: number;
            /** @description The currency of the order; another is refused. */
            currency: string;
        };
        /**
         * @default active
         * @enum {string}
         */
        ProductStatusFilter: "active" | "archived";
        /**
         * @default ndjson
         * @enum {string}
         */
        ExportFormat: "ndjson" | "csv";
        /**
         * @description Where to send events: an https address without a user and a fragment, of a host that is neither private nor special (RFC 6890). Others are
         *     refused as of the wrong `format`, http among them, unless the service is set up to allow private networks for development. A host
         *     beyond ASCII is sent as A-labels (`xn--`).
         */
        WebhookURL: string;
        WebhookEventTypes: components["schemas"]["OrderEventType"][];
        /**
         * Format: line
         * @description What it is for, in a line.
         */
        WebhookDescription: string;
        /** @description An amount in minor units, such as cents. */
        Money: {
            /** Format: int64 */
            amount: number;
            /** @description ISO 4217, as in EUR. */
            currency: string;
        };
        /**
         * @description Whether the product can be ordered. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        ProductStatus: "active" | "archived";
        Product: {
            /** Format: uuid */
            id: string;
            sku: string;
            name: string;
            description: string;
            price: components["schemas"]["Money"];
            status: components["schemas"]["ProductStatus"];
            /**
             * Format: int64
             * @description Units that can be ordered.
             */
            available: number;
            version: components["schemas"]["Version"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        ProductList: {
            items: components["schemas"]["Product"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Stock: {
            /** Format: uuid */
            product_id: string;
            /**
             * Format: int64
             * @description Units that can be ordered.
             */
            available: number;
            /**
             * Format: int64
             * @description Units of orders that have not shipped.
             */
            reserved: number;
            /**
             * Format: int64
             * @description Units of orders that have shipped.
             */
            sold: number;
            /**
             * Format: int64
             * @description The sum of all adjustments, and of the three others.
             */
            received: number;
            /** Format: date-time */
            updated_at: string;
        };
        StockAdjustment: {
            /** Format: uuid */
            id: string;
            /** Format: uuid */
            product_id: string;
            /** Format: int64 */
            delta: number;
            reason: string;
            /**
             * Format: uuid
             * @description The account that did it.
             */
            adjusted_by: string;
            /** Format: date-time */
            created_at: string;
        };
        StockAdjustmentList: {
            items: components["schemas"]["StockAdjustment"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        AdjustedStock: {
            adjustment: components["schemas"]["StockAdjustment"];
            stock: components["schemas"]["Stock"];
        };
        /**
         * @description The state of an order. `pending` waits for payment, `expired` waited in vain, `refunded` has had all of its payment given back. Answers may
         *     come to hold values that are not listed here.
         * @enum {string}
         */
        OrderStatus: "pending" | "paid" | "shipped" | "delivered" | "cancelled" | "expired" | "refunded";
        /**
         * @description What can be done to an order. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        OrderAction: "cancel" | "pay" | "ship" | "deliver" | "refund";
        /** @description A line as it was when the order was placed. */
        OrderItem: {
            /** Format: uuid */
            product_id: string;
            sku: string;
            name: string;
            /** Format: int32 */
            quantity: number;
            unit_price: components["schemas"]["Money"];
            total: components["schemas"]["Money"];
        };
        Order: {
            /** Format: uuid */
            id: string;
            /** @description What to call the order when talking to a person. */
            number: string;
            /** Format: uuid */
            customer_id: string;
            status: components["schemas"]["OrderStatus"];
            items: components["schemas"]["OrderItem"][];
            total: components["schemas"]["Money"];
            paid: components["schemas"]["Money"];
            refunded: components["schemas"]["Money"];
            /** @description What the caller may do to the order as it is now. */
            allowed_actions: components["schemas"]["OrderAction"][];
            version: components["schemas"]["Version"];
            /** @description Where the payment was made. */
            payment_provider?: string;
            /** @description What the payment is called where it was made. */
            payment_reference?: string;
            /** @description The number by which the parcel is followed. */
            tracking?: string;
            /**
             * Format: date-time
             * @description When an order that is still pending expires.
             */
            expires_at?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        OrderList: {
            items: components["schemas"]["Order"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /**
         * @description What happened to an order. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        OrderEventType: "order.placed" | "order.paid" | "order.shipped" | "order.delivered" | "order.cancelled" | "order.expired" | "order.refunded";
        /**
         * @description In what capacity somebody acted; `system` is the service itself. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        OrderActor: "customer" | "staff" | "payments" | "system";
        OrderEvent: {
            /**
             * Format: int32
             * @description The version of the order after the event: 1, 2, 3 and so on.
             */
            sequence: number;
            type: components["schemas"]["OrderEventType"];
            status: components["schemas"]["OrderStatus"];
            by: components["schemas"]["OrderActor"];
            amount?: components["schemas"]["Money"];
            reason?: string;
            /** Format: date-time */
            occurred_at: string;
        };
        OrderEventList: {
            items: components["schemas"]["OrderEvent"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Webhook: {
            /** Format: uuid */
            id: string;
            url: string;
            event_types: components["schemas"]["OrderEventType"][];
            description?: string;
            enabled: boolean;
            /**
             * Format: date-time
             * @description Until when deliveries are signed as well with the secrets that were in force before the last one; absent when they are not.
             */
            previous_secrets_until?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        WebhookList: {
            items: components["schemas"]["Webhook"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        WebhookWithSecret: {
            webhook: components["schemas"]["Webhook"];
            /** @description What deliveries are signed with; keep it, it is not shown again. */
            secret: string;
        };
        /**
         * @description What came of a delivery; `failed` is not tried again by itself. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        WebhookDeliveryStatus: "pending" | "delivered" | "failed";
        WebhookDelivery: {
            /** Format: uuid */
            id: string;
            /**
             * Format: uuid
             * @description The `webhook-id` of the delivery, the same at every attempt.
             */
            event_id: string;
            event_type: components["schemas"]["OrderEventType"];
            /** Format: uuid */
            order_id: string;
            status: components["schemas"]["WebhookDeliveryStatus"];
            /** Format: int32 */
            attempts: number;
            /** Format: date-time */
            last_attempt_at?: string;
            /** Format: date-time */
            next_attempt_at?: string;
            /**
             * Format: int32
             * @description What the other system answered.
             */
            response_status?: number;
            /** @description Why the last attempt failed, or why there was none, in a word: `refused` (the status was not 2xx), `redirected`, `gone`, `timeout`, `unreachable`, `unresolved`, `tls`, `bad_url`, `forbidden` (a private address), `unsigned` (the secret cannot be read) or `disabled`. */
            failure?: string;
            /** Format: date-time */
            created_at: string;
        };
        WebhookDeliveryList: {
            items: components["schemas"]["WebhookDelivery"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /**
         * Format: int64
         * @description Counts the changes.
         */
        Version: number;
        AuditAction: string;
        AuditEntry: {
            /** Format: uuid */
            id: string;
            action: components["schemas"]["AuditAction"];
            /** @description `success`, or the code of the problem that it ended with. */
            outcome: string;
            /**
             * Format: uuid
             * @description The account that did it; nobody is known where it is missing.
             */
            actor?: string;
            /**
             * Format: uuid
             * @description What it was done to; nothing is known where it is missing.
             */
            target?: string;
            /** @description The network address that it was done from. */
            address: string;
            /** @description The request of the service's log that did it. */
            request_id: string;
            /** Format: date-time */
            occurred_at: string;
        };
        AuditEntryList: {
            items: components["schemas"]["AuditEntry"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        /** @description The `cursor` of the next page, null on the last one. */
        NextCursor: string | null;
        /**
         * @description What an account may do.
         * @enum {string}
         */
        Role: "customer" | "support" | "staff" | "payments" | "admin";
        /**
         * @description A failure (RFC 9457).
         * @example {
         *       "type": "/problems/out_of_stock",
         *       "title": "Conflict",
         *       "status": 409,
         *       "detail": "There are not enough units of some products; errors names the lines.",
         *       "instance": "/api/v1/orders",
         *       "code": "out_of_stock",
         *       "request_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
         *       "timestamp": "2026-11-23T09:30:00Z",
         *       "errors": [
         *         {
         *           "pointer": "#/items/0/quantity",
         *           "keyword": "maximum",
         *           "params": {
         *             "maximum": 1
         *           },
         *           "detail": "There are fewer units than this."
         *         }
         *       ]
         *     }
         */
        Problem: {
            /**
             * Format: uri-reference
             * @description Where the code is explained.
             */
            type: string;
            /** @description The status in words. */
            title: string;
            /** Format: int32 */
            status: number;
            /** @description What happened and what to do about it. */
            detail: string;
            /**
             * Format: uri-reference
             * @description The path of the request.
             */
            instance: string;
            code: components["schemas"]["ProblemCode"];
            request_id: string;
            /** Format: date-time */
            timestamp: string;
            current?: components["schemas"]["Product"];
            errors?: components["schemas"]["Violation"][];
        };
        /** @description One place of the request that is at fault. */
        Violation: {
            /** @description Where: a JSON pointer into the body such as `#/items/0/quantity`, or `#/query/limit`, `#/header/…`, `#/path/…`. */
            pointer: string;
            /** @description The rule that is broken, such as `maxLength` or `format`. */
            keyword: string;
            /** @description The figures of the rule, such as `{"maxLength": 100}`. */
            params?: {
                [key: string]: unknown;
            };
            detail: string;
        };
        /**
         * @description What went wrong, for programs. Answers may come to hold values that are not listed here.
         * @enum {string}
         */
        ProblemCode: "malformed_request" | "unauthenticated" | "forbidden" | "not_found" | "method_not_allowed" | "body_too_large" | "unsupported_media_type" | "invalid_request" | "rate_limited" | "internal" | "overloaded" | "timeout" | "unavailable" | "precondition_required" | "idempotency_key_reused" | "idempotency_key_in_use" | "version_changed" | "product_not_found" | "order_not_found" | "webhook_not_found" | "delivery_not_found" | "sku_taken" | "product_archived" | "out_of_stock" | "price_changed" | "product_unavailable" | "mixed_currencies" | "order_state" | "payment_mismatch" | "payment_reference_used" | "refund_too_large" | "too_many_open_orders" | "too_many_reserved_units" | "too_many_exports" | "too_many_streams" | "too_many_webhooks" | "too_many_secrets" | "webhook_disabled" | "customers_unavailable";
    };
    responses: {
        /** @description The request cannot be read, for example because the body is not JSON (`malformed_request`). */
        Malformed: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no valid access token (`unauthenticated`). */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller may not do this (`forbidden`). */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such product (`product_not_found`). */
        ProductNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such order, or none that the caller may see (`order_not_found`). */
        OrderNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such webhook (`webhook_not_found`). */
        WebhookNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The webhook has no such delivery (`delivery_not_found`). */
        DeliveryNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already a product with this SKU (`sku_taken`). */
        SkuTaken: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already a product with this SKU (`sku_taken`), or the product to duplicate is archived (`product_archived`). */
        DuplicateRefused: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description There are fewer units than would be written off (`out_of_stock`), or the same request is being carried out
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        AdjustmentRefused: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The order does not fit the catalog or the stock (`out_of_stock`, `price_changed`, `product_unavailable`, `mixed_currencies`), the customer has
         *     as much that is not paid as one may (`too_many_open_orders`, `too_many_reserved_units`), or the same request is being carried out
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        OrderRefused: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The order is not in a state for this (`order_state`). */
        OrderState: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The order is not in a state for this (`order_state`), another amount was received than its total (`payment_mismatch`), or the reference is that of
         *     another order's payment (`payment_reference_used`).
         */
        PaymentRefused: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The order is not in a state for this (`order_state`), it is more than is left (`refund_too_large`), or the same request is being carried out
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        RefundRefused: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller follows as many orders as one may (`too_many_streams`). */
        TooManyStreams: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The webhook has as many secrets in force as it may (`too_many_secrets`); the older ones end when `Retry-After` says. */
        TooManySecrets: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The webhook is not enabled, and nothing is sent to it (`webhook_disabled`). */
        WebhookDisabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller runs as many exports as one may (`too_many_exports`). */
        TooManyExports: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There are as many webhooks as there may be (`too_many_webhooks`). */
        TooManyWebhooks: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The thing has changed since (`version_changed`); `current` is the thing as it is now. */
        PreconditionFailed: {
            headers: {
                ETag: components["headers"]["ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The change needs `If-Match` (`precondition_required`). */
        PreconditionRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than the operation takes (`body_too_large`). */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The body is not of a media type that the operation takes (`unsupported_media_type`). */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`). */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`), or its key was used for another (`idempotency_key_reused`). */
        InvalidOrReused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Too many requests (`rate_limited`). */
        RateLimited: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                RateLimit: components["headers"]["RateLimit"];
                "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service cannot answer now; try again after `Retry-After` seconds (`overloaded`, `timeout`, `unavailable`). */
        Unavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /**
         * @description The service cannot answer now, or not find out whether the account may order; try again after `Retry-After` seconds (`overloaded`, `timeout`,
         *     `unavailable`, `customers_unavailable`).
         */
        OrderingUnavailable: {
            headers: {
                "Retry-After": components["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Any other failure. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
    };
    parameters: {
        /**
         * @description The product.
         * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
         */
        ProductId: string;
        /**
         * @description The order.
         * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
         */
        OrderId: string;
        /**
         * @description The webhook.
         * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
         */
        WebhookId: string;
        /**
         * @description What makes the request the same when it is repeated; a UUID does well, with or without quotes around it.
         * @example 7d4a2f1e-7c1b-4a39-9a0e-5b7f2c8d1e60
         */
        IdempotencyKey: string;
        /** @description What makes the request the same when it is repeated; a UUID does well, with or without quotes around it. */
        OptionalIdempotencyKey: string;
        /** @description How many items a page holds at most. */
        Limit: number;
        /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
        Cursor: string;
    };
    requestBodies: never;
    headers: {
        /** @description The path of what was made. */
        Location: string;
        /** @description The version, in quotes, for `If-Match` (RFC 9110). */
        ETag: string;
        /** @description `true` on an answer that was kept from an earlier request with the same key. */
        IdempotencyReplayed: string;
        /** @description The next page (`rel="next"`), RFC 8288. */
        Link: string;
        /** @description A name for the file, RFC 6266. */
        ContentDisposition: string;
        /** @description What is left of the limit and the seconds until it is whole again, as in `"default";r=29;t=60`. */
        RateLimit: string;
        /** @description The limit and its window in seconds, as in `"default";q=30;w=60`. */
        RateLimitPolicy: string;
        /** @description Seconds to wait before trying again. */
        RetryAfter: number;
        /** @description Seconds to wait before trying again, where waiting helps. */
        RetryAfterInUse: number;
        /** @description How to authenticate, RFC 6750. */
        WWWAuthenticate: string;
    };
    pathItems: never;
}
export type $defs = Record<string, never>;
export interface operations {
    listProducts: {
        parameters: {
            query?: {
                /** @description Words to search for, at most 8 different ones. */
                q?: string;
                /** @description Whether to list what can be ordered or what has been archived. */
                status?: components["schemas"]["ProductStatusFilter"];
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of products. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "description": "Turned from solid brass, with ten metres of line.",
                     *           "price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "status": "active",
                     *           "available": 120,
                     *           "version": 1,
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "updated_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ProductList"];
                };
            };
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createProduct: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sku": "PLUMB-8OZ",
                 *       "name": "Brass plumb bob",
                 *       "description": "Turned from solid brass, with ten metres of line.",
                 *       "price": {
                 *         "amount": 2490,
                 *         "currency": "EUR"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CreateProductRequest"];
            };
        };
        responses: {
            /** @description The product. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "sku": "PLUMB-8OZ",
                     *       "name": "Brass plumb bob",
                     *       "description": "Turned from solid brass, with ten metres of line.",
                     *       "price": {
                     *         "amount": 2490,
                     *         "currency": "EUR"
                     *       },
                     *       "status": "active",
                     *       "available": 120,
                     *       "version": 1,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["SkuTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "sku": "PLUMB-8OZ",
                     *       "name": "Brass plumb bob",
                     *       "description": "Turned from solid brass, with ten metres of line.",
                     *       "price": {
                     *         "amount": 2490,
                     *         "currency": "EUR"
                     *       },
                     *       "status": "active",
                     *       "available": 120,
                     *       "version": 1,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            404: components["responses"]["ProductNotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    updateProduct: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description The `ETag` of the product as you know it, a list of some, or `*` for any (RFC 9110).
                 * @example "1"
                 */
                "If-Match": string;
            };
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "price": {
                 *         "amount": 2290,
                 *         "currency": "EUR"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["UpdateProductRequest"];
            };
        };
        responses: {
            /** @description The product as it now is. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "sku": "PLUMB-8OZ",
                     *       "name": "Brass plumb bob",
                     *       "description": "Turned from solid brass, with ten metres of line.",
                     *       "price": {
                     *         "amount": 2490,
                     *         "currency": "EUR"
                     *       },
                     *       "status": "active",
                     *       "available": 120,
                     *       "version": 1,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            412: components["responses"]["PreconditionFailed"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            428: components["responses"]["PreconditionRequired"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    archiveProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product, archived. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "sku": "PLUMB-8OZ",
                     *       "name": "Brass plumb bob",
                     *       "description": "Turned from solid brass, with ten metres of line.",
                     *       "price": {
                     *         "amount": 2490,
                     *         "currency": "EUR"
                     *       },
                     *       "status": "active",
                     *       "available": 120,
                     *       "version": 1,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    duplicateProduct: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "sku": "PLUMB-8OZ"
                 *     }
                 */
                "application/json": components["schemas"]["DuplicateProductRequest"];
            };
        };
        responses: {
            /** @description The new product. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "sku": "PLUMB-8OZ",
                     *       "name": "Brass plumb bob",
                     *       "description": "Turned from solid brass, with ten metres of line.",
                     *       "price": {
                     *         "amount": 2490,
                     *         "currency": "EUR"
                     *       },
                     *       "status": "active",
                     *       "available": 120,
                     *       "version": 1,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Product"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            409: components["responses"]["DuplicateRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getStock: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The stock. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "available": 120,
                     *       "reserved": 3,
                     *       "sold": 27,
                     *       "received": 150,
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Stock"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listStockAdjustments: {
        parameters: {
            query?: {
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of adjustments. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d4-51aa-7e02-9c11-0d7be15f3a21",
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "delta": 150,
                     *           "reason": "First delivery",
                     *           "adjusted_by": "019324d2-7777-7c10-8f4e-2b6d1a9c0e77",
                     *           "created_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["StockAdjustmentList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    adjustStock: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description What makes the request the same when it is repeated; a UUID does well, with or without quotes around it.
                 * @example 7d4a2f1e-7c1b-4a39-9a0e-5b7f2c8d1e60
                 */
                "Idempotency-Key": components["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "delta": 150,
                 *       "reason": "First delivery"
                 *     }
                 */
                "application/json": components["schemas"]["AdjustStockRequest"];
            };
        };
        responses: {
            /** @description The adjustment, and the stock after it. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "adjustment": {
                     *         "id": "019324d4-51aa-7e02-9c11-0d7be15f3a21",
                     *         "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *         "delta": 150,
                     *         "reason": "First delivery",
                     *         "adjusted_by": "019324d2-7777-7c10-8f4e-2b6d1a9c0e77",
                     *         "created_at": "2026-11-23T09:30:00Z"
                     *       },
                     *       "stock": {
                     *         "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *         "available": 120,
                     *         "reserved": 3,
                     *         "sold": 27,
                     *         "received": 150,
                     *         "updated_at": "2026-11-23T09:30:00Z"
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["AdjustedStock"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["ProductNotFound"];
            409: components["responses"]["AdjustmentRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidOrReused"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description The state of the order. */
                status?: components["schemas"]["OrderStatus"];
                /** @description Whose orders. */
                customer_id?: string;
                /** @description Placed at or after this time. */
                created_from?: string;
                /** @description Placed before this time. */
                created_before?: string;
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of orders. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *           "number": "PL-7K3M-9Q2X-VN4T",
                     *           "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *           "status": "pending",
                     *           "items": [
                     *             {
                     *               "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *               "sku": "PLUMB-8OZ",
                     *               "name": "Brass plumb bob",
                     *               "quantity": 2,
                     *               "unit_price": {
                     *                 "amount": 2490,
                     *                 "currency": "EUR"
                     *               },
                     *               "total": {
                     *                 "amount": 4980,
                     *                 "currency": "EUR"
                     *               }
                     *             }
                     *           ],
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           },
                     *           "paid": {
                     *             "amount": 0,
                     *             "currency": "EUR"
                     *           },
                     *           "refunded": {
                     *             "amount": 0,
                     *             "currency": "EUR"
                     *           },
                     *           "allowed_actions": [
                     *             "cancel"
                     *           ],
                     *           "version": 1,
                     *           "expires_at": "2026-11-23T10:00:00Z",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "updated_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["OrderList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createOrder: {
        parameters: {
            query?: never;
            header: {
                /**
                 * @description What makes the request the same when it is repeated; a UUID does well, with or without quotes around it.
                 * @example 7d4a2f1e-7c1b-4a39-9a0e-5b7f2c8d1e60
                 */
                "Idempotency-Key": components["parameters"]["IdempotencyKey"];
            };
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "items": [
                 *         {
                 *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                 *           "quantity": 2
                 *         }
                 *       ],
                 *       "expected_total": {
                 *         "amount": 4980,
                 *         "currency": "EUR"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["CreateOrderRequest"];
            };
        };
        responses: {
            /** @description The order. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            409: components["responses"]["OrderRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidOrReused"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["OrderingUnavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listOrderAuditEntries: {
        parameters: {
            query?: {
                /** @description Who did it. */
                actor?: string;
                /** @description What it was done to. */
                target?: string;
                /** @description What was done, as in `order.cancel`. */
                action?: components["schemas"]["AuditAction"];
                /** @description Done at or after this time. */
                occurred_from?: string;
                /** @description Done before this time. */
                occurred_before?: string;
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of the log. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *           "action": "order.cancel",
                     *           "outcome": "success",
                     *           "actor": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *           "target": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "address": "192.0.2.1",
                     *           "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *           "occurred_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["AuditEntryList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    exportOrders: {
        parameters: {
            query?: {
                /** @description What to write. */
                format?: components["schemas"]["ExportFormat"];
                /** @description The state of the order. */
                status?: components["schemas"]["OrderStatus"];
                /** @description Placed at or after this time. */
                created_from?: string;
                /** @description Placed before this time. */
                created_before?: string;
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The orders. */
            200: {
                headers: {
                    "Content-Disposition": components["headers"]["ContentDisposition"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["TooManyExports"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["OrderNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listOrderEvents: {
        parameters: {
            query?: {
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /** @description The id of the last event that was received; the stream starts behind it. */
                "Last-Event-ID"?: string;
            };
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history, or the stream of it. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "sequence": 1,
                     *           "type": "order.placed",
                     *           "status": "pending",
                     *           "by": "customer",
                     *           "amount": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           },
                     *           "occurred_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["OrderEventList"];
                    "text/event-stream": string;
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["TooManyStreams"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    cancelOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "reason": "Ordered by mistake"
                 *     }
                 */
                "application/json": components["schemas"]["CancelOrderRequest"];
            };
        };
        responses: {
            /** @description The order, cancelled. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["OrderState"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    payOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "provider": "example-bank",
                 *       "reference": "pay_5f2c81",
                 *       "amount": {
                 *         "amount": 4980,
                 *         "currency": "EUR"
                 *       }
                 *     }
                 */
                "application/json": components["schemas"]["PayOrderRequest"];
            };
        };
        responses: {
            /** @description The order, paid. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["PaymentRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    shipOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "tracking": "JD014600006281230"
                 *     }
                 */
                "application/json": components["schemas"]["ShipOrderRequest"];
            };
        };
        responses: {
            /** @description The order, shipped. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["OrderState"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    deliverOrder: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": components["schemas"]["DeliverOrderRequest"];
            };
        };
        responses: {
            /** @description The order, delivered. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["OrderState"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    refundOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description What makes the request the same when it is repeated; a UUID does well, with or without quotes around it. */
                "Idempotency-Key"?: components["parameters"]["OptionalIdempotencyKey"];
            };
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /**
                 * @example {
                 *       "amount": {
                 *         "amount": 1000,
                 *         "currency": "EUR"
                 *       },
                 *       "reason": "Scratched"
                 *     }
                 */
                "application/json": components["schemas"]["RefundOrderRequest"];
            };
        };
        responses: {
            /** @description The order with what has been refunded. */
            200: {
                headers: {
                    ETag: components["headers"]["ETag"];
                    "Idempotency-Replayed": components["headers"]["IdempotencyReplayed"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "number": "PL-7K3M-9Q2X-VN4T",
                     *       "customer_id": "019324d2-1111-7c10-8f4e-2b6d1a9c0e77",
                     *       "status": "pending",
                     *       "items": [
                     *         {
                     *           "product_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *           "sku": "PLUMB-8OZ",
                     *           "name": "Brass plumb bob",
                     *           "quantity": 2,
                     *           "unit_price": {
                     *             "amount": 2490,
                     *             "currency": "EUR"
                     *           },
                     *           "total": {
                     *             "amount": 4980,
                     *             "currency": "EUR"
                     *           }
                     *         }
                     *       ],
                     *       "total": {
                     *         "amount": 4980,
                     *         "currency": "EUR"
                     *       },
                     *       "paid": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "refunded": {
                     *         "amount": 0,
                     *         "currency": "EUR"
                     *       },
                     *       "allowed_actions": [
                     *         "cancel"
                     *       ],
                     *       "version": 1,
                     *       "expires_at": "2026-11-23T10:00:00Z",
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Order"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["OrderNotFound"];
            409: components["responses"]["RefundRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["InvalidOrReused"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of webhooks. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d7-02b1-7f61-a4c3-94d2e8b07c55",
                     *           "url": "https://hooks.example.com/plumbline",
                     *           "event_types": [
                     *             "order.paid",
                     *             "order.cancelled"
                     *           ],
                     *           "enabled": true,
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "updated_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "url": "https://hooks.example.com/plumbline",
                 *       "event_types": [
                 *         "order.paid",
                 *         "order.cancelled"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["CreateWebhookRequest"];
            };
        };
        responses: {
            /** @description The webhook and its secret. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook": {
                     *         "id": "019324d7-02b1-7f61-a4c3-94d2e8b07c55",
                     *         "url": "https://hooks.example.com/plumbline",
                     *         "event_types": [
                     *           "order.paid",
                     *           "order.cancelled"
                     *         ],
                     *         "enabled": true,
                     *         "created_at": "2026-11-23T09:30:00Z",
                     *         "updated_at": "2026-11-23T09:30:00Z"
                     *       },
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            409: components["responses"]["TooManyWebhooks"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d7-02b1-7f61-a4c3-94d2e8b07c55",
                     *       "url": "https://hooks.example.com/plumbline",
                     *       "event_types": [
                     *         "order.paid",
                     *         "order.cancelled"
                     *       ],
                     *       "enabled": true,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["WebhookNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    deleteWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook is gone. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["WebhookNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    updateWebhook: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "enabled": false
                 *     }
                 */
                "application/json": components["schemas"]["UpdateWebhookRequest"];
            };
        };
        responses: {
            /** @description The webhook as it now is. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d7-02b1-7f61-a4c3-94d2e8b07c55",
                     *       "url": "https://hooks.example.com/plumbline",
                     *       "event_types": [
                     *         "order.paid",
                     *         "order.cancelled"
                     *       ],
                     *       "enabled": true,
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Webhook"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["WebhookNotFound"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    rotateWebhookSecret: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The webhook and its new secret. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "webhook": {
                     *         "id": "019324d7-02b1-7f61-a4c3-94d2e8b07c55",
                     *         "url": "https://hooks.example.com/plumbline",
                     *         "event_types": [
                     *           "order.paid",
                     *           "order.cancelled"
                     *         ],
                     *         "enabled": true,
                     *         "previous_secrets_until": "2026-11-24T10:00:00Z",
                     *         "created_at": "2026-11-23T09:30:00Z",
                     *         "updated_at": "2026-11-23T10:00:00Z"
                     *       },
                     *       "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwMfKQ9r8GKYo="
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookWithSecret"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["WebhookNotFound"];
            409: components["responses"]["TooManySecrets"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description How many items a page holds at most. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it. Opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries. */
            200: {
                headers: {
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "items": [
                     *         {
                     *           "id": "019324d8-6f2d-7b93-8c55-3a9e1d0f4b72",
                     *           "event_id": "019324d8-6f00-7b93-8c55-3a9e1d0f4b72",
                     *           "event_type": "order.paid",
                     *           "order_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *           "status": "delivered",
                     *           "attempts": 1,
                     *           "last_attempt_at": "2026-11-23T09:30:01Z",
                     *           "response_status": 204,
                     *           "created_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDeliveryList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["WebhookNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    replayWebhookDelivery: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components["parameters"]["WebhookId"];
                /**
                 * @description The delivery.
                 * @example 019324d8-6f2d-7b93-8c55-3a9e1d0f4b72
                 */
                deliveryId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The delivery, about to be sent. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d8-6f2d-7b93-8c55-3a9e1d0f4b72",
                     *       "event_id": "019324d8-6f00-7b93-8c55-3a9e1d0f4b72",
                     *       "event_type": "order.paid",
                     *       "order_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *       "status": "delivered",
                     *       "attempts": 1,
                     *       "last_attempt_at": "2026-11-23T09:30:01Z",
                     *       "response_status": 204,
                     *       "created_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["WebhookDelivery"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["DeliveryNotFound"];
            409: components["responses"]["WebhookDisabled"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
}
