package main

import (
	"context"
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	products  = 1000
	customers = 50_000
	batch     = 5000
	// One order in so many is that of the most eager customer.
	eager = 50
	// unpaid is how many of the latest orders are pending still: an order does not wait long.
	unpaid = 500
	price  = 2490
)

// history is what has happened to an order, by the status that it has now.
var history = map[string][]string{
	"pending":   {"order.placed"},
	"paid":      {"order.placed", "order.paid"},
	"shipped":   {"order.placed", "order.paid", "order.shipped"},
	"delivered": {"order.placed", "order.paid", "order.shipped", "order.delivered"},
	"cancelled": {"order.placed", "order.cancelled"},
	"expired":   {"order.placed", "order.expired"},
	"refunded":  {"order.placed", "order.paid", "order.shipped", "order.delivered", "order.refunded"},
}

// status of an event, by its type.
var after = map[string]string{
	"order.placed": "pending", "order.paid": "paid", "order.shipped": "shipped", "order.delivered": "delivered",
	"order.cancelled": "cancelled", "order.expired": "expired", "order.refunded": "refunded",
}

// shop makes up orders, the same ones every time.
type shop struct {
	random    *rand.Rand
	products  []uuid.UUID
	customers []uuid.UUID
	since     time.Time
	step      time.Duration
	made, all int
	reserved  map[uuid.UUID]int64
	sold      map[uuid.UUID]int64
}

// fill makes so many orders, spread over two years up to now, with their lines, their history, products and stock.
func fill(ctx context.Context, pool *pgxpool.Pool, orders int, bar *bar) error {
	const years = 2 * 365 * 24 * time.Hour
	s := &shop{
		random:   rand.New(rand.NewPCG(1, 2)),
		since:    time.Now().Add(-years).Truncate(time.Microsecond),
		step:     years / time.Duration(orders+1),
		reserved: map[uuid.UUID]int64{}, sold: map[uuid.UUID]int64{}, all: orders,
	}
	for range customers {
		s.customers = append(s.customers, s.id(s.since))
	}
	if err := s.fillProducts(ctx, pool); err != nil {
		return err
	}
	for s.made < orders {
		if err := s.fillOrders(ctx, pool, min(batch, orders-s.made)); err != nil {
			return err
		}
		bar.show(s.made)
	}
	bar.end()
	if err := s.fillStock(ctx, pool); err != nil {
		return err
	}
	if _, err := pool.Exec(ctx, `VACUUM (ANALYZE)`, pgx.QueryExecModeSimpleProtocol); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// id makes a UUIDv7 (RFC 9562) as it would have been made at a time.
func (s *shop) id(at time.Time) uuid.UUID {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(at.UnixMilli())<<16|0x7000|s.random.Uint64N(1<<12))
	binary.BigEndian.PutUint64(id[8:], 1<<63|s.random.Uint64N(1<<62))
	return id
}

func (s *shop) fillProducts(ctx context.Context, pool *pgxpool.Pool) error {
	rows := make([][]any, products)
	for i := range rows {
		id, at := s.id(s.since), s.since.Add(time.Duration(i)*time.Second)
		s.products = append(s.products, id)
		rows[i] = []any{
			id, fmt.Sprintf("BOB-%04d", i), fmt.Sprintf("Plumb bob %d g", 50+i), "Turned from one piece of brass.",
			price, "EUR", at, at,
		}
	}
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"products"},
		[]string{"id", "sku", "name", "description", "price_amount", "currency", "created_at", "updated_at"},
		pgx.CopyFromRows(rows))
	return err
}

func (s *shop) status() string {
	switch n := s.random.IntN(100); {
	case s.made > s.all-unpaid:
		return "pending"
	case n < 5:
		return "paid"
	case n < 9:
		return "shipped"
	case n < 19:
		return "cancelled"
	case n < 27:
		return "expired"
	case n < 32:
		return "refunded"
	default:
		return "delivered"
	}
}

// table is rows on their way into one.
type table struct {
	name    string
	columns []string
	rows    [][]any
}

func (t *table) add(values ...any) { t.rows = append(t.rows, values) }

func (s *shop) fillOrders(ctx context.Context, pool *pgxpool.Pool, n int) error {
	orders := &table{name: "orders", columns: []string{
		"id", "number", "customer_id", "status", "currency", "total_amount", "paid_amount", "refunded_amount", "version",
		"expires_at", "created_at", "updated_at",
	}}
	items := &table{name: "order_items", columns: []string{
		"order_id", "position", "product_id", "sku", "name", "quantity", "price_amount",
	}}
	events := &table{name: "order_events", columns: []string{
		"order_id", "sequence", "type", "status", "actor", "occurred_at",
	}}
	for range n {
		s.made++
		s.order(orders, items, events)
	}
	return pgx.BeginFunc(ctx, pool, func(tx pgx.Tx) error {
		for _, t := range []*table{orders, items, events} {
			if _, err := tx.CopyFrom(ctx, pgx.Identifier{t.name}, t.columns, pgx.CopyFromRows(t.rows)); err != nil {
				return fmt.Errorf("fill %s: %w", t.name, err)
			}
		}
		return nil
	})
}

// order makes up one order with 1 to 3 lines.
func (s *shop) order(orders, items, events *table) {
	at := s.since.Add(time.Duration(s.made) * s.step).Truncate(time.Microsecond)
	id, status, customer := s.id(at), s.status(), s.customers[s.random.IntN(customers)]
	if s.made%eager == 0 {
		customer = s.customers[0]
	}
	var total int64
	for position := range 1 + s.random.IntN(3) {
		product, quantity := s.random.IntN(products), int64(1+s.random.IntN(3))
		total += quantity * price
		items.add(id, position, s.products[product],
			fmt.Sprintf("BOB-%04d", product), fmt.Sprintf("Plumb bob %d g", 50+product), quantity, price)
		switch status {
		case "pending", "paid":
			s.reserved[s.products[product]] += quantity
		case "shipped", "delivered", "refunded":
			s.sold[s.products[product]] += quantity
		}
	}
	var paid, refunded int64
	for i, kind := range history[status] {
		switch kind {
		case "order.paid":
			paid = total
		case "order.refunded":
			refunded = total
		}
		events.add(id, i+1, kind, after[kind], "staff", at.Add(time.Duration(i)*time.Hour))
	}
	last := len(history[status])
	orders.add(id, fmt.Sprintf("PL-%012d", s.made), customer, status, "EUR", total, paid, refunded, last,
		at.Add(30*time.Minute), at, at.Add(time.Duration(last)*time.Hour))
}

func (s *shop) fillStock(ctx context.Context, pool *pgxpool.Pool) error {
	const left = 1000
	rows := make([][]any, products)
	for i, id := range s.products {
		rows[i] = []any{id, left, s.reserved[id], s.sold[id], left + s.reserved[id] + s.sold[id], s.since}
	}
	_, err := pool.CopyFrom(ctx, pgx.Identifier{"stock"},
		[]string{"product_id", "available", "reserved", "sold", "received", "updated_at"}, pgx.CopyFromRows(rows))
	return err
}
