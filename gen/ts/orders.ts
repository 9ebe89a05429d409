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
         * @description Lists products, newest first, a page at a time. Without `status` only products that can be ordered are listed. The first page may
         *     be some seconds old, as `getProduct` tells.
         *
         *     `q` finds products if each of its words is the beginning of a word in their name, description or SKU. A word of one letter or
         *     digit matches whole words only, except in the scripts of Chinese, Japanese and Korean, where one character may be a word. `q`
         *     has at most 8 different words; more are refused with `invalid_request` at `#/query/q`. Case does not count: ß equals ss, final ς
         *     equals σ, and dotted and dotless i are equal.
         *
         *     A page of a search may hold fewer products than `limit`, or none, and still have a `next_cursor`: for words that many products
         *     have, each page covers a part of the catalog. A search that takes too long ends with `timeout`; longer words, or fewer, take
         *     less time.
         */
        get: operations["listProducts"];
        put?: never;
        /**
         * Add a product
         * @description Adds a product with nothing in stock. A SKU is never used again, even after its product is archived; a second product with it is
         *     refused with `sku_taken`. The operation needs the role `staff`, which an administrator gives to an account other than their own.
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
         * @description Reads a product, archived ones included. Its `ETag` counts changes to the product itself; `available` changes without it. To
         *     callers without an access token, `available` may be some seconds old, unless they send `Cache-Control: no-cache` or
         *     `max-age=0`.
         */
        get: operations["getProduct"];
        put?: never;
        post?: never;
        delete?: never;
        options?: never;
        head?: never;
        /**
         * Change a product
         * @description Changes the members that are sent and leaves the others as they are (RFC 7396), if the product still has the version in
         *     `If-Match`. An empty text removes the description. Placed orders keep the name and the price that they were placed at.
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
         * @description Makes a product impossible to order, permanently. Placed orders go on. Archiving an archived product changes nothing.
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
         * @description Adds a product with the name, the description and the price of another, and with nothing in stock. A SKU that another product
         *     has is refused with `sku_taken`; an archived product cannot be duplicated (`product_archived`).
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
         * @description Reads the numbers of units of a product. Available, reserved and sold units add up to the received ones.
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
         * @description Lists received and written-off units, newest first.
         */
        get: operations["listStockAdjustments"];
        put?: never;
        /**
         * Receive or write off stock
         * @description Adds `delta` units to the received and the available units; a negative delta writes units off. More units than are available
         *     cannot be written off (`out_of_stock`), and at most 9007199254740991 can be received in all.
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
         * @description Lists the caller's own orders, newest first, a page at a time; support, staff and administrators list everybody's. An order is
         *     listed if it matches all filters.
         */
        get: operations["listOrders"];
        put?: never;
        /**
         * Place an order
         * @description Reserves the stock and places the order, at the prices of the catalog; lines of one product are merged. If `expected_total` is
         *     sent, it must equal the total that the service computes, otherwise nothing is ordered (`price_changed`). The other refusals are
         *     `out_of_stock`, `product_unavailable` and `mixed_currencies`; `errors` names the lines. An order that is not paid in time
         *     expires, and its stock is available again some seconds later.
         *
         *     The maximum of `quantity` applies to all lines of one product together. The number of unpaid orders of a customer is limited
         *     (`too_many_open_orders`), and so is the number of units in them (`too_many_reserved_units`); `errors` says how many are allowed
         *     and how many there are. Pay or cancel an order, or let one expire, before you place another.
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
         * @description Lists who did what to whom in this service, from where and with what outcome, newest first, a page at a time. An entry is listed
         *     if it matches all filters. Entries are never changed. The users service has its own log.
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
         * @description Streams orders, newest first, as JSON lines (one order a line) or as CSV (one order a line, without its items). An order is
         *     exported if it matches all filters. If the stream breaks off, its last line has no line feed. A caller may run three exports at
         *     once (`too_many_exports`).
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
         * @description Reads one's own order; support, staff and administrators read anybody's. Another customer's order is answered like a missing
         *     one.
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
         * @description Lists the events of an order, oldest first. With `Accept: text/event-stream` the answer is a stream (Server-Sent Events) that
         *     sends each further event as it happens, with the sequence number as the event's id; `Last-Event-ID` resumes after it. A comment
         *     is sent every 15 seconds, and the stream ends after at most ten minutes: reconnect, as EventSource does by itself. A caller may
         *     follow ten orders at once (`too_many_streams`).
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
         * @description Cancels an order that has not shipped: its stock becomes available again, and its payment is refunded. Cancelling a cancelled
         *     order changes nothing.
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
         * @description Records that the order's total was paid in full. Send the `amount` that was received: an amount other than the total is refused
         *     (`payment_mismatch`), and nothing is recorded. A report with the provider and the reference of the recorded payment changes
         *     nothing. A second payment is refused (`order_state`), and so is a reference with which the provider has paid another order
         *     (`payment_reference_used`).
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
         * @description Records that a paid order was shipped; its units are sold. Shipping a shipped order changes nothing.
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
         * @description Records that a shipped order was delivered. Delivering a delivered order changes nothing.
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
         * @description Refunds a part of the payment, or, without `amount`, all that is left of it; never more (`refund_too_large`). If an order is
         *     refunded in full before it has shipped, its stock becomes available again. A partial refund needs an `Idempotency-Key`, so that
         *     it is refunded once; a full refund of a refunded order changes nothing.
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
         * @description Lists the webhooks of other systems, newest first, without their secrets.
         */
        get: operations["listWebhooks"];
        put?: never;
        /**
         * Create a webhook
         * @description Sends every event of the given types to an https address, as `{"type", "timestamp", "data"}`, signed as Standard Webhooks
         *     specifies. A delivery that is not answered with a 2xx status within ten seconds is sent again, ten times in all within about
         *     three days, with the same `webhook-id`. Events may arrive more than once and in any order; `data.sequence` counts those of one
         *     order. A receiver that answers 410 disables its webhook. The secret is shown only once. Addresses in private networks are
         *     refused.
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
         * @description Reads a webhook, without its secret.
         */
        get: operations["getWebhook"];
        put?: never;
        post?: never;
        /**
         * Remove a webhook
         * @description Removes the webhook and its deliveries.
         */
        delete: operations["deleteWebhook"];
        options?: never;
        head?: never;
        /**
         * Change a webhook
         * @description Changes the members that are sent and leaves the others as they are (RFC 7396); `null` removes the description. Events that
         *     occur while a webhook is disabled are not sent to it later, and deliveries that become due meanwhile fail.
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
         * @description Creates a new secret, shown only once. Until `previous_secrets_until`, 24 hours from now, deliveries are also signed with all
         *     secrets that were in force before: if the secret is replaced twice in a day, or an answer is lost, every receiver still has a
         *     secret that deliveries are signed with. At most eight secrets are in force; a ninth is refused with `too_many_secrets`, and
         *     `Retry-After` says when the older ones end.
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
         * @description Lists the deliveries of a webhook and their results, newest first. Deliveries are kept for 30 days.
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
         * @description Sends an event again, at once and with the same id, whatever its result was; a failed attempt is repeated as at first. A
         *     delivery that waits for its next attempt is sent at once, and one that is about to be sent stays so. While the webhook is
         *     disabled nothing is sent: the answer is `webhook_disabled`.
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
             * @description Units to add, or to remove if negative; not 0.
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
             * @description The number of units; the maximum applies to all lines of one product together.
             */
            quantity: number;
        };
        CancelOrderRequest: {
            reason?: components["schemas"]["Reason"];
        };
        PayOrderRequest: {
            /**
             * @description The provider of the payment. A reference belongs to its provider. A shop with one provider may leave it out. Name a provider from its first
             *     payment on, or never: a payment of `default` does not count as a payment of any other name.
             * @default default
             */
            provider?: string;
            /** @description The provider's reference of the payment. */
            reference?: string;
            amount?: components["schemas"]["ReceivedAmount"];
        };
        ShipOrderRequest: {
            /** @description The tracking number of the parcel. */
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
             * @description The purpose of the webhook, in one line; null removes it.
             */
            description?: string | null;
            /** @description Whether events are sent. */
            enabled?: boolean;
        };
        /** @description The stock keeping unit, which identifies the product in the warehouse. */
        SKU: string;
        /**
         * Format: line
         * @description The name of the product; one line without invisible characters that neither begins nor ends with a space.
         */
        ProductName: string;
        /** @description Plain text, empty if there is none; encode it for display. */
        ProductDescription: string;
        /**
         * Format: line
         * @description The reason, in one line.
         */
        Reason: string;
        /** @description A price in minor units. */
        Price: {
            /** Format: int64 */
            amount: number;
            /**
             * Format: currency
             * @description A currency that is in use (ISO 4217), such as EUR.
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
        /** @description The received amount, in minor units. Without it a wrong amount goes unnoticed. */
        ReceivedAmount: {
            /** Format: int64 */
            amount: number;
            /** @description The currency of the order; any other is refused. */
            currency: string;
        };
        /** @description The amount to refund, in minor units. */
        RefundAmount: {
            /** Format: int64 */
            amount: number;
            /** @description The currency of the order; any other is refused. */
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
         * @description Where to send events: an https address without user and fragment, of a host that is neither private nor special (RFC 6890). Any other, http
         *     included, is refused with the keyword `format`, unless the service is configured to allow private networks for development. A host beyond
         *     ASCII is sent as A-labels (`xn--`).
         */
        WebhookURL: string;
        WebhookEventTypes: components["schemas"]["OrderEventType"][];
        /**
         * Format: line
         * @description The purpose of the webhook, in one line.
         */
        WebhookDescription: string;
        /** @description An amount in minor units, such as cents. */
        Money: {
            /** Format: int64 */
            amount: number;
            /** @description ISO 4217, such as EUR. */
            currency: string;
        };
        /**
         * @description Whether the product can be ordered. Later versions may add values.
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
             * @description Units of orders that have not been shipped.
             */
            reserved: number;
            /**
             * Format: int64
             * @description Units of orders that have been shipped.
             */
            sold: number;
            /**
             * Format: int64
             * @description The sum of all adjustments; equal to the sum of available, reserved and sold.
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
             * @description The account that adjusted the stock.
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
         * @description The state of an order. `pending` waits for payment, `expired` was not paid in time, `refunded` was refunded in full. Later versions may add values.
         * @enum {string}
         */
        OrderStatus: "pending" | "paid" | "shipped" | "delivered" | "cancelled" | "expired" | "refunded";
        /**
         * @description An action on an order. Later versions may add values.
         * @enum {string}
         */
        OrderAction: "cancel" | "pay" | "ship" | "deliver" | "refund";
        /** @description A line of the order, as it was when the order was placed. */
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
            /** @description The number of the order, for people. */
            number: string;
            /** Format: uuid */
            customer_id: string;
            status: components["schemas"]["OrderStatus"];
            items: components["schemas"]["OrderItem"][];
            total: components["schemas"]["Money"];
            paid: components["schemas"]["Money"];
            refunded: components["schemas"]["Money"];
            /** @description The actions that the caller may take on the order now. */
            allowed_actions: components["schemas"]["OrderAction"][];
            version: components["schemas"]["Version"];
            /** @description The provider of the payment. */
            payment_provider?: string;
            /** @description The provider's reference of the payment. */
            payment_reference?: string;
            /** @description The tracking number of the parcel. */
            tracking?: string;
            /**
             * Format: date-time
             * @description When the order expires, if it is still pending.
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
         * @description The type of an event of an order. Later versions may add values.
         * @enum {string}
         */
        OrderEventType: "order.placed" | "order.paid" | "order.shipped" | "order.delivered" | "order.cancelled" | "order.expired" | "order.refunded";
        /**
         * @description The capacity in which the caller acted; `system` is the service itself. Later versions may add values.
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
             * @description Until when deliveries are also signed with the secrets before the last one; absent if they are not.
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
            /** @description The secret that signs deliveries; store it, it is not shown again. */
            secret: string;
        };
        /**
         * @description The state of a delivery; `failed` is not tried again by itself. Later versions may add values.
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
             * @description The status that the other system answered.
             */
            response_status?: number;
            /** @description Why the last attempt failed, or why there was none: `refused` (the status was not 2xx), `redirected`, `gone`, `timeout`, `unreachable`, `unresolved`, `tls`, `bad_url`, `forbidden` (a private address), `unsigned` (the secret cannot be read) or `disabled`. */
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
         * @description The number of changes.
         */
        Version: number;
        AuditAction: string;
        AuditEntry: {
            /** Format: uuid */
            id: string;
            action: components["schemas"]["AuditAction"];
            /** @description `success`, or the code of the problem. */
            outcome: string;
            /**
             * Format: uuid
             * @description The account that acted; absent if the caller was anonymous.
             */
            actor?: string;
            /**
             * Format: uuid
             * @description The account or resource that was acted on; absent if it is unknown.
             */
            target?: string;
            /** @description The network address of the caller. */
            address: string;
            /** @description The id of the request, as in the log of the service. */
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
             * @description The page that explains the code.
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
            /** @description The place: a JSON pointer into the body such as `#/items/0/quantity`, or `#/query/limit`, `#/header/…`, `#/path/…`. */
            pointer: string;
            /** @description The rule that is broken, such as `maxLength` or `format`. */
            keyword: string;
            /** @description The values of the rule, such as `{"maxLength": 100}`. */
            params?: {
                [key: string]: unknown;
            };
            detail: string;
        };
        /**
         * @description The code of the failure, for programs. Later versions may add values.
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
         * @description Fewer units are available than would be written off (`out_of_stock`), or the same request is still running
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
         *     as many unpaid orders or units as allowed (`too_many_open_orders`, `too_many_reserved_units`), or the same request is still running
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
        /** @description The order's state does not allow this (`order_state`). */
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
         * @description The order's state does not allow this (`order_state`), the amount is not its total (`payment_mismatch`), or the reference is that of
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
         * @description The order's state does not allow this (`order_state`), the amount is more than is left (`refund_too_large`), or the same request is still running
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
        /** @description The caller follows as many orders at once as allowed (`too_many_streams`). */
        TooManyStreams: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The webhook has as many secrets in force as allowed (`too_many_secrets`); `Retry-After` says when the older ones end. */
        TooManySecrets: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The webhook is disabled, so nothing is sent to it (`webhook_disabled`). */
        WebhookDisabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The caller runs as many exports at once as allowed (`too_many_exports`). */
        TooManyExports: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The number of webhooks has reached its limit (`too_many_webhooks`). */
        TooManyWebhooks: {
            headers: {
                "Retry-After": components["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The resource has changed since it was read (`version_changed`); `current` is the resource as it is now. */
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
        /** @description The body is larger than the operation allows (`body_too_large`). */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The operation does not accept the media type of the body (`unsupported_media_type`). */
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
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`), or its key was used for another request (`idempotency_key_reused`). */
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
         * @description The service cannot answer now, or cannot find out whether the account may order; try again after `Retry-After` seconds (`overloaded`, `timeout`,
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
         * @description Identifies the request when it is repeated; use a UUID, with or without quotes around it.
         * @example 7d4a2f1e-7c1b-4a39-9a0e-5b7f2c8d1e60
         */
        IdempotencyKey: string;
        /** @description Identifies the request when it is repeated; use a UUID, with or without quotes around it. */
        OptionalIdempotencyKey: string;
        /** @description The largest number of items on a page. */
        Limit: number;
        /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
        Cursor: string;
    };
    requestBodies: never;
    headers: {
        /** @description The path of the new resource. */
        Location: string;
        /** @description The version, in quotes, for `If-Match` (RFC 9110). */
        ETag: string;
        /** @description `true` on the kept answer of an earlier request with the same key. */
        IdempotencyReplayed: string;
        /** @description The next page (`rel="next"`), RFC 8288. */
        Link: string;
        /** @description A name for the file, RFC 6266. */
        ContentDisposition: string;
        /** @description What is left of the limit and the seconds until it has recovered, as in `"default";r=29;t=60`. */
        RateLimit: string;
        /** @description The limit and its window in seconds, as in `"default";q=30;w=60`. */
        RateLimitPolicy: string;
        /** @description Seconds to wait before trying again. */
        RetryAfter: number;
        /** @description Seconds to wait before trying again, if waiting helps. */
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
                /** @description Whether to list products that can be ordered or archived products. */
                status?: components["schemas"]["ProductStatusFilter"];
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
                 * @description The `ETag` of the product that you read, a list of tags, or `*` for any version (RFC 9110).
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
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
                 * @description Identifies the request when it is repeated; use a UUID, with or without quotes around it.
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
                /** @description The customer whose orders are listed. */
                customer_id?: string;
                /** @description The earliest time of placement. */
                created_from?: string;
                /** @description The time before which the orders were placed. */
                created_before?: string;
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
                 * @description Identifies the request when it is repeated; use a UUID, with or without quotes around it.
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
                /** @description The account that acted. */
                actor?: string;
                /** @description The account or resource that was acted on. */
                target?: string;
                /** @description The action, as in `order.cancel`. */
                action?: components["schemas"]["AuditAction"];
                /** @description The earliest time. */
                occurred_from?: string;
                /** @description The time before which entries are listed. */
                occurred_before?: string;
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
                /** @description The format of the export. */
                format?: components["schemas"]["ExportFormat"];
                /** @description The state of the order. */
                status?: components["schemas"]["OrderStatus"];
                /** @description The earliest time of placement. */
                created_from?: string;
                /** @description The time before which the orders were placed. */
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
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components["parameters"]["Cursor"];
            };
            header?: {
                /** @description The id of the last event that was received; the stream starts after it. */
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
            /** @description The history, or a stream of it. */
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
                /** @description Identifies the request when it is repeated; use a UUID, with or without quotes around it. */
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
            /** @description The order with its refunds. */
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
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
            /** @description The webhook is removed. */
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
                /** @description The largest number of items on a page. */
                limit?: components["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
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
