package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"golang.org/x/sync/errgroup"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/hashing"
)

const (
	password = "correct horse battery staple"
	currency = "EUR"
	// productCount is how many products there are, each with units enough for any run.
	productCount = 1000
	unitsEach    = 1_000_000_000
)

var (
	materials = []string{"Brass", "Steel", "Oak", "Copper", "Slate", "Bronze", "Beech", "Granite", "Cedar", "Zinc"}
	things    = []string{"plumb bob", "spirit level", "chalk line", "try square", "marking gauge", "mallet", "chisel",
		"hand plane", "bevel", "divider"}
)

// fill puts accounts and products straight into the databases, which would take minutes through the services, and
// returns them. Nobody is signed in yet.
func (s *services) fill(ctx context.Context, customers int) (*shop, error) {
	shop := newShop(s.users.url, s.orders.url)
	err := within(ctx, s.users.databaseURL, func(tx pgx.Tx) error {
		hasher, err := hashing.New(hashing.Config{Params: hashing.DefaultParams()})
		if err != nil {
			return err
		}
		hash, err := hasher.Hash(ctx, password)
		if err != nil {
			return err
		}
		for n := range customers {
			c, err := account(ctx, tx, n, hash, "customer")
			if err != nil {
				return err
			}
			shop.customers = append(shop.customers, c)
		}
		shop.payments, err = account(ctx, tx, customers, hash, "payments")
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("fill the database of users: %w", err)
	}
	err = within(ctx, s.orders.databaseURL, func(tx pgx.Tx) error {
		for n := range productCount {
			p, err := stocked(ctx, ordersdb.New(tx), n)
			if err != nil {
				return err
			}
			shop.products = append(shop.products, p)
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("fill the database of orders: %w", err)
	}
	shop.listed = pageSize
	return shop, nil
}

func newShop(usersURL, ordersURL string) *shop {
	return &shop{
		users: usersURL, orders: ordersURL, password: password, mix: defaultMix(), clock: time.Now,
		random: rand.New(rand.NewPCG(1, 2)), // The same run every time.
	}
}

// within runs in one transaction.
func within(ctx context.Context, url string, do func(pgx.Tx) error) error {
	pool, err := pgxpool.New(ctx, url)
	if err != nil {
		return err
	}
	defer pool.Close()
	return pgx.BeginFunc(ctx, pool, do)
}

// account opens one, with a verified address, and gives it a network address of its own.
func account(ctx context.Context, tx pgx.Tx, n int, hash, role string) (*caller, error) {
	now := time.Now()
	id, err := uuid.NewV7()
	if err != nil {
		return nil, err
	}
	c := &caller{id: id, email: fmt.Sprintf("load-%d@example.com", n), address: addressOf(n)}
	_, err = usersdb.New(tx).CreateUser(ctx, usersdb.CreateUserParams{
		ID: id, Email: c.email, Name: fmt.Sprintf("Load %d", n), PasswordHash: hash, Roles: []string{role},
		EmailVerifiedAt: &now, CreatedAt: now,
	})
	return c, err
}

// addressOf is the network address of the nth caller, in a network that is reserved for benchmarks (RFC 2544).
func addressOf(n int) string { return fmt.Sprintf("198.%d.%d.%d", 18+n>>16&1, n>>8&255, n&255) }

func stocked(ctx context.Context, q *ordersdb.Queries, n int) (product, error) {
	now := time.Now()
	id, err := uuid.NewV7()
	if err != nil {
		return product{}, err
	}
	p := product{
		id: id, price: int64(990 + 10*(n%500)),
		name: fmt.Sprintf("%s %s %d", materials[n%len(materials)], things[n/len(materials)%len(things)], n),
	}
	_, err = q.CreateProduct(ctx, ordersdb.CreateProductParams{
		ID: id, Sku: fmt.Sprintf("LOAD-%05d", n), Name: p.name, Description: "Made for the load test.",
		PriceAmount: p.price, Currency: currency, CreatedAt: now,
	})
	if err != nil {
		return p, err
	}
	_, err = q.AdjustStock(ctx, ordersdb.AdjustStockParams{ProductID: id, Delta: unitsEach, UpdatedAt: now})
	return p, err
}

// signInAll lets every caller log in, and reports progress.
func (s *shop) signInAll(ctx context.Context, send http.RoundTripper) error {
	all, ctx := errgroup.WithContext(ctx)
	all.SetLimit(4) // Each takes a core while its password is hashed.
	for _, c := range append([]*caller{s.payments}, s.customers...) {
		all.Go(func() error {
			s.mu.Lock()
			st, err := s.logIn(c)
			s.mu.Unlock()
			if err != nil {
				return err
			}
			if problem := s.exchange(ctx, send, st); problem != nil {
				err = fmt.Errorf("%s cannot log in: %s: %s", c.email, problem.code, problem.detail)
			}
			return err
		})
	}
	return all.Wait()
}

// exchange sends one step outside of a run.
func (s *shop) exchange(ctx context.Context, send http.RoundTripper, st *step) *mistake {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	a, err := read(send.RoundTrip(st.request.WithContext(ctx)))
	var problem *mistake
	if err != nil {
		problem = failedWith(err)
	}
	return s.settle(st, a, problem)
}

// verifyPaid reads orders whose payment was answered, as many as are remembered, and returns how many it has read.
func (s *shop) verifyPaid(ctx context.Context, send http.RoundTripper, most int) (int, []mistake) {
	s.mu.Lock()
	paid := append([]*order(nil), s.paid[:min(len(s.paid), most)]...)
	s.mu.Unlock()
	var wrong []mistake
	for _, o := range paid {
		for { // A caller whose access token ends soon renews it first.
			s.mu.Lock()
			st, err := s.readPaid(o)
			s.mu.Unlock()
			if err != nil {
				return 0, []mistake{{noConnection, err.Error()}}
			}
			if problem := s.exchange(ctx, send, st); problem != nil {
				wrong = append(wrong, *problem)
				break
			}
			if st.operation == "getOrder" {
				break
			}
		}
	}
	return len(paid), wrong
}
