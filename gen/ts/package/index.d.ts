// Made by `make gen` from clients/typescript and openapi/; not to be edited.

interface components$1 {
    schemas: {
        CreateProductRequest: {
            sku: components$1["schemas"]["SKU"];
            name: components$1["schemas"]["ProductName"];
            description?: components$1["schemas"]["ProductDescription"];
            price: components$1["schemas"]["Price"];
        };
        UpdateProductRequest: {
            name?: components$1["schemas"]["ProductName"];
            description?: components$1["schemas"]["ProductDescription"];
            price?: components$1["schemas"]["Price"];
        };
        DuplicateProductRequest: {
            sku: components$1["schemas"]["SKU"];
        };
        AdjustStockRequest: {
            /**
             * Format: int64
             * @description Units to add, or to remove if negative; not 0.
             * @example 150
             */
            delta: number;
            reason: components$1["schemas"]["Reason"];
        };
        CreateOrderRequest: {
            items: components$1["schemas"]["OrderItemRequest"][];
            expected_total?: components$1["schemas"]["ExpectedTotal"];
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
            reason?: components$1["schemas"]["Reason"];
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
            amount?: components$1["schemas"]["ReceivedAmount"];
        };
        ShipOrderRequest: {
            /** @description The tracking number of the parcel. */
            tracking?: string;
        };
        DeliverOrderRequest: Record<string, never>;
        RefundOrderRequest: {
            amount?: components$1["schemas"]["RefundAmount"];
            reason?: components$1["schemas"]["Reason"];
        };
        CreateWebhookRequest: {
            url: components$1["schemas"]["WebhookURL"];
            event_types: components$1["schemas"]["WebhookEventTypes"];
            description?: components$1["schemas"]["WebhookDescription"];
        };
        UpdateWebhookRequest: {
            url?: components$1["schemas"]["WebhookURL"];
            event_types?: components$1["schemas"]["WebhookEventTypes"];
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
        WebhookEventTypes: components$1["schemas"]["OrderEventType"][];
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
            price: components$1["schemas"]["Money"];
            status: components$1["schemas"]["ProductStatus"];
            /**
             * Format: int64
             * @description Units that can be ordered.
             */
            available: number;
            version: components$1["schemas"]["Version"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        ProductList: {
            items: components$1["schemas"]["Product"][];
            next_cursor: components$1["schemas"]["NextCursor"];
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
            items: components$1["schemas"]["StockAdjustment"][];
            next_cursor: components$1["schemas"]["NextCursor"];
        };
        AdjustedStock: {
            adjustment: components$1["schemas"]["StockAdjustment"];
            stock: components$1["schemas"]["Stock"];
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
            unit_price: components$1["schemas"]["Money"];
            total: components$1["schemas"]["Money"];
        };
        Order: {
            /** Format: uuid */
            id: string;
            /** @description The number of the order, for people. */
            number: string;
            /** Format: uuid */
            customer_id: string;
            status: components$1["schemas"]["OrderStatus"];
            items: components$1["schemas"]["OrderItem"][];
            total: components$1["schemas"]["Money"];
            paid: components$1["schemas"]["Money"];
            refunded: components$1["schemas"]["Money"];
            /** @description The actions that the caller may take on the order now. */
            allowed_actions: components$1["schemas"]["OrderAction"][];
            version: components$1["schemas"]["Version"];
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
            items: components$1["schemas"]["Order"][];
            next_cursor: components$1["schemas"]["NextCursor"];
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
            type: components$1["schemas"]["OrderEventType"];
            status: components$1["schemas"]["OrderStatus"];
            by: components$1["schemas"]["OrderActor"];
            amount?: components$1["schemas"]["Money"];
            reason?: string;
            /** Format: date-time */
            occurred_at: string;
        };
        OrderEventList: {
            items: components$1["schemas"]["OrderEvent"][];
            next_cursor: components$1["schemas"]["NextCursor"];
        };
        Webhook: {
            /** Format: uuid */
            id: string;
            url: string;
            event_types: components$1["schemas"]["OrderEventType"][];
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
            items: components$1["schemas"]["Webhook"][];
            next_cursor: components$1["schemas"]["NextCursor"];
        };
        WebhookWithSecret: {
            webhook: components$1["schemas"]["Webhook"];
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
            event_type: components$1["schemas"]["OrderEventType"];
            /** Format: uuid */
            order_id: string;
            status: components$1["schemas"]["WebhookDeliveryStatus"];
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
            items: components$1["schemas"]["WebhookDelivery"][];
            next_cursor: components$1["schemas"]["NextCursor"];
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
            action: components$1["schemas"]["AuditAction"];
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
            items: components$1["schemas"]["AuditEntry"][];
            next_cursor: components$1["schemas"]["NextCursor"];
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
            code: components$1["schemas"]["ProblemCode"];
            request_id: string;
            /** Format: date-time */
            timestamp: string;
            current?: components$1["schemas"]["Product"];
            errors?: components$1["schemas"]["Violation"][];
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
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is no valid access token (`unauthenticated`). */
        Unauthenticated: {
            headers: {
                "WWW-Authenticate": components$1["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The caller may not do this (`forbidden`). */
        Forbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is no such product (`product_not_found`). */
        ProductNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is no such order, or none that the caller may see (`order_not_found`). */
        OrderNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is no such webhook (`webhook_not_found`). */
        WebhookNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The webhook has no such delivery (`delivery_not_found`). */
        DeliveryNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is already a product with this SKU (`sku_taken`). */
        SkuTaken: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description There is already a product with this SKU (`sku_taken`), or the product to duplicate is archived (`product_archived`). */
        DuplicateRefused: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /**
         * @description Fewer units are available than would be written off (`out_of_stock`), or the same request is still running
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        AdjustmentRefused: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /**
         * @description The order does not fit the catalog or the stock (`out_of_stock`, `price_changed`, `product_unavailable`, `mixed_currencies`), the customer has
         *     as many unpaid orders or units as allowed (`too_many_open_orders`, `too_many_reserved_units`), or the same request is still running
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        OrderRefused: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The order's state does not allow this (`order_state`). */
        OrderState: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /**
         * @description The order's state does not allow this (`order_state`), the amount is not its total (`payment_mismatch`), or the reference is that of
         *     another order's payment (`payment_reference_used`).
         */
        PaymentRefused: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /**
         * @description The order's state does not allow this (`order_state`), the amount is more than is left (`refund_too_large`), or the same request is still running
         *     (`idempotency_key_in_use`; `Retry-After` says when to ask again).
         */
        RefundRefused: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The caller follows as many orders at once as allowed (`too_many_streams`). */
        TooManyStreams: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The webhook has as many secrets in force as allowed (`too_many_secrets`); `Retry-After` says when the older ones end. */
        TooManySecrets: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The webhook is disabled, so nothing is sent to it (`webhook_disabled`). */
        WebhookDisabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The caller runs as many exports at once as allowed (`too_many_exports`). */
        TooManyExports: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The number of webhooks has reached its limit (`too_many_webhooks`). */
        TooManyWebhooks: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfterInUse"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The resource has changed since it was read (`version_changed`); `current` is the resource as it is now. */
        PreconditionFailed: {
            headers: {
                ETag: components$1["headers"]["ETag"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The change needs `If-Match` (`precondition_required`). */
        PreconditionRequired: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The body is larger than the operation allows (`body_too_large`). */
        TooLarge: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The operation does not accept the media type of the body (`unsupported_media_type`). */
        UnsupportedMediaType: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`). */
        Invalid: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The request breaks this document at the places that `errors` names (`invalid_request`), or its key was used for another request (`idempotency_key_reused`). */
        InvalidOrReused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description Too many requests (`rate_limited`). */
        RateLimited: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfter"];
                RateLimit: components$1["headers"]["RateLimit"];
                "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description The service cannot answer now; try again after `Retry-After` seconds (`overloaded`, `timeout`, `unavailable`). */
        Unavailable: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /**
         * @description The service cannot answer now, or cannot find out whether the account may order; try again after `Retry-After` seconds (`overloaded`, `timeout`,
         *     `unavailable`, `customers_unavailable`).
         */
        OrderingUnavailable: {
            headers: {
                "Retry-After": components$1["headers"]["RetryAfter"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
            };
        };
        /** @description Any other failure. */
        Problem: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components$1["schemas"]["Problem"];
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
interface operations$1 {
    listProducts: {
        parameters: {
            query?: {
                /** @description Words to search for, at most 8 different ones. */
                q?: string;
                /** @description Whether to list products that can be ordered or archived products. */
                status?: components$1["schemas"]["ProductStatusFilter"];
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
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
                    Link: components$1["headers"]["Link"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["ProductList"];
                };
            };
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                "application/json": components$1["schemas"]["CreateProductRequest"];
            };
        };
        responses: {
            /** @description The product. */
            201: {
                headers: {
                    Location: components$1["headers"]["Location"];
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Product"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            409: components$1["responses"]["SkuTaken"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                productId: components$1["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["Product"];
                };
            };
            404: components$1["responses"]["ProductNotFound"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                productId: components$1["parameters"]["ProductId"];
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
                "application/json": components$1["schemas"]["UpdateProductRequest"];
            };
        };
        responses: {
            /** @description The product as it now is. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Product"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            412: components$1["responses"]["PreconditionFailed"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            428: components$1["responses"]["PreconditionRequired"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                productId: components$1["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The product, archived. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Product"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                productId: components$1["parameters"]["ProductId"];
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
                "application/json": components$1["schemas"]["DuplicateProductRequest"];
            };
        };
        responses: {
            /** @description The new product. */
            201: {
                headers: {
                    Location: components$1["headers"]["Location"];
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Product"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            409: components$1["responses"]["DuplicateRefused"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                productId: components$1["parameters"]["ProductId"];
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
                    "application/json": components$1["schemas"]["Stock"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    listStockAdjustments: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components$1["parameters"]["ProductId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of adjustments. */
            200: {
                headers: {
                    Link: components$1["headers"]["Link"];
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
                    "application/json": components$1["schemas"]["StockAdjustmentList"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                "Idempotency-Key": components$1["parameters"]["IdempotencyKey"];
            };
            path: {
                /**
                 * @description The product.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                productId: components$1["parameters"]["ProductId"];
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
                "application/json": components$1["schemas"]["AdjustStockRequest"];
            };
        };
        responses: {
            /** @description The adjustment, and the stock after it. */
            201: {
                headers: {
                    Location: components$1["headers"]["Location"];
                    "Idempotency-Replayed": components$1["headers"]["IdempotencyReplayed"];
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
                    "application/json": components$1["schemas"]["AdjustedStock"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["ProductNotFound"];
            409: components$1["responses"]["AdjustmentRefused"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["InvalidOrReused"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    listOrders: {
        parameters: {
            query?: {
                /** @description The state of the order. */
                status?: components$1["schemas"]["OrderStatus"];
                /** @description The customer whose orders are listed. */
                customer_id?: string;
                /** @description The earliest time of placement. */
                created_from?: string;
                /** @description The time before which the orders were placed. */
                created_before?: string;
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
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
                    Link: components$1["headers"]["Link"];
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
                    "application/json": components$1["schemas"]["OrderList"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                "Idempotency-Key": components$1["parameters"]["IdempotencyKey"];
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
                "application/json": components$1["schemas"]["CreateOrderRequest"];
            };
        };
        responses: {
            /** @description The order. */
            201: {
                headers: {
                    Location: components$1["headers"]["Location"];
                    ETag: components$1["headers"]["ETag"];
                    "Idempotency-Replayed": components$1["headers"]["IdempotencyReplayed"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            409: components$1["responses"]["OrderRefused"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["InvalidOrReused"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["OrderingUnavailable"];
            default: components$1["responses"]["Problem"];
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
                action?: components$1["schemas"]["AuditAction"];
                /** @description The earliest time. */
                occurred_from?: string;
                /** @description The time before which entries are listed. */
                occurred_before?: string;
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
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
                    Link: components$1["headers"]["Link"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["AuditEntryList"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    exportOrders: {
        parameters: {
            query?: {
                /** @description The format of the export. */
                format?: components$1["schemas"]["ExportFormat"];
                /** @description The state of the order. */
                status?: components$1["schemas"]["OrderStatus"];
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
                    "Content-Disposition": components$1["headers"]["ContentDisposition"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    "application/x-ndjson": string;
                    "text/csv": string;
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            409: components$1["responses"]["TooManyExports"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                orderId: components$1["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The order. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            404: components$1["responses"]["OrderNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    listOrderEvents: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
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
                orderId: components$1["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The history, or a stream of it. */
            200: {
                headers: {
                    Link: components$1["headers"]["Link"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["OrderEventList"];
                    "text/event-stream": string;
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["TooManyStreams"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                orderId: components$1["parameters"]["OrderId"];
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
                "application/json": components$1["schemas"]["CancelOrderRequest"];
            };
        };
        responses: {
            /** @description The order, cancelled. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["OrderState"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                orderId: components$1["parameters"]["OrderId"];
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
                "application/json": components$1["schemas"]["PayOrderRequest"];
            };
        };
        responses: {
            /** @description The order, paid. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["PaymentRefused"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                orderId: components$1["parameters"]["OrderId"];
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
                "application/json": components$1["schemas"]["ShipOrderRequest"];
            };
        };
        responses: {
            /** @description The order, shipped. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["OrderState"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                orderId: components$1["parameters"]["OrderId"];
            };
            cookie?: never;
        };
        requestBody?: {
            content: {
                /** @example {} */
                "application/json": components$1["schemas"]["DeliverOrderRequest"];
            };
        };
        responses: {
            /** @description The order, delivered. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["OrderState"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    refundOrder: {
        parameters: {
            query?: never;
            header?: {
                /** @description Identifies the request when it is repeated; use a UUID, with or without quotes around it. */
                "Idempotency-Key"?: components$1["parameters"]["OptionalIdempotencyKey"];
            };
            path: {
                /**
                 * @description The order.
                 * @example 019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10
                 */
                orderId: components$1["parameters"]["OrderId"];
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
                "application/json": components$1["schemas"]["RefundOrderRequest"];
            };
        };
        responses: {
            /** @description The order with its refunds. */
            200: {
                headers: {
                    ETag: components$1["headers"]["ETag"];
                    "Idempotency-Replayed": components$1["headers"]["IdempotencyReplayed"];
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
                    "application/json": components$1["schemas"]["Order"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["OrderNotFound"];
            409: components$1["responses"]["RefundRefused"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["InvalidOrReused"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    listWebhooks: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
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
                    Link: components$1["headers"]["Link"];
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
                    "application/json": components$1["schemas"]["WebhookList"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                "application/json": components$1["schemas"]["CreateWebhookRequest"];
            };
        };
        responses: {
            /** @description The webhook and its secret. */
            201: {
                headers: {
                    Location: components$1["headers"]["Location"];
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
                    "application/json": components$1["schemas"]["WebhookWithSecret"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            409: components$1["responses"]["TooManyWebhooks"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                webhookId: components$1["parameters"]["WebhookId"];
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
                    "application/json": components$1["schemas"]["Webhook"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["WebhookNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                webhookId: components$1["parameters"]["WebhookId"];
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
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["WebhookNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                webhookId: components$1["parameters"]["WebhookId"];
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
                "application/json": components$1["schemas"]["UpdateWebhookRequest"];
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
                    "application/json": components$1["schemas"]["Webhook"];
                };
            };
            400: components$1["responses"]["Malformed"];
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["WebhookNotFound"];
            413: components$1["responses"]["TooLarge"];
            415: components$1["responses"]["UnsupportedMediaType"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                webhookId: components$1["parameters"]["WebhookId"];
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
                    "application/json": components$1["schemas"]["WebhookWithSecret"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["WebhookNotFound"];
            409: components$1["responses"]["TooManySecrets"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
    listWebhookDeliveries: {
        parameters: {
            query?: {
                /** @description The largest number of items on a page. */
                limit?: components$1["parameters"]["Limit"];
                /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
                cursor?: components$1["parameters"]["Cursor"];
            };
            header?: never;
            path: {
                /**
                 * @description The webhook.
                 * @example 019324d7-02b1-7f61-a4c3-94d2e8b07c55
                 */
                webhookId: components$1["parameters"]["WebhookId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of deliveries. */
            200: {
                headers: {
                    Link: components$1["headers"]["Link"];
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
                    "application/json": components$1["schemas"]["WebhookDeliveryList"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["WebhookNotFound"];
            422: components$1["responses"]["Invalid"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
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
                webhookId: components$1["parameters"]["WebhookId"];
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
                    RateLimit: components$1["headers"]["RateLimit"];
                    "RateLimit-Policy": components$1["headers"]["RateLimitPolicy"];
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
                    "application/json": components$1["schemas"]["WebhookDelivery"];
                };
            };
            401: components$1["responses"]["Unauthenticated"];
            403: components$1["responses"]["Forbidden"];
            404: components$1["responses"]["DeliveryNotFound"];
            409: components$1["responses"]["WebhookDisabled"];
            422: components$1["responses"]["Invalid"];
            429: components$1["responses"]["RateLimited"];
            503: components$1["responses"]["Unavailable"];
            default: components$1["responses"]["Problem"];
        };
    };
}

interface components {
    schemas: {
        CreateUserRequest: {
            email: components["schemas"]["Email"];
            name: components["schemas"]["PersonName"];
            /**
             * Format: password
             * @description A password that meets the rules of `createUserV2`, with at least eight characters.
             */
            password: string;
        };
        CreateUserV2Request: {
            email: components["schemas"]["Email"];
            name: components["schemas"]["PersonName"];
            password: components["schemas"]["NewPassword"];
            avatar?: components["schemas"]["Avatar"];
        };
        StartSessionRequest: {
            email: components["schemas"]["Email"];
            password: components["schemas"]["Password"];
            /**
             * @description Whether the refresh token is set as a cookie instead of being part of the answer.
             * @default false
             */
            cookie?: boolean;
        };
        AnswerChallengeRequest: {
            challenge: components["schemas"]["Challenge"];
            totp?: components["schemas"]["TimeCode"];
            recovery_code?: components["schemas"]["RecoveryCode"];
        };
        EnrolSecondFactorRequest: {
            current_password: components["schemas"]["Password"];
        };
        ConfirmSecondFactorRequest: {
            totp: components["schemas"]["TimeCode"];
        };
        DisableSecondFactorRequest: {
            current_password: components["schemas"]["Password"];
            totp?: components["schemas"]["TimeCode"];
            recovery_code?: components["schemas"]["RecoveryCode"];
        };
        ReplaceRecoveryCodesRequest: {
            current_password: components["schemas"]["Password"];
            totp: components["schemas"]["TimeCode"];
        };
        RefreshSessionRequest: {
            refresh_token?: components["schemas"]["RefreshToken"];
        };
        UpdateProfileRequest: {
            name?: components["schemas"]["PersonName"];
            /**
             * Format: https-url
             * @description The address of a picture; null removes it.
             */
            avatar?: string | null;
            /**
             * Format: phone
             * @description The phone number in E.164 form; null removes it.
             */
            phone?: string | null;
            /**
             * @description The number of the identity card, in capital letters and digits; null removes it. Hyphens are ignored in comparisons.
             * @example X1234567-8
             */
            id_card_number?: string | null;
            /**
             * @description What the owner says about themselves, in HTML; null removes it. Answers keep the elements p, br, b, i, em, strong, ul, ol, li and a with an
             *     absolute https href.
             * @example <p>I wrote the <b>first</b> program.</p>
             */
            biography?: string | null;
        };
        ChangePasswordRequest: {
            current_password: components["schemas"]["Password"];
            new_password: components["schemas"]["NewPassword"];
        };
        ConfirmEmailRequest: {
            token: components["schemas"]["MailToken"];
        };
        RequestEmailChangeRequest: {
            email: components["schemas"]["Email"];
            current_password: components["schemas"]["Password"];
        };
        EmailChange: {
            email: components["schemas"]["Email"];
            /**
             * Format: date-time
             * @description When the link to the address expires.
             */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the last mail with the link was sent.
             */
            mailed_at: string;
            /**
             * Format: date-time
             * @description When asking again next sends a mail to the same address.
             */
            next_mail_at: string;
        };
        EmailVerification: {
            email: components["schemas"]["Email"];
            /** @description Whether the address is verified; no mail is sent then. */
            verified: boolean;
            /**
             * Format: date-time
             * @description When the link expires.
             */
            expires_at?: string;
            /**
             * Format: date-time
             * @description When the last mail with the link was sent.
             */
            mailed_at?: string;
            /**
             * Format: date-time
             * @description When asking again next sends a mail.
             */
            next_mail_at?: string;
        };
        ConfirmEmailChangeRequest: {
            token: components["schemas"]["MailToken"];
        };
        RequestPasswordResetRequest: {
            email: components["schemas"]["Email"];
        };
        ResetPasswordRequest: {
            token: components["schemas"]["MailToken"];
            new_password: components["schemas"]["NewPassword"];
        };
        ExportOwnDataRequest: {
            current_password: components["schemas"]["Password"];
        };
        RequestDeletionRequest: {
            current_password: components["schemas"]["Password"];
        };
        SetUserRolesRequest: {
            roles: components["schemas"]["Role"][];
        };
        /**
         * Format: email
         * @description An e-mail address (RFC 5321) with ASCII characters before the @, compared without regard to case. A domain beyond ASCII equals its
         *     A-labels (`xn--`), which answers use.
         */
        Email: string;
        /**
         * Format: line
         * @description The name of the person; one line without invisible characters that neither begins nor ends with a space.
         */
        PersonName: string;
        /**
         * Format: password
         * @description A password that meets the rules of `createUserV2`.
         */
        NewPassword: string;
        /** @description A password, compared character by character; canonically equal texts are the same password. */
        Password: string;
        /** @description A refresh token: 32 bytes in base64url. */
        RefreshToken: string;
        /** @description The token in the link of a mail, after `#token=`. */
        MailToken: string;
        /** @description The challenge of a login: 256 bits in base64url. */
        Challenge: string;
        /**
         * Format: time-code
         * @description The six digits that the authenticator app shows, in the digits of any script; white space and dashes between them are ignored.
         * @example 287082
         */
        TimeCode: string;
        /**
         * Format: recovery-code
         * @description A recovery code: 80 bits in base32. Letter case, white space and dashes are ignored, and 0, 1 and 8, which base32 does not use, are read as
         *     O, I and B.
         * @example MFZW-I3LP-OBQX-E2LK
         */
        RecoveryCode: string;
        /**
         * Format: https-url
         * @description The address of a picture, https only.
         */
        Avatar: string;
        /**
         * @description What an account may do. Later versions may add values.
         * @enum {string}
         */
        Role: "customer" | "support" | "staff" | "payments" | "admin";
        /**
         * @description The state of an account. Later versions may add values.
         * @enum {string}
         */
        UserStatus: "active" | "disabled";
        UserV1: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
        };
        UserV2: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            avatar?: components["schemas"]["Avatar"];
            /** Format: date-time */
            created_at: string;
        };
        Profile: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            /** @description Whether the owner has proven that they read mail to the address. */
            email_verified: boolean;
            avatar?: components["schemas"]["Avatar"];
            /** Format: phone */
            phone?: string;
            /** @description The number of the identity card; only its owner sees it. */
            id_card_number?: string;
            /**
             * @description HTML that is safe to show, in an element of its own: the elements that `updateProfile` names, with no attributes other than
             *     href, rel and target of links. Text is escaped, so it may be longer than what was sent.
             * @example <p>I wrote the <b>first</b> program.</p>
             */
            biography?: string;
            roles: components["schemas"]["Role"][];
            /**
             * Format: date-time
             * @description When the account will be deleted; until then its owner can cancel the deletion.
             */
            deletes_at?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        AdminUser: {
            /** Format: uuid */
            id: string;
            name: string;
            email: components["schemas"]["Email"];
            /** @description Whether the owner has proven that they read mail to the address. */
            email_verified: boolean;
            /** @description Whether logins need a second factor. */
            second_factor: boolean;
            avatar?: components["schemas"]["Avatar"];
            status: components["schemas"]["UserStatus"];
            roles: components["schemas"]["Role"][];
            /**
             * Format: date-time
             * @description When the account will be deleted; until then its owner can cancel the deletion.
             */
            deletes_at?: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            updated_at: string;
        };
        AdminUserList: {
            items: components["schemas"]["AdminUser"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Session: {
            /** Format: uuid */
            id: string;
            /** @description Whether this is the session of the request. */
            current: boolean;
            /** @description The network address that started the session. */
            address: string;
            /** @description The `User-Agent` of the program that started the session. */
            user_agent: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
        };
        SessionList: {
            items: components["schemas"]["Session"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
        Deletion: {
            /** Format: date-time */
            deletes_at: string;
        };
        /** @description What this service stores about an account. */
        OwnData: {
            /** Format: date-time */
            exported_at: string;
            profile: components["schemas"]["Profile"];
            status: components["schemas"]["UserStatus"];
            /**
             * Format: date-time
             * @description When the owner proved that they read mail to the address.
             */
            email_verified_at?: string;
            second_factor: components["schemas"]["SecondFactor"];
            /** @description The newest sessions that have not been purged, including ended ones. */
            sessions: components["schemas"]["OwnSession"][];
            /** @description Links that were sent by mail in the last days and have not been followed, including expired ones. */
            mails: components["schemas"]["OwnMail"][];
            activity: components["schemas"]["ActivityList"];
        };
        OwnSession: {
            /** Format: uuid */
            id: string;
            /** @description Whether its refresh token is a cookie. */
            cookie: boolean;
            /** @description The network address that started the session. */
            address: string;
            /** @description The `User-Agent` of the program that started the session. */
            user_agent: string;
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            last_used_at: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: date-time
             * @description When the session was ended before it expired.
             */
            revoked_at?: string;
        };
        OwnMail: {
            /** @description What the link of the mail is for. */
            purpose: string;
            email: components["schemas"]["Email"];
            /** Format: date-time */
            created_at: string;
            /** Format: date-time */
            expires_at: string;
            /**
             * Format: int32
             * @description How many such mails were sent since `counted_from`.
             */
            mails?: number;
            /**
             * Format: date-time
             * @description When the last of them was sent.
             */
            mailed_at?: string;
            /** Format: date-time */
            counted_from?: string;
        };
        ActivityEntry: {
            /** Format: uuid */
            id: string;
            action: components["schemas"]["AuditAction"];
            /** @description `success`, or the code of the problem. */
            outcome: string;
            /**
             * @description Whose session acted: the account's own, another account's, or none, as in a failed login.
             * @enum {string}
             */
            by: "owner" | "other" | "nobody";
            /** @description The network address of the caller, unless another account acted. */
            address?: string;
            /** @description The id of the request. */
            request_id: string;
            /** Format: date-time */
            occurred_at: string;
        };
        ActivityList: {
            items: components["schemas"]["ActivityEntry"][];
            next_cursor: components["schemas"]["NextCursor"];
        };
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
        RevokedSessions: {
            /** Format: int64 */
            revoked: number;
        };
        TokenSet: {
            /** @description The token for the `Authorization` header (RFC 9068). */
            access_token: string;
            /** @enum {string} */
            token_type: "Bearer";
            /**
             * Format: int32
             * @description Seconds until the access token expires.
             */
            expires_in: number;
            refresh_token?: components["schemas"]["RefreshToken"];
        };
        LoginChallenge: {
            challenge: components["schemas"]["Challenge"];
            /**
             * Format: int32
             * @description Seconds until the challenge expires.
             */
            expires_in: number;
            methods: components["schemas"]["ChallengeMethod"][];
        };
        /**
         * @description A member that answers a challenge: a code of the authenticator app, or a recovery code. Later versions may add values.
         * @enum {string}
         */
        ChallengeMethod: "totp" | "recovery_code";
        SecondFactor: {
            /** @description Whether logins need a second factor. */
            enabled: boolean;
            /**
             * Format: date-time
             * @description Since when logins need it.
             */
            confirmed_at?: string;
            /**
             * Format: int32
             * @description How many recovery codes have not been used.
             */
            recovery_codes_left: number;
        };
        SecondFactorSecret: {
            /** @description The secret to type in: 160 bits in base32 (RFC 4648). */
            secret: string;
            /**
             * Format: uri-reference
             * @description The secret as an address (`otpauth`) that authenticator apps open.
             */
            uri: string;
            /** @description The address as a picture to scan, a `data:` URL of a PNG. */
            qr_code: string;
        };
        RecoveryCodes: {
            recovery_codes: components["schemas"]["RecoveryCode"][];
        };
        KeySet: {
            keys: components["schemas"]["Key"][];
        };
        /** @description A public key (RFC 8037). */
        Key: {
            kty: string;
            crv: string;
            use: string;
            alg: string;
            kid: string;
            x: string;
        };
        /**
         * @description A failure (RFC 9457).
         * @example {
         *       "type": "/problems/invalid_request",
         *       "title": "Unprocessable Entity",
         *       "status": 422,
         *       "detail": "Some of what was sent is not valid; errors names each place.",
         *       "instance": "/api/v2/users",
         *       "code": "invalid_request",
         *       "request_id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
         *       "timestamp": "2026-11-23T09:30:00Z",
         *       "errors": [
         *         {
         *           "pointer": "#/email",
         *           "keyword": "format",
         *           "params": {
         *             "format": "email"
         *           },
         *           "detail": "Must be an e-mail address such as name@example.com."
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
            errors?: components["schemas"]["Violation"][];
        };
        /** @description One place of the request that breaks this document. */
        Violation: {
            /** @description The place: a JSON pointer into the body such as `#/email`, or `#/query/limit`, `#/header/…`, `#/path/…`, `#/cookie/…`. */
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
        ProblemCode: "malformed_request" | "unauthenticated" | "forbidden" | "cross_origin_refused" | "not_found" | "method_not_allowed" | "body_too_large" | "unsupported_media_type" | "invalid_request" | "rate_limited" | "internal" | "overloaded" | "timeout" | "unavailable" | "email_taken" | "user_not_found" | "session_not_found" | "invalid_credentials" | "invalid_refresh_token" | "account_disabled" | "wrong_password" | "self_administration" | "invalid_mail_token" | "invalid_challenge" | "invalid_code" | "second_factor_enabled" | "second_factor_not_enabled" | "id_card_number_taken" | "email_unverified" | "mail_off" | "email_change_not_found";
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
        /** @description The e-mail address or the password is wrong (`invalid_credentials`). */
        CredentialsRefused: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The refresh token is missing or no longer valid (`invalid_refresh_token`). */
        RefreshRefused: {
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
        /** @description The account is disabled (`account_disabled`), or the request comes from a page of an untrusted origin (`cross_origin_refused`). */
        LoginForbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The request comes from a page of an untrusted origin (`cross_origin_refused`). */
        CrossOrigin: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The challenge is used up, expired or unknown (`invalid_challenge`). */
        ChallengeRefused: {
            headers: {
                "WWW-Authenticate": components["headers"]["WWWAuthenticate"];
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The code is wrong or was used (`invalid_code`), or the request comes from a page of an untrusted origin (`cross_origin_refused`). */
        CodeForbidden: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The code is wrong or was used (`invalid_code`). */
        InvalidCode: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current password is wrong (`wrong_password`), or the code is wrong or was used (`invalid_code`). */
        ProofRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has a second factor (`second_factor_enabled`), or its address is not verified (`email_unverified`). */
        EnrolmentRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has no second factor (`second_factor_not_enabled`). */
        SecondFactorNotEnabled: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has a second factor (`second_factor_enabled`), or none is enrolled (`second_factor_not_enabled`), or its address is not verified (`email_unverified`). */
        SecondFactorConflict: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The account has no second factor (`second_factor_not_enabled`), or is the administrator's own (`self_administration`). */
        SecondFactorKept: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The token of the mail was used, has expired or is unknown (`invalid_mail_token`). */
        InvalidMailToken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The service is configured to send no mails (`mail_off`). */
        MailOff: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description No change of address is pending (`email_change_not_found`). */
        EmailChangeNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description The current password is wrong (`wrong_password`). */
        WrongPassword: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such account, or none that the caller may see (`user_not_found`). */
        UserNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is no such session of the account (`session_not_found`). */
        SessionNotFound: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already an account with this e-mail address (`email_taken`). */
        EmailTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description There is already an account with this identity card (`id_card_number_taken`). */
        IDCardNumberTaken: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Administrators cannot do this to their own account (`self_administration`), or the account's address is not verified (`email_unverified`). */
        RolesRefused: {
            headers: {
                [name: string]: unknown;
            };
            content: {
                "application/problem+json": components["schemas"]["Problem"];
            };
        };
        /** @description Administrators cannot do this to their own account (`self_administration`). */
        SelfAdministration: {
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
        /** @description The service cannot answer now; try again after `Retry-After` seconds (`timeout`, `unavailable`). */
        Unanswered: {
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
         * @description The account.
         * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
         */
        UserId: string;
        /** @description The largest number of items on a page. */
        Limit: number;
        /** @description Where the page begins, the `next_cursor` of the page before it; opaque. */
        Cursor: string;
    };
    requestBodies: never;
    headers: {
        /** @description The path of the new resource. */
        Location: string;
        /** @description The next page (`rel="next"`) or the successor of this operation (`rel="successor-version"`), RFC 8288. */
        Link: string;
        /** @description Since when the operation is deprecated, RFC 9745. */
        Deprecation: string;
        /** @description When the operation stops working, RFC 8594. */
        Sunset: string;
        /** @description What is left of each limit after this request, and the seconds until it has recovered, as in `"default";r=29;t=60`. The limits `network`, `account` (of this network for this account) and `unfamiliar` count failed tries over all replicas; a successful try is refunded. */
        RateLimit: string;
        /** @description Each limit and its window in seconds, as in `"default";q=30;w=60`. */
        RateLimitPolicy: string;
        /** @description Seconds to wait before trying again. */
        RetryAfter: number;
        /** @description How to authenticate, RFC 6750. */
        WWWAuthenticate: string;
        /** @description The refresh cookie of a browser's session, set or removed. */
        SetCookie: string;
        /** @description The name of the file to save the answer in, RFC 6266. */
        ContentDisposition: string;
        /** @description For how long the answer may be cached, RFC 9111. */
        CacheControl: string;
    };
    pathItems: never;
}
interface operations {
    createUser: {
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
                 *       "email": "ada@example.com",
                 *       "name": "Ada Lovelace",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["CreateUserRequest"];
            };
        };
        responses: {
            /** @description The account, open. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    Link: components["headers"]["Link"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV1"];
                };
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    Deprecation: components["headers"]["Deprecation"];
                    Sunset: components["headers"]["Sunset"];
                    Link: components["headers"]["Link"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV1"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    createUserV2: {
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
                 *       "email": "ada@example.com",
                 *       "name": "Ada Lovelace",
                 *       "password": "correct horse battery",
                 *       "avatar": "https://images.example.com/ada.png"
                 *     }
                 */
                "application/json": components["schemas"]["CreateUserV2Request"];
            };
        };
        responses: {
            /** @description The account, open. */
            201: {
                headers: {
                    Location: components["headers"]["Location"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "created_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV2"];
                };
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUserV2: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "created_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["UserV2"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getUserProfile: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmEmail: {
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
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmEmailRequest"];
            };
        };
        responses: {
            /** @description The address is verified. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmEmailChange: {
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
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmEmailChangeRequest"];
            };
        };
        responses: {
            /** @description The account has the new address. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            409: components["responses"]["EmailTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestPasswordReset: {
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
                 *       "email": "ada@example.com"
                 *     }
                 */
                "application/json": components["schemas"]["RequestPasswordResetRequest"];
            };
        };
        responses: {
            /** @description If there is such an account, a mail with a valid link is on its way, or was sent before and the next is not due yet. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            409: components["responses"]["MailOff"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    resetPassword: {
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
                 *       "token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ",
                 *       "new_password": "staple wrong donkey"
                 *     }
                 */
                "application/json": components["schemas"]["ResetPasswordRequest"];
            };
        };
        responses: {
            /** @description The password is changed. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            403: components["responses"]["InvalidMailToken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    startSession: {
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
                 *       "email": "ada@example.com",
                 *       "password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["StartSessionRequest"];
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            /** @description The password is right, and a code is required. */
            202: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "challenge": "dGhlIG5pZ2h0IGlzIGxvbmcgYW5kIHRoZSBkYXkgc2g",
                     *       "expires_in": 300,
                     *       "methods": [
                     *         "totp",
                     *         "recovery_code"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["LoginChallenge"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["CredentialsRefused"];
            403: components["responses"]["LoginForbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    answerChallenge: {
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
                 *       "challenge": "dGhlIG5pZ2h0IGlzIGxvbmcgYW5kIHRoZSBkYXkgc2g",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["AnswerChallengeRequest"];
            };
        };
        responses: {
            /** @description Signed in. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["ChallengeRefused"];
            403: components["responses"]["CodeForbidden"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    refreshSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: {
                /** @description The refresh token of a browser's session. */
                "__Secure-plumbline_refresh"?: string;
            };
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                 *     }
                 */
                "application/json": components["schemas"]["RefreshSessionRequest"];
            };
        };
        responses: {
            /** @description The session goes on. */
            200: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "access_token": "eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJhIn0.c2lnbmF0dXJl",
                     *       "token_type": "Bearer",
                     *       "expires_in": 300,
                     *       "refresh_token": "QmV0d2VlbiB0aGUgbGluZXMgb2YgYSBsb25nIGxldHQ"
                     *     }
                     */
                    "application/json": components["schemas"]["TokenSet"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["RefreshRefused"];
            403: components["responses"]["CrossOrigin"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    endSession: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Signed out. */
            204: {
                headers: {
                    "Set-Cookie": components["headers"]["SetCookie"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["CrossOrigin"];
            503: components["responses"]["Unanswered"];
            default: components["responses"]["Problem"];
        };
    };
    listSessions: {
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
            /** @description A page of sessions. */
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
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "current": true,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeOtherSessions: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many sessions were ended. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 2
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedSessions"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The session.
                 * @example 019324d3-90bb-7a41-b0de-9c64c1f3d5aa
                 */
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["SessionNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getProfile: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The profile. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    updateProfile: {
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
                 *       "name": "Ada King",
                 *       "phone": "+442079460000",
                 *       "avatar": null
                 *     }
                 */
                "application/json": components["schemas"]["UpdateProfileRequest"];
            };
        };
        responses: {
            /** @description The profile as it now is. */
            200: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "phone": "+442079460000",
                     *       "id_card_number": "X1234567-8",
                     *       "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Profile"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            409: components["responses"]["IDCardNumberTaken"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    changePassword: {
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
                 *       "current_password": "correct horse battery",
                 *       "new_password": "staple wrong donkey"
                 *     }
                 */
                "application/json": components["schemas"]["ChangePasswordRequest"];
            };
        };
        responses: {
            /** @description The password is changed. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factor. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "enabled": true,
                     *       "confirmed_at": "2026-11-23T09:30:00Z",
                     *       "recovery_codes_left": 10
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactor"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    enrolSecondFactor: {
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
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["EnrolSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The secret, shown only once. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "secret": "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                     *       "uri": "otpauth://totp/Plumbline:ada@example.com?algorithm=SHA1&digits=6&issuer=Plumbline&period=30&secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ",
                     *       "qr_code": "data:image/png;base64,iVBORw0KGgo="
                     *     }
                     */
                    "application/json": components["schemas"]["SecondFactorSecret"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["EnrolmentRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    confirmSecondFactor: {
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
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["ConfirmSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The second factor is enabled, with its recovery codes. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recovery_codes": [
                     *         "MFZW-I3LP-OBQX-E2LK",
                     *         "KRUG-KIDO-NFTW-Q5BA"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["InvalidCode"];
            409: components["responses"]["SecondFactorConflict"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    disableSecondFactor: {
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
                 *       "current_password": "correct horse battery",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["DisableSecondFactorRequest"];
            };
        };
        responses: {
            /** @description The second factor is disabled. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ProofRefused"];
            409: components["responses"]["SecondFactorNotEnabled"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    replaceRecoveryCodes: {
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
                 *       "current_password": "correct horse battery",
                 *       "totp": "287082"
                 *     }
                 */
                "application/json": components["schemas"]["ReplaceRecoveryCodesRequest"];
            };
        };
        responses: {
            /** @description The codes. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "recovery_codes": [
                     *         "MFZW-I3LP-OBQX-E2LK",
                     *         "KRUG-KIDO-NFTW-Q5BA"
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["RecoveryCodes"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["ProofRefused"];
            409: components["responses"]["SecondFactorNotEnabled"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestEmailVerification: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description Whether the address is verified, and if not, when a mail was sent. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada@example.com",
                     *       "verified": false,
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailVerification"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            409: components["responses"]["MailOff"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    getEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The pending change. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada.king@example.com",
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailChange"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["EmailChangeNotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestEmailChange: {
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
                 *       "email": "ada.king@example.com",
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["RequestEmailChangeRequest"];
            };
        };
        responses: {
            /** @description The pending change, and when a mail was sent to the new address. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "email": "ada.king@example.com",
                     *       "expires_at": "2026-11-24T09:30:00Z",
                     *       "mailed_at": "2026-11-23T09:30:00Z",
                     *       "next_mail_at": "2026-11-23T09:31:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["EmailChange"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["MailOff"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    cancelEmailChange: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The link is void. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            404: components["responses"]["EmailChangeNotFound"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listActivity: {
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
            /** @description A page of activity. */
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
                     *           "action": "session.start",
                     *           "outcome": "success",
                     *           "by": "owner",
                     *           "address": "192.0.2.1",
                     *           "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *           "occurred_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["ActivityList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    exportOwnData: {
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
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["ExportOwnDataRequest"];
            };
        };
        responses: {
            /** @description Everything, to be saved as a file. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    "Content-Disposition": components["headers"]["ContentDisposition"];
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "exported_at": "2026-11-23T09:30:00Z",
                     *       "profile": {
                     *         "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *         "name": "Ada Lovelace",
                     *         "email": "ada@example.com",
                     *         "email_verified": true,
                     *         "avatar": "https://images.example.com/ada.png",
                     *         "phone": "+442079460000",
                     *         "id_card_number": "X1234567-8",
                     *         "biography": "<p>I wrote the <b>first</b> program.</p>",
                     *         "roles": [
                     *           "customer"
                     *         ],
                     *         "created_at": "2026-11-23T09:30:00Z",
                     *         "updated_at": "2026-11-23T09:30:00Z"
                     *       },
                     *       "status": "active",
                     *       "email_verified_at": "2026-11-23T09:31:00Z",
                     *       "second_factor": {
                     *         "enabled": false,
                     *         "recovery_codes_left": 0
                     *       },
                     *       "sessions": [
                     *         {
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "cookie": true,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "mails": [
                     *         {
                     *           "purpose": "verify",
                     *           "email": "ada@example.com",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "expires_at": "2026-11-24T09:30:00Z",
                     *           "mails": 1,
                     *           "mailed_at": "2026-11-23T09:30:00Z",
                     *           "counted_from": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "activity": {
                     *         "items": [
                     *           {
                     *             "id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b10",
                     *             "action": "session.start",
                     *             "outcome": "success",
                     *             "by": "owner",
                     *             "address": "192.0.2.1",
                     *             "request_id": "019324d5-9c3e-7a44-8d0b-5e1f7c2a9b11",
                     *             "occurred_at": "2026-11-23T09:30:00Z"
                     *           }
                     *         ],
                     *         "next_cursor": null
                     *       }
                     *     }
                     */
                    "application/json": components["schemas"]["OwnData"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    requestDeletion: {
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
                 *       "current_password": "correct horse battery"
                 *     }
                 */
                "application/json": components["schemas"]["RequestDeletionRequest"];
            };
        };
        responses: {
            /** @description When the account will be deleted. */
            202: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "deletes_at": "2026-12-07T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["Deletion"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["WrongPassword"];
            409: components["responses"]["SelfAdministration"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    cancelDeletion: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account stays. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listUsers: {
        parameters: {
            query?: {
                /** @description The beginning of the e-mail address; a domain beyond ASCII is found by the whole domain, or by its A-labels. */
                email?: string;
                /** @description The beginning of the name. */
                name?: string;
                /** @description The whole phone number, in E.164 form. */
                phone?: string;
                /** @description The state of the account. */
                status?: components["schemas"]["UserStatus"];
                /** @description A role that the account has. */
                role?: components["schemas"]["Role"];
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
            /** @description A page of accounts. */
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
                     *           "name": "Ada Lovelace",
                     *           "email": "ada@example.com",
                     *           "email_verified": true,
                     *           "second_factor": false,
                     *           "avatar": "https://images.example.com/ada.png",
                     *           "status": "active",
                     *           "roles": [
                     *             "customer"
                     *           ],
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "updated_at": "2026-11-23T09:30:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": "AQAGYO484PhAAZMk0jpefBCPTittGpwOdw"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUserList"];
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
    deleteUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account is deleted. */
            204: {
                headers: {
                    RateLimit: components["headers"]["RateLimit"];
                    "RateLimit-Policy": components["headers"]["RateLimitPolicy"];
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SelfAdministration"];
            422: components["responses"]["Invalid"];
            429: components["responses"]["RateLimited"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    disableUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account, disabled. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SelfAdministration"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    removeSecondFactor: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The second factor is disabled. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["SecondFactorKept"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    enableUser: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The account, active. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    setUserRoles: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody: {
            content: {
                /**
                 * @example {
                 *       "roles": [
                 *         "customer",
                 *         "support"
                 *       ]
                 *     }
                 */
                "application/json": components["schemas"]["SetUserRolesRequest"];
            };
        };
        responses: {
            /** @description The account with its roles. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "id": "019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77",
                     *       "name": "Ada Lovelace",
                     *       "email": "ada@example.com",
                     *       "email_verified": true,
                     *       "second_factor": false,
                     *       "avatar": "https://images.example.com/ada.png",
                     *       "status": "active",
                     *       "roles": [
                     *         "customer"
                     *       ],
                     *       "created_at": "2026-11-23T09:30:00Z",
                     *       "updated_at": "2026-11-23T09:30:00Z"
                     *     }
                     */
                    "application/json": components["schemas"]["AdminUser"];
                };
            };
            400: components["responses"]["Malformed"];
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            409: components["responses"]["RolesRefused"];
            413: components["responses"]["TooLarge"];
            415: components["responses"]["UnsupportedMediaType"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listUserSessions: {
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
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description A page of sessions. */
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
                     *           "id": "019324d3-0c2b-7d41-b0a5-6f2e9d1c4b88",
                     *           "current": false,
                     *           "address": "203.0.113.7",
                     *           "user_agent": "Mozilla/5.0",
                     *           "created_at": "2026-11-23T09:30:00Z",
                     *           "last_used_at": "2026-11-23T09:35:00Z",
                     *           "expires_at": "2026-12-23T09:35:00Z"
                     *         }
                     *       ],
                     *       "next_cursor": null
                     *     }
                     */
                    "application/json": components["schemas"]["SessionList"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeUserSessions: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description How many sessions were ended. */
            200: {
                headers: {
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "revoked": 2
                     *     }
                     */
                    "application/json": components["schemas"]["RevokedSessions"];
                };
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["UserNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    revokeUserSession: {
        parameters: {
            query?: never;
            header?: never;
            path: {
                /**
                 * @description The account.
                 * @example 019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77
                 */
                userId: components["parameters"]["UserId"];
                /**
                 * @description The session.
                 * @example 019324d3-90bb-7a41-b0de-9c64c1f3d5aa
                 */
                sessionId: string;
            };
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The session has ended. */
            204: {
                headers: {
                    [name: string]: unknown;
                };
                content?: never;
            };
            401: components["responses"]["Unauthenticated"];
            403: components["responses"]["Forbidden"];
            404: components["responses"]["SessionNotFound"];
            422: components["responses"]["Invalid"];
            503: components["responses"]["Unavailable"];
            default: components["responses"]["Problem"];
        };
    };
    listAuditEntries: {
        parameters: {
            query?: {
                /** @description The account that acted. */
                actor?: string;
                /** @description The account or resource that was acted on. */
                target?: string;
                /** @description The action, as in `user.disable`. */
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
                     *           "action": "user.disable",
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
    getKeySet: {
        parameters: {
            query?: never;
            header?: never;
            path?: never;
            cookie?: never;
        };
        requestBody?: never;
        responses: {
            /** @description The key set. */
            200: {
                headers: {
                    "Cache-Control": components["headers"]["CacheControl"];
                    [name: string]: unknown;
                };
                content: {
                    /**
                     * @example {
                     *       "keys": [
                     *         {
                     *           "kty": "OKP",
                     *           "crv": "Ed25519",
                     *           "use": "sig",
                     *           "alg": "EdDSA",
                     *           "kid": "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
                     *           "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"
                     *         }
                     *       ]
                     *     }
                     */
                    "application/json": components["schemas"]["KeySet"];
                };
            };
            default: components["responses"]["Problem"];
        };
    };
}

/**
 * What the client does for each operation: method, path, answers and marks. An answer is a status, and what its body may be: a
 * media type, or the name of one of the shapes for JSON; a status alone has no body. The marks: p needs no access token, c the
 * refresh cookie travels with it, k takes an Idempotency-Key, m takes If-Match, l is a list in pages, s can be followed as a
 * stream of events, b answers with bytes, and a digit says that the ETag of its answer is that of its path without so many of
 * its last segments.
 */
declare const table: {
    readonly orders: {
        readonly listProducts: "GET /api/v1/products 200=ProductList pl";
        readonly createProduct: "POST /api/v1/products 201=Product 0";
        readonly getProduct: "GET /api/v1/products/{productId} 200=Product p0";
        readonly updateProduct: "PATCH /api/v1/products/{productId} 200=Product m0";
        readonly archiveProduct: "POST /api/v1/products/{productId}/archive 200=Product 1";
        readonly duplicateProduct: "POST /api/v1/products/{productId}/duplicate 201=Product 1";
        readonly getStock: "GET /api/v1/products/{productId}/stock 200=Stock";
        readonly listStockAdjustments: "GET /api/v1/products/{productId}/stock-adjustments 200=StockAdjustmentList l";
        readonly adjustStock: "POST /api/v1/products/{productId}/stock-adjustments 201=AdjustedStock k";
        readonly listOrders: "GET /api/v1/orders 200=OrderList l";
        readonly createOrder: "POST /api/v1/orders 201=Order k0";
        readonly listOrderAuditEntries: "GET /api/v1/orders/audit-entries 200=AuditEntryList l";
        readonly exportOrders: "GET /api/v1/orders/export 200=application/x-ndjson,text/csv b";
        readonly getOrder: "GET /api/v1/orders/{orderId} 200=Order 0";
        readonly listOrderEvents: "GET /api/v1/orders/{orderId}/events 200=OrderEventList,text/event-stream ls";
        readonly cancelOrder: "POST /api/v1/orders/{orderId}/cancel 200=Order 1";
        readonly payOrder: "POST /api/v1/orders/{orderId}/pay 200=Order 1";
        readonly shipOrder: "POST /api/v1/orders/{orderId}/ship 200=Order 1";
        readonly deliverOrder: "POST /api/v1/orders/{orderId}/deliver 200=Order 1";
        readonly refundOrder: "POST /api/v1/orders/{orderId}/refund 200=Order k1";
        readonly listWebhooks: "GET /api/v1/webhooks 200=WebhookList l";
        readonly createWebhook: "POST /api/v1/webhooks 201=WebhookWithSecret";
        readonly getWebhook: "GET /api/v1/webhooks/{webhookId} 200=Webhook";
        readonly updateWebhook: "PATCH /api/v1/webhooks/{webhookId} 200=Webhook";
        readonly deleteWebhook: "DELETE /api/v1/webhooks/{webhookId} 204";
        readonly rotateWebhookSecret: "POST /api/v1/webhooks/{webhookId}/rotate-secret 200=WebhookWithSecret";
        readonly listWebhookDeliveries: "GET /api/v1/webhooks/{webhookId}/deliveries 200=WebhookDeliveryList l";
        readonly replayWebhookDelivery: "POST /api/v1/webhooks/{webhookId}/deliveries/{deliveryId}/replay 202=WebhookDelivery";
    };
    readonly users: {
        readonly createUser: "POST /api/v1/users 201=UserV1 p";
        readonly getUser: "GET /api/v1/users/{userId} 200=UserV1";
        readonly createUserV2: "POST /api/v2/users 201=UserV2 p";
        readonly getUserV2: "GET /api/v2/users/{userId} 200=UserV2";
        readonly getUserProfile: "GET /api/v2/users/{userId}/profile 200=Profile";
        readonly confirmEmail: "POST /api/v1/email-verification/confirm 204 p";
        readonly confirmEmailChange: "POST /api/v1/email-change/confirm 204 p";
        readonly requestPasswordReset: "POST /api/v1/password-reset 202 p";
        readonly resetPassword: "POST /api/v1/password-reset/confirm 204 p";
        readonly startSession: "POST /api/v1/login 200=TokenSet|202=LoginChallenge pc";
        readonly answerChallenge: "POST /api/v1/login/second-factor 200=TokenSet pc";
        readonly refreshSession: "POST /api/v1/refresh 200=TokenSet pc";
        readonly endSession: "POST /api/v1/logout 204 c";
        readonly listSessions: "GET /api/v1/sessions 200=SessionList l";
        readonly revokeOtherSessions: "POST /api/v1/sessions/revoke-others 200=RevokedSessions";
        readonly revokeSession: "DELETE /api/v1/sessions/{sessionId} 204";
        readonly getProfile: "GET /api/v1/profile 200=Profile";
        readonly updateProfile: "PATCH /api/v1/profile 200=Profile";
        readonly changePassword: "PUT /api/v1/profile/password 204";
        readonly getSecondFactor: "GET /api/v1/profile/second-factor 200=SecondFactor";
        readonly enrolSecondFactor: "POST /api/v1/profile/second-factor 200=SecondFactorSecret";
        readonly confirmSecondFactor: "POST /api/v1/profile/second-factor/confirm 200=RecoveryCodes";
        readonly disableSecondFactor: "POST /api/v1/profile/second-factor/disable 204";
        readonly replaceRecoveryCodes: "POST /api/v1/profile/second-factor/recovery-codes 200=RecoveryCodes";
        readonly requestEmailVerification: "POST /api/v1/profile/email-verification 202=EmailVerification";
        readonly getEmailChange: "GET /api/v1/profile/email-change 200=EmailChange";
        readonly cancelEmailChange: "DELETE /api/v1/profile/email-change 204";
        readonly requestEmailChange: "POST /api/v1/profile/email-change 202=EmailChange";
        readonly listActivity: "GET /api/v1/profile/activity 200=ActivityList l";
        readonly exportOwnData: "POST /api/v1/profile/export 200=OwnData";
        readonly requestDeletion: "POST /api/v1/profile/deletion 202=Deletion";
        readonly cancelDeletion: "DELETE /api/v1/profile/deletion 204";
        readonly listUsers: "GET /api/v1/admin/users 200=AdminUserList l";
        readonly deleteUser: "DELETE /api/v1/admin/users/{userId} 204";
        readonly disableUser: "POST /api/v1/admin/users/{userId}/disable 200=AdminUser";
        readonly removeSecondFactor: "DELETE /api/v1/admin/users/{userId}/second-factor 204";
        readonly enableUser: "POST /api/v1/admin/users/{userId}/enable 200=AdminUser";
        readonly setUserRoles: "PUT /api/v1/admin/users/{userId}/roles 200=AdminUser";
        readonly listUserSessions: "GET /api/v1/admin/users/{userId}/sessions 200=SessionList l";
        readonly revokeUserSessions: "POST /api/v1/admin/users/{userId}/sessions/revoke 200=RevokedSessions";
        readonly revokeUserSession: "DELETE /api/v1/admin/users/{userId}/sessions/{sessionId} 204";
        readonly listAuditEntries: "GET /api/v1/admin/audit-entries 200=AuditEntryList l";
        readonly getKeySet: "GET /.well-known/jwks.json 200=KeySet p";
    };
};
/** Where a service is known to be, by its name. */
type ServiceName = keyof typeof table;
/** The schemas of all documents. Of a name that several have, the first counts; each has codes of its own. */
interface Schemas extends Omit<components$1['schemas'], 'ProblemCode'>, Omit<components['schemas'], 'ProblemCode' | keyof components$1['schemas']> {
    OrdersProblemCode: components$1['schemas']['ProblemCode'];
    UsersProblemCode: components['schemas']['ProblemCode'];
    ProblemCode: components$1['schemas']['ProblemCode'] | components['schemas']['ProblemCode'];
}
/** Every operation: where it is, its shapes, and the codes of its problems by status. */
interface Operations {
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
        shape: operations$1['listProducts'];
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
        shape: operations$1['createProduct'];
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
        shape: operations$1['getProduct'];
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
        shape: operations$1['updateProduct'];
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
        shape: operations$1['archiveProduct'];
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
        shape: operations$1['duplicateProduct'];
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
        shape: operations$1['getStock'];
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
        shape: operations$1['listStockAdjustments'];
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
        shape: operations$1['adjustStock'];
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
        shape: operations$1['listOrders'];
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
        shape: operations$1['createOrder'];
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
        shape: operations$1['listOrderAuditEntries'];
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
        shape: operations$1['exportOrders'];
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
        shape: operations$1['getOrder'];
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
        shape: operations$1['listOrderEvents'];
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
        shape: operations$1['cancelOrder'];
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
        shape: operations$1['payOrder'];
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
        shape: operations$1['shipOrder'];
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
        shape: operations$1['deliverOrder'];
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
        shape: operations$1['refundOrder'];
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
        shape: operations$1['listWebhooks'];
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
        shape: operations$1['createWebhook'];
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
        shape: operations$1['getWebhook'];
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
        shape: operations$1['updateWebhook'];
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
        shape: operations$1['deleteWebhook'];
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
        shape: operations$1['rotateWebhookSecret'];
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
        shape: operations$1['listWebhookDeliveries'];
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
        shape: operations$1['replayWebhookDelivery'];
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
        shape: operations['createUser'];
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
        shape: operations['getUser'];
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
        shape: operations['createUserV2'];
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
        shape: operations['getUserV2'];
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
        shape: operations['getUserProfile'];
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
        shape: operations['confirmEmail'];
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
        shape: operations['confirmEmailChange'];
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
        shape: operations['requestPasswordReset'];
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
        shape: operations['resetPassword'];
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
        shape: operations['startSession'];
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
        shape: operations['answerChallenge'];
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
        shape: operations['refreshSession'];
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
        shape: operations['endSession'];
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
        shape: operations['listSessions'];
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
        shape: operations['revokeOtherSessions'];
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
        shape: operations['revokeSession'];
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
        shape: operations['getProfile'];
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
        shape: operations['updateProfile'];
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
        shape: operations['changePassword'];
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
        shape: operations['getSecondFactor'];
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
        shape: operations['enrolSecondFactor'];
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
        shape: operations['confirmSecondFactor'];
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
        shape: operations['disableSecondFactor'];
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
        shape: operations['replaceRecoveryCodes'];
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
        shape: operations['requestEmailVerification'];
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
        shape: operations['getEmailChange'];
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
        shape: operations['cancelEmailChange'];
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
        shape: operations['requestEmailChange'];
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
        shape: operations['listActivity'];
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
        shape: operations['exportOwnData'];
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
        shape: operations['requestDeletion'];
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
        shape: operations['cancelDeletion'];
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
        shape: operations['listUsers'];
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
        shape: operations['deleteUser'];
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
        shape: operations['disableUser'];
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
        shape: operations['removeSecondFactor'];
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
        shape: operations['enableUser'];
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
        shape: operations['setUserRoles'];
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
        shape: operations['listUserSessions'];
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
        shape: operations['revokeUserSessions'];
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
        shape: operations['revokeUserSession'];
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
        shape: operations['listAuditEntries'];
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
        shape: operations['getKeySet'];
        codes: {
            400: 'malformed_request';
            422: 'invalid_request';
            500: 'internal';
            503: 'timeout';
            default: 'not_found' | 'method_not_allowed';
        };
    };
}

/** What every problem of the services has besides its code (RFC 9457). */
type ProblemBody = Omit<Schemas['Problem'], 'code' | 'status' | 'current'>;
/**
 * The failures that no service tells of, because there was no answer or none that the client understands:
 *
 * - `unreachable`: the request or its answer was lost on the way.
 * - `timed_out`: the call's own time is over.
 * - `aborted`: its signal ended it.
 * - `unreadable`: the answer is not what the documents describe, such as the error page of a proxy, or an empty one where
 *   there should be data. It says nothing about what the service has done.
 * - `unsendable`: the input cannot be written as a request; `errors` names the place. Nothing was sent.
 * - `refresh_failed`: the session could not be renewed now; `cause` is the problem of the renewal.
 */
type ClientCode = 'unreachable' | 'timed_out' | 'aborted' | 'unreadable' | 'unsendable' | 'refresh_failed';
/** A failure that no service tells of, in the shape of the others. */
interface ClientProblem extends ProblemBody {
    code: ClientCode;
    status: 0;
    /** What it came from. */
    cause?: unknown;
}
/** Any problem, when it does not matter of which operation. */
type AnyProblem = (ProblemBody & {
    code: Schemas['ProblemCode'];
    status: number;
    current?: unknown;
}) | ClientProblem;
/** What is thrown where a failure has no other way out: by lists, by streams and by unwrap. */
declare class ProblemError<P extends AnyProblem = AnyProblem> extends Error {
    readonly name = "ProblemError";
    /** The problem. */
    readonly problem: P;
    /** The answer, when there was one. */
    readonly response: Response | undefined;
    constructor(failure: {
        problem: P;
        response: Response | undefined;
    });
}
/** Gives the data of a result, or throws its problem as a ProblemError. */
declare function unwrap<R extends {
    ok: true;
    data: unknown;
} | {
    ok: false;
    problem: AnyProblem;
    response: Response | undefined;
}>(result: R): Extract<R, {
    ok: true;
}>['data'];

/** The operationIds. */
type OperationId = keyof Operations;
/** An HTTP method that some operation has. */
type Method = Operations[OperationId]['method'];
/** The paths that have an operation with the method. */
type PathOf<M extends Method> = Extract<Operations[OperationId], {
    method: M;
}>['path'];
/** The operation with a method and a path. */
type At<M extends Method, P extends string> = {
    [K in OperationId]: Operations[K] extends {
        method: M;
        path: P;
    } ? K : never;
}[OperationId];
type Shape<K extends OperationId> = Operations[K]['shape'];
type Marked<M extends string> = {
    [K in OperationId]: Operations[K]['marks'] extends `${string}${M}${string}` ? K : never;
}[OperationId];
/** The operations that list in pages. */
type ListId = Marked<'l'>;
/** The operations that can be followed as a stream of events. */
type StreamId = Marked<'s'>;
/** What shortens or ends any call. */
interface Limits {
    /** Ends the call; its result is then the problem `aborted`. */
    signal?: AbortSignal | undefined;
    /** Milliseconds for the call with all its tries, in place of the client's. */
    timeout?: number | undefined;
}
interface Keyed {
    /** What makes the request the same when it is repeated, in place of one that the client makes. */
    idempotencyKey?: string | undefined;
}
interface Matching {
    /** The version that is to be changed, as an ETag or as the `version` of what was read, in place of the one the client saw last. */
    ifMatch?: string | number | undefined;
}
type Flat<T> = {
    [K in keyof T]: T[K];
};
type Loose<T> = {
    [K in keyof T]: undefined extends T[K] ? T[K] | undefined : T[K];
};
type JSONOf<C> = C extends {
    content: {
        'application/json': infer B;
    };
} ? B : never;
type Path<S> = S extends {
    parameters: {
        path: infer P;
    };
} ? {
    path: P;
} : unknown;
type Query<S> = S extends {
    parameters: {
        query?: infer Q;
    };
} ? ([NonNullable<Q>] extends [never] ? unknown : {
    query?: Loose<NonNullable<Q>> | undefined;
}) : unknown;
type Body<S> = S extends {
    requestBody: infer B;
} ? {
    body: JSONOf<B>;
} : S extends {
    requestBody?: infer B;
} ? ([NonNullable<B>] extends [never] ? unknown : {
    body?: JSONOf<NonNullable<B>> | undefined;
}) : unknown;
/** What an operation is called with: `path`, `query` and `body` as its document has them, and what rules the call. */
type Input<K extends OperationId> = Flat<Path<Shape<K>> & Query<Shape<K>> & Body<Shape<K>> & (K extends Marked<'k'> ? Keyed : unknown) & (K extends Marked<'m'> ? Matching : unknown) & Limits>;
/** The arguments of a call: none is needed where nothing in the input is. */
type Arguments<T> = {} extends T ? [input?: T] : [input: T];
type Answers<K extends OperationId> = Shape<K>['responses'];
type SuccessStatus<K extends OperationId> = Extract<keyof Answers<K>, 200 | 201 | 202 | 204>;
type DataOf<A> = A extends {
    content: infer C;
} ? (C extends {
    'application/json': infer B;
} ? B : ReadableStream<Uint8Array>) : undefined;
/** What an operation answers with when it succeeds. */
type Data<K extends OperationId> = {
    [S in SuccessStatus<K>]: DataOf<Answers<K>[S & keyof Answers<K>]>;
}[SuccessStatus<K>];
/** One item of a list, or one event of a stream. */
type Item<K extends OperationId> = Extract<Data<K>, {
    items: unknown[];
}>['items'][number];
type StatusOf<S> = S extends number ? S : number;
/** A problem that an operation's document lists, told apart by `code` and by `status`. */
type DocumentedProblem<K extends OperationId> = {
    [S in keyof Operations[K]['codes']]: {
        [C in Operations[K]['codes'][S] & string]: ProblemBody & {
            code: C;
            status: StatusOf<S>;
        } & (S extends 412 ? {
            current: NonNullable<Schemas['Problem']['current']>;
        } : unknown);
    }[Operations[K]['codes'][S] & string];
}[keyof Operations[K]['codes']];
/** A problem of an operation, the client's own included. */
type Problem<K extends OperationId> = DocumentedProblem<K> | ClientProblem;
/** How a call went well. */
type Success<K extends OperationId> = {
    [S in SuccessStatus<K>]: {
        ok: true;
        status: S;
        data: DataOf<Answers<K>[S & keyof Answers<K>]>;
        /** The answer; its body has been read, or is `data`. */
        response: Response;
    } & Sent<K>;
}[SuccessStatus<K>];
/** How a call failed. */
type Failure<K extends OperationId> = {
    ok: false;
    /** The status of the answer, 0 when there was none. */
    status: number;
    problem: Problem<K>;
    /** The answer, when there was one; its body has been read. */
    response: Response | undefined;
} & Sent<K>;
type Sent<K extends OperationId> = K extends Marked<'k'> ? {
    /** The key that the request had: give it again to try the same again. */
    idempotencyKey: string;
} : unknown;
/** What became of a call: look at `ok` first. */
type Result<K extends OperationId> = Success<K> | Failure<K>;

/** What a session is carried on with. */
interface Tokens {
    /** The access token. */
    access: string;
    /** The refresh token; a browser that keeps it in a cookie has none here. */
    refresh?: string | undefined;
    /** When the access token expires, in milliseconds since 1970. */
    expires: number;
}
/** Whether somebody is signed in; `unknown` until a browser's cookie has been tried, `signed_out` also while the service has not confirmed a logout. */
type SessionState = 'unknown' | 'signed_in' | 'signed_out';
/** The session of one person, which the client takes from logins, carries on by itself and shares with the other tabs. Its functions need no `this`. */
interface Session {
    /** Whether somebody is signed in. */
    readonly state: SessionState;
    /** The tokens, for a program that keeps them between its runs; undefined when nobody is signed in. They are secrets. */
    readonly tokens: Tokens | undefined;
    /** Calls the listener whenever `state` changes, until what this returns is called. */
    readonly subscribe: (listener: () => void) => () => void;
    /** Takes up a session whose tokens were kept; not one whose logout is still owed. */
    readonly restore: (tokens: Tokens) => void;
    /** Finds out whether there is a session to go on with: this page's, another tab's or the cookie's. */
    readonly resume: () => Promise<boolean>;
    /** Forgets the session here and in the other tabs, without a word to the service: endSession tells it and forgets as well. */
    readonly forget: () => void;
}

/** Where text is kept by name, such as localStorage. */
type Storing = Pick<Storage, 'getItem' | 'setItem' | 'removeItem'>;

/** What a stream is followed with, beside the input of its operation. */
interface Following {
    /** The id of the last event that is known; the stream starts behind it. */
    lastEventId?: string | undefined;
    /** Milliseconds without a sign of life after which the connection is taken for dead. The services give one every 15 seconds. */
    silence?: number | undefined;
    /** Milliseconds for which the stream is taken up again without success before it fails. */
    patience?: number | undefined;
}

/** How a client is made. */
interface Options {
    /** Where the services are, as in `https://api.example.com`, or where each of them is. Without it, where the page is from; Node needs it. */
    baseUrl?: string | Record<ServiceName, string>;
    /** Whether a login that does not say so keeps the refresh token in a cookie. So it is in a browser, unless this says no. */
    cookie?: boolean;
    /** Whether all tabs of the page's origin share one session. So it is in a browser, unless this says no. */
    tabs?: boolean;
    /** Where a logout is kept that the service has not confirmed; localStorage in a browser, memory elsewhere. */
    storage?: Storing;
    /** Milliseconds for a call that says nothing else; 10,000 unless this says otherwise. */
    timeout?: number;
    /** How often a request is sent at most where that is safe; 3 unless this says otherwise. */
    attempts?: number;
    /** Called when a session has ended that this page did not end itself, with the refusal if that is how it ended. */
    onSessionEnd?: (problem: AnyProblem | undefined) => void;
    /** What requests are sent with, in place of the global fetch. */
    fetch?: (url: string, init: RequestInit) => Promise<Response>;
    /** The time in milliseconds since 1970, in place of Date.now. */
    now?: () => number;
}
/** A list, item by item over all its pages, or page by page. A failure is thrown as a ProblemError. */
interface List<K extends ListId> extends AsyncIterable<Item<K>> {
    /** The pages. */
    pages(): AsyncIterable<Data<K>>;
}
type ByName = {
    [K in keyof Operations]: (...input: Arguments<Input<K>>) => Promise<Result<K>>;
};
type ByPath = {
    [M in Method]: <P extends PathOf<M>>(path: P, ...input: Arguments<Input<At<M, P>>>) => Promise<Result<At<M, P>>>;
};
/** The operations of all services, each a method named after its operationId, and GET, POST, … for calling them by path. */
type Client = ByName & ByPath & {
    /** Calls an operation whose id is known only when the program runs. */
    call<K extends OperationId>(id: K, ...input: Arguments<Input<K>>): Promise<Result<K>>;
    /** The lists, over all their pages. */
    readonly pages: {
        [K in ListId]: (...input: Arguments<Input<K>>) => List<K>;
    };
    /** The streams of events. Each goes on until its signal ends it or the loop is left; a failure is thrown as a ProblemError. */
    readonly streams: {
        [K in StreamId]: (input: Input<K> & Following) => AsyncIterable<Item<K>>;
    };
    /** Who is signed in. */
    readonly session: Session;
    /** Lets go of the other tabs. */
    close(): void;
};
/** Makes a client of all services. It throws a TypeError when the services cannot be where `baseUrl` says. */
declare function createClient(options?: Options): Client;

export { ProblemError, createClient, unwrap };
export type { AnyProblem, Client, ClientCode, ClientProblem, Data, DocumentedProblem, Failure, Following, Input, Item, List, ListId, OperationId, Operations, Options, Problem, ProblemBody, Result, Schemas, Session, SessionState, StreamId, Success, Tokens };
