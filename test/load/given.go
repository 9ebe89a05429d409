package main

import (
	"context"
	"fmt"
	"net/http"
	"os"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
)

// passwordEnv is the environment variable with the password of the account that reports payments.
const passwordEnv = "LOAD_PASSWORD"

// leastStock is how many units a product must have to be ordered here.
const leastStock = 50

// given are services that run already.
type given struct{ users, orders, payments string }

// open registers customers there and reads which products there are. What is ordered is paid and stays.
func (g given) open(ctx context.Context, customers int, progress *os.File) (*shop, error) {
	secret := os.Getenv(passwordEnv)
	if secret == "" {
		return nil, fmt.Errorf("%s is missing: the password of %s, which the customers get, too", passwordEnv, g.payments)
	}
	s := newShop(g.users, g.orders)
	s.password = secret
	s.payments = &caller{email: g.payments, address: addressOf(customers)}
	orders, err := ordersapi.NewClientWithResponses(g.orders)
	if err != nil {
		return nil, err
	}
	limit := ordersapi.Limit(100)
	page, err := orders.ListProductsWithResponse(ctx, &ordersapi.ListProductsParams{Limit: &limit})
	if err != nil {
		return nil, err
	}
	if page.JSON200 == nil {
		return nil, fmt.Errorf("the products cannot be listed: %s", page.Body)
	}
	s.listed = min(pageSize, len(page.JSON200.Items))
	for _, p := range page.JSON200.Items {
		if p.Price.Currency == currency && p.Available >= leastStock {
			s.products = append(s.products, product{p.ID, p.Name, p.Price.Amount})
		}
	}
	if len(s.products) == 0 {
		return nil, fmt.Errorf("none of the latest 100 products has a price in EUR and %d units: receive some", leastStock)
	}
	users, err := usersapi.NewClientWithResponses(g.users)
	if err != nil {
		return nil, err
	}
	run := uuid.NewString()
	for n := range customers {
		c := &caller{email: fmt.Sprintf("load-%d-%s@example.com", n, run), address: addressOf(n)}
		created, err := users.CreateUserV2WithResponse(ctx,
			usersapi.CreateUserV2Request{Email: c.email, Name: fmt.Sprintf("Load %d", n), Password: secret},
			func(_ context.Context, r *http.Request) error {
				r.Header.Set("X-Forwarded-For", c.address)
				return nil
			})
		if err != nil {
			return nil, err
		}
		if created.JSON201 == nil {
			return nil, fmt.Errorf("customer %d cannot be registered: %s", n, created.Body)
		}
		c.id = created.JSON201.ID
		s.customers = append(s.customers, c)
	}
	fmt.Fprintf(progress, "%d customers registered\n", customers)
	return s, nil
}
