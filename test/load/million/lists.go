package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/paging"
)

const (
	pageSize = 50
	// deepPages is how many pages are passed over, where a list has as many.
	deepPages = 10_000
)

// list is a query of the service, and where in it one can be.
type list struct {
	name string
	// ask asks for the page behind a position.
	ask func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error
	// counted and found are how many rows there are and what is at an offset; "" where there is one page only.
	counted, found string
	args           []any
	// sorts says that the rows that match are few and are sorted.
	sorts bool
}

// look is what one page cost.
type look struct {
	list  list
	pages int  // passed over
	plan  plan // as planned for the values
	// generic is planned for any values: PostgreSQL may change over to it after five times.
	generic plan
}

// plan is what PostgreSQL says of a query that it has carried out.
type plan struct {
	Node   node    `json:"Plan"`
	Millis float64 `json:"Execution Time"`
}

type node struct {
	Type  string  `json:"Node Type"`
	Index string  `json:"Index Name"`
	Table string  `json:"Relation Name"`
	Rows  float64 `json:"Actual Rows"`
	Hit   int64   `json:"Shared Hit Blocks"`
	Read  int64   `json:"Shared Read Blocks"`
	Plans []node  `json:"Plans"`
}

// all gives a node and those below it.
func (n node) all() []node {
	nodes := []node{n}
	for _, below := range n.Plans {
		nodes = append(nodes, below.all()...)
	}
	return nodes
}

// String names what reads and what sorts.
func (n node) String() string {
	var parts []string
	for _, below := range n.all() {
		switch {
		case below.Index != "":
			parts = append(parts, below.Type+" "+below.Index)
		case below.Table != "":
			parts = append(parts, below.Type+" "+below.Table)
		case strings.Contains(below.Type, "Sort"):
			parts = append(parts, below.Type)
		}
	}
	return strings.Join(parts, ", ")
}

func (p plan) buffers() int64 { return p.Node.Hit + p.Node.Read }

// recorder notes what a generated query sends, and lets it have what it asks for.
type recorder struct {
	*pgxpool.Pool

	sql  string
	args []any
}

func (r *recorder) Query(ctx context.Context, sql string, args ...any) (pgx.Rows, error) {
	r.sql, r.args = sql, args
	return r.Pool.Query(ctx, sql, args...)
}

func (r *recorder) Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error) {
	return r.Pool.Exec(ctx, sql, args...)
}

// lists are those of the service, each with the filters that it has.
func lists(ctx context.Context, pool *pgxpool.Pool) ([]list, error) {
	var customer, order uuid.UUID
	var middle time.Time
	const (
		most     = `SELECT customer_id FROM orders GROUP BY customer_id ORDER BY count(*) DESC LIMIT 1`
		refunded = `SELECT id FROM orders WHERE status = 'refunded' ORDER BY created_at LIMIT 1`
		halfway  = `SELECT min(created_at) + (max(created_at) - min(created_at)) / 2 FROM orders`
	)
	if err := pool.QueryRow(ctx, most).Scan(&customer); err != nil {
		return nil, err
	}
	if err := pool.QueryRow(ctx, refunded).Scan(&order); err != nil {
		return nil, err
	}
	if err := pool.QueryRow(ctx, halfway).Scan(&middle); err != nil {
		return nil, err
	}
	var fifty []uuid.UUID
	rows, err := pool.Query(ctx, `SELECT id FROM orders ORDER BY created_at DESC LIMIT $1`, pageSize)
	if err != nil {
		return nil, err
	}
	if fifty, err = pgx.CollectRows(rows, pgx.RowTo[uuid.UUID]); err != nil {
		return nil, err
	}
	const more = pageSize + 1 // One row more tells whether there is a next page.
	byStatus := func(status ordersdb.OrderStatus) list {
		return list{
			name: "orders, " + string(status),
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.ListOrdersByStatus(ctx, ordersdb.ListOrdersByStatusParams{
					Status: status, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: more,
				})
				return err
			},
			counted: `SELECT count(*) FROM orders WHERE status = $1`,
			found:   `SELECT created_at, id FROM orders WHERE status = $1 ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT 1`,
			args:    []any{status},
		}
	}
	pending := byStatus("pending")
	pending.counted, pending.found, pending.sorts = "", "", true
	return []list{
		{
			name: "orders",
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.ListOrders(ctx, ordersdb.ListOrdersParams{BeforeTime: after.Time, BeforeID: after.ID, RowLimit: more})
				return err
			},
			counted: `SELECT count(*) FROM orders`,
			found:   `SELECT created_at, id FROM orders ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1`,
		},
		{
			name: "orders, of a day in the middle",
			ask: func(ctx context.Context, q *ordersdb.Queries, _ paging.Position) error {
				_, err := q.ListOrders(ctx, ordersdb.ListOrdersParams{
					BeforeTime: middle, CreatedFrom: middle.Add(-24 * time.Hour), RowLimit: more,
				})
				return err
			},
		},
		byStatus("delivered"),
		byStatus("paid"),
		pending,
		{
			name: "orders, of a customer",
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.ListOrdersOfCustomer(ctx, ordersdb.ListOrdersOfCustomerParams{
					CustomerID: customer, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: more,
				})
				return err
			},
			counted: `SELECT count(*) FROM orders WHERE customer_id = $1`,
			found: `SELECT created_at, id FROM orders WHERE customer_id = $1
				ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT 1`,
			args: []any{customer},
		},
		{
			name: "orders, of a customer, cancelled",
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.ListOrdersOfCustomerByStatus(ctx, ordersdb.ListOrdersOfCustomerByStatusParams{
					CustomerID: customer, Status: "cancelled", BeforeTime: after.Time, BeforeID: after.ID, RowLimit: more,
				})
				return err
			},
			counted: `SELECT count(*) FROM orders WHERE customer_id = $1 AND status = 'cancelled'`,
			found: `SELECT created_at, id FROM orders WHERE customer_id = $1 AND status = 'cancelled'
				ORDER BY created_at DESC, id DESC OFFSET $2 LIMIT 1`,
			args: []any{customer}, sorts: true,
		},
		{
			name: "the lines of a page of orders",
			ask: func(ctx context.Context, q *ordersdb.Queries, _ paging.Position) error {
				_, err := q.ListOrderItems(ctx, fifty)
				return err
			},
			sorts: true,
		},
		{
			name: "the events of an order",
			ask: func(ctx context.Context, q *ordersdb.Queries, _ paging.Position) error {
				_, err := q.ListOrderEvents(ctx, ordersdb.ListOrderEventsParams{OrderID: order, RowLimit: more})
				return err
			},
		},
		{
			name: "products",
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.ListProducts(ctx, ordersdb.ListProductsParams{
					Status: "active", BeforeTime: after.Time, BeforeID: after.ID, RowLimit: more,
				})
				return err
			},
			counted: `SELECT count(*) FROM products`,
			found:   `SELECT created_at, id FROM products ORDER BY created_at DESC, id DESC OFFSET $1 LIMIT 1`,
		},
		{
			name: "products, searched",
			ask: func(ctx context.Context, q *ordersdb.Queries, after paging.Position) error {
				_, err := q.SearchNewestProducts(ctx, ordersdb.SearchNewestProductsParams{
					Query: "'bob':* & '77'", Status: "active", BeforeTime: after.Time, BeforeID: after.ID,
					LookedAt: 2000, RowLimit: more,
				})
				return err
			},
		},
		{
			name: "overdue orders",
			ask: func(ctx context.Context, q *ordersdb.Queries, _ paging.Position) error {
				_, err := q.ListExpiredOrders(ctx, ordersdb.ListExpiredOrdersParams{Now: time.Now(), RowLimit: 100})
				return err
			},
		},
	}, nil
}

// lookAtLists carries every list out at its first page and at one far behind it.
func lookAtLists(ctx context.Context, pool *pgxpool.Pool) ([]look, error) {
	all, err := lists(ctx, pool)
	if err != nil {
		return nil, err
	}
	var looks []look
	for _, l := range all {
		first, err := lookAt(ctx, pool, l, paging.Newest())
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		looks = append(looks, first)
		if l.found == "" {
			continue
		}
		var rows int
		//sqltext:allow the list has the statement, a constant
		if err := pool.QueryRow(ctx, l.counted, l.args...).Scan(&rows); err != nil {
			return nil, err
		}
		pages := min(deepPages, rows*9/10/pageSize) // A page far behind is a whole one.
		var at paging.Position
		args := append(append([]any{}, l.args...), pages*pageSize)
		//sqltext:allow the list has the statement, a constant
		if err := pool.QueryRow(ctx, l.found, args...).Scan(&at.Time, &at.ID); err != nil {
			return nil, err
		}
		deep, err := lookAt(ctx, pool, l, at)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", l.name, err)
		}
		deep.pages = pages
		looks = append(looks, deep)
	}
	return looks, nil
}

// lookAt has PostgreSQL explain a query as the service sends it.
func lookAt(ctx context.Context, pool *pgxpool.Pool, l list, after paging.Position) (look, error) {
	r := &recorder{Pool: pool}
	if err := l.ask(ctx, ordersdb.New(r), after); err != nil {
		return look{}, err
	}
	found := look{list: l}
	var err error
	if found.plan, err = explain(ctx, pool, "force_custom_plan", r.sql, r.args); err != nil {
		return look{}, err
	}
	found.generic, err = explain(ctx, pool, "force_generic_plan", r.sql, r.args)
	return found, err
}

// explain gives the plan of a statement from its second execution, prepared: what the first fetched is in memory.
func explain(ctx context.Context, pool *pgxpool.Pool, mode, sql string, args []any) (plan, error) {
	conn, err := pool.Acquire(ctx)
	if err != nil {
		return plan{}, err
	}
	defer conn.Release()
	literals := make([]string, len(args))
	for i, arg := range args {
		literals[i] = literal(arg)
	}
	var text string
	for _, statement := range []string{"SET plan_cache_mode = " + mode, "PREPARE looked_at AS " + sql} {
		//sqltext:allow PREPARE takes no arguments; the text is what the service sends, and a constant
		if _, err := conn.Exec(ctx, statement, pgx.QueryExecModeSimpleProtocol); err != nil {
			return plan{}, err
		}
	}
	for range 2 {
		execute := "EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) EXECUTE looked_at (" + strings.Join(literals, ", ") + ")"
		//sqltext:allow EXECUTE takes literals only; literal makes them
		if err := conn.QueryRow(ctx, execute, pgx.QueryExecModeSimpleProtocol).Scan(&text); err != nil {
			return plan{}, err
		}
	}
	if _, err := conn.Exec(ctx, `DEALLOCATE looked_at`, pgx.QueryExecModeSimpleProtocol); err != nil {
		return plan{}, err
	}
	var plans []plan
	if err := json.Unmarshal([]byte(text), &plans); err != nil || len(plans) != 1 {
		return plan{}, fmt.Errorf("a plan that cannot be read: %w", err)
	}
	return plans[0], nil
}

// literal writes an argument as SQL has it. None of them holds a quote within quotes.
func literal(arg any) string {
	switch v := arg.(type) {
	case time.Time:
		return "'" + v.UTC().Format("2006-01-02T15:04:05.999999Z") + "'"
	case []uuid.UUID:
		ids := make([]string, len(v))
		for i, id := range v {
			ids[i] = id.String()
		}
		return "'{" + strings.Join(ids, ",") + "}'"
	}
	if v := reflect.ValueOf(arg); v.CanInt() {
		return strconv.FormatInt(v.Int(), 10)
	}
	return "'" + strings.ReplaceAll(fmt.Sprint(arg), "'", "''") + "'"
}

// report writes a line for every look.
func report(out io.Writer, orders int, looks []look) {
	fmt.Fprintf(out, "\n%d orders; pages of %d; the second of two times; a buffer is 8 KiB\n\n", orders, pageSize)
	fmt.Fprintf(out, "%-34s %8s %5s %9s %8s %9s %8s  %s\n",
		"list", "page", "rows", "ms", "buffers", "generic", "buffers", "plan")
	for _, l := range looks {
		fmt.Fprintf(out, "%-34s %8d %5.0f %9.3f %8d %9.3f %8d  %s\n",
			l.list.name, l.pages+1, l.plan.Node.Rows, l.plan.Millis, l.plan.buffers(),
			l.generic.Millis, l.generic.buffers(), l.plan.Node)
	}
}
