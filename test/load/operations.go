package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
)

// use is one kind of request of the scenario.
type use struct {
	name   string // in the mix
	about  string
	weight float64
	make   func(*shop) (*step, error)
}

// operations are the kinds of requests with their usual weights. What a kind needs may be missing still, such as an
// order to pay: then an order is placed in its stead.
var operations = []use{
	{"products", "lists a page of products", 20, (*shop).listProducts},
	{"search", "searches products by a word", 10, (*shop).search},
	{"product", "reads one product", 20, (*shop).getProduct},
	{"profile", "reads one's own profile", 12, (*shop).getProfile},
	{"login", "logs in with the password", 3, func(s *shop) (*step, error) { return s.signIn((*shop).logIn) }},
	{"refresh", "exchanges a refresh token", 5, func(s *shop) (*step, error) { return s.signIn((*shop).renew) }},
	{"order", "places an order with a new key", 8, (*shop).place},
	{"repeat", "places an order again with its key", 1, (*shop).repeat},
	{"pay", "reports an order's payment", 7, (*shop).pay},
	{"read", "reads one's own order; it must be paid if its payment was answered", 6, (*shop).getOrder},
	{"orders", "lists one's own orders", 6, (*shop).listOrders},
	{"stream", "follows an order's events over SSE", 2, (*shop).follow},
}

// to finishes what a generated function has begun.
func to(operation string, want int, from *caller, r *http.Request, err error) (*step, error) {
	if err != nil {
		return nil, fmt.Errorf("%s: %w", operation, err)
	}
	if from != nil {
		r.Header.Set("X-Forwarded-For", from.address)
	}
	return &step{operation: operation, request: r, from: from, want: want}, nil
}

// authorized is to with the caller's access token.
func authorized(operation string, want int, from *caller, r *http.Request, err error) (*step, error) {
	st, err := to(operation, want, from, r, err)
	if err == nil {
		r.Header.Set("Authorization", "Bearer "+from.access)
	}
	return st, err
}

// decode reads a body of JSON.
func decode[T any](a answer) (T, error) {
	var v T
	if err := json.Unmarshal(a.body, &v); err != nil {
		return v, fmt.Errorf("the body cannot be read: %w", err)
	}
	return v, nil
}

// signIn chooses a customer for a login or a refresh.
func (s *shop) signIn(by func(*shop, *caller) (*step, error)) (*step, error) {
	for range 20 {
		c := s.customers[s.random.IntN(len(s.customers))]
		if !c.renewing && c.refresh != "" {
			return by(s, c)
		}
	}
	return s.listProducts()
}

func (s *shop) logIn(c *caller) (*step, error) {
	r, err := usersapi.NewStartSessionRequest(s.users, usersapi.StartSessionRequest{Email: c.email, Password: s.password})
	st, err := to("startSession", http.StatusOK, c, r, err)
	return s.renewing(c, st, err)
}

func (s *shop) renew(c *caller) (*step, error) {
	r, err := usersapi.NewRefreshSessionRequest(s.users, &usersapi.RefreshSessionParams{},
		usersapi.RefreshSessionRequest{RefreshToken: &c.refresh})
	st, err := to("refreshSession", http.StatusOK, c, r, err)
	return s.renewing(c, st, err)
}

// renewing takes the tokens from the answer. Without one, the refresh token may have been spent: the caller logs in.
func (s *shop) renewing(c *caller, st *step, err error) (*step, error) {
	if err != nil {
		return nil, err
	}
	c.renewing = true
	st.check = func(a answer) error {
		set, err := decode[usersapi.TokenSet](a)
		if err != nil {
			return err
		}
		if set.AccessToken == "" || set.RefreshToken == nil || *set.RefreshToken == c.refresh {
			return errors.New("the answer has no new tokens")
		}
		c.access, c.refresh, c.renewing = set.AccessToken, *set.RefreshToken, false
		c.expires = s.clock().Add(time.Duration(set.ExpiresIn) * time.Second)
		return nil
	}
	st.failed = func() { c.refresh, c.renewing = "", false }
	return st, nil
}

func (s *shop) getProfile() (*step, error) {
	return s.asCustomer(func(c *caller) (*step, error) {
		r, err := usersapi.NewGetProfileRequest(s.users)
		st, err := authorized("getProfile", http.StatusOK, c, r, err)
		if err == nil {
			st.check = func(a answer) error {
				p, err := decode[usersapi.Profile](a)
				if err == nil && p.ID != c.id {
					err = fmt.Errorf("the profile of %s was answered with that of %s", c.id, p.ID)
				}
				return err
			}
		}
		return st, err
	})
}

// anybody is a caller who is not signed in: an address is all that matters.
func (s *shop) anybody() *caller { return s.customers[s.random.IntN(len(s.customers))] }

const pageSize = 20

func (s *shop) listProducts() (*step, error) {
	limit := ordersapi.Limit(pageSize)
	r, err := ordersapi.NewListProductsRequest(s.orders, &ordersapi.ListProductsParams{Limit: &limit})
	st, err := to("listProducts", http.StatusOK, s.anybody(), r, err)
	if err == nil {
		most := s.listed
		st.check = func(a answer) error {
			page, err := decode[ordersapi.ProductList](a)
			if err == nil && len(page.Items) != most {
				err = fmt.Errorf("a page of %d products has %d", most, len(page.Items))
			}
			return err
		}
	}
	return st, err
}

func (s *shop) search() (*step, error) {
	words := strings.Fields(s.products[s.random.IntN(len(s.products))].name)
	word := words[s.random.IntN(len(words))]
	limit := ordersapi.Limit(pageSize)
	r, err := ordersapi.NewListProductsRequest(s.orders, &ordersapi.ListProductsParams{Q: &word, Limit: &limit})
	st, err := to("listProducts, search", http.StatusOK, s.anybody(), r, err)
	if err == nil {
		st.check = func(a answer) error {
			page, err := decode[ordersapi.ProductList](a)
			if err != nil {
				return err
			}
			if len(page.Items) == 0 && page.NextCursor == nil {
				return fmt.Errorf("%q finds nothing", word)
			}
			for _, p := range page.Items {
				text := strings.ToLower(p.Name + " " + p.Description + " " + p.Sku)
				if !strings.Contains(text, strings.ToLower(word)) {
					return fmt.Errorf("%q finds %q", word, p.Name)
				}
			}
			return nil
		}
	}
	return st, err
}

func (s *shop) getProduct() (*step, error) {
	p := s.products[s.random.IntN(len(s.products))]
	r, err := ordersapi.NewGetProductRequest(s.orders, p.id)
	st, err := to("getProduct", http.StatusOK, s.anybody(), r, err)
	if err == nil {
		st.check = func(a answer) error {
			got, err := decode[ordersapi.Product](a)
			if err == nil && (got.ID != p.id || got.Price.Amount != p.price) {
				err = fmt.Errorf("product %s at %d is answered as %s at %d", p.id, p.price, got.ID, got.Price.Amount)
			}
			return err
		}
	}
	return st, err
}

func (s *shop) place() (*step, error) {
	return s.asCustomer(func(c *caller) (*step, error) {
		switch {
		case c.unpaid < mostUnpaid:
		case len(s.unpaid) > 0:
			return s.pay()
		default: // Their orders are all under way.
			return s.listOrders()
		}
		o := &order{
			owner: c, key: uuid.NewString(), product: s.products[s.random.IntN(len(s.products))],
			quantity: 1 + s.random.Int32N(3),
		}
		o.total = o.product.price * int64(o.quantity)
		st, err := s.placing("createOrder", o)
		if err != nil {
			return nil, err
		}
		c.unpaid++
		st.failed = func() { c.unpaid-- }
		st.check = func(a answer) error {
			got, err := decode[ordersapi.Order](a)
			if err != nil {
				return err
			}
			if got.CustomerID != c.id || got.Total.Amount != o.total || got.Status != ordersapi.OrderStatusPending {
				return fmt.Errorf("an order of %d is answered as %s of %d", o.total, got.Status, got.Total.Amount)
			}
			o.id = got.ID
			s.unpaid = append(s.unpaid, o)
			s.keep(&s.placed, o)
			return nil
		}
		return st, nil
	})
}

// placing makes the request that places an order, the first time or again.
func (s *shop) placing(operation string, o *order) (*step, error) {
	r, err := ordersapi.NewCreateOrderRequest(s.orders, &ordersapi.CreateOrderParams{IdempotencyKey: o.key},
		ordersapi.CreateOrderRequest{
			Items:         []ordersapi.OrderItemRequest{{ProductID: o.product.id, Quantity: o.quantity}},
			ExpectedTotal: &ordersapi.ExpectedTotal{Amount: o.total, Currency: currency},
		})
	return authorized(operation, http.StatusCreated, o.owner, r, err)
}

func (s *shop) repeat() (*step, error) {
	if len(s.placed) == 0 {
		return s.place()
	}
	o := s.placed[s.random.IntN(len(s.placed))]
	return s.as(o.owner, func(*caller) (*step, error) {
		st, err := s.placing("createOrder, again", o)
		if err == nil {
			st.check = func(a answer) error {
				got, err := decode[ordersapi.Order](a)
				if err == nil && (got.ID != o.id || a.header.Get("Idempotency-Replayed") != "true") {
					err = fmt.Errorf("the key of order %s has placed order %s", o.id, got.ID)
				}
				return err
			}
		}
		return st, err
	})
}

// provider is the payment provider that the generator stands for.
const provider = "load"

func (s *shop) pay() (*step, error) {
	if len(s.unpaid) == 0 {
		return s.place()
	}
	return s.as(s.payments, func(by *caller) (*step, error) {
		o := s.take(&s.unpaid, s.payable())
		from, reference := provider, o.id.String()
		r, err := ordersapi.NewPayOrderRequest(s.orders, o.id, ordersapi.PayOrderRequest{
			Provider: &from, Reference: &reference, Amount: &ordersapi.ReceivedAmount{Amount: o.total, Currency: currency},
		})
		st, err := authorized("payOrder", http.StatusOK, by, r, err)
		if err != nil {
			return nil, err
		}
		st.failed = func() { s.unpaid = append(s.unpaid, o) } // The same report may be sent again.
		st.check = func(a answer) error {
			if err := isPaid(a, o); err != nil {
				return err
			}
			o.paid = s.clock()
			o.owner.unpaid--
			s.paidCount++
			s.keep(&s.paid, o)
			return nil
		}
		return st, nil
	})
}

// isPaid holds the answer against the order's payment.
func isPaid(a answer, o *order) error {
	got, err := decode[ordersapi.Order](a)
	if err == nil && (got.ID != o.id || got.Status != ordersapi.OrderStatusPaid || got.Paid.Amount != o.total) {
		err = fmt.Errorf("order %s, for which %d was paid, is %s with %d", o.id, o.total, got.Status, got.Paid.Amount)
	}
	return err
}

func (s *shop) getOrder() (*step, error) {
	if len(s.paid) == 0 {
		return s.pay()
	}
	return s.readPaid(s.paid[s.random.IntN(len(s.paid))])
}

// readPaid reads an order whose payment was answered.
func (s *shop) readPaid(o *order) (*step, error) {
	return s.as(o.owner, func(c *caller) (*step, error) {
		r, err := ordersapi.NewGetOrderRequest(s.orders, o.id)
		st, err := authorized("getOrder", http.StatusOK, c, r, err)
		if err == nil {
			st.check = func(a answer) error { return isPaid(a, o) }
		}
		return st, err
	})
}

func (s *shop) listOrders() (*step, error) {
	return s.asCustomer(func(c *caller) (*step, error) {
		limit := ordersapi.Limit(pageSize)
		r, err := ordersapi.NewListOrdersRequest(s.orders, &ordersapi.ListOrdersParams{Limit: &limit})
		st, err := authorized("listOrders", http.StatusOK, c, r, err)
		if err == nil {
			st.check = func(a answer) error {
				page, err := decode[ordersapi.OrderList](a)
				for _, o := range page.Items {
					if o.CustomerID != c.id {
						err = fmt.Errorf("the list of %s has an order of %s", c.id, o.CustomerID)
					}
				}
				return err
			}
		}
		return st, err
	})
}

// follow opens a stream of an order that nobody follows and that is still to be paid.
func (s *shop) follow() (*step, error) {
	for _, o := range slices.Backward(s.unpaid) {
		if o.stream != nil || !s.usable(o.owner) {
			continue
		}
		r, err := ordersapi.NewListOrderEventsRequest(s.orders, o.id, &ordersapi.ListOrderEventsParams{})
		st, err := authorized("listOrderEvents, stream", http.StatusOK, o.owner, r, err)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Accept", "text/event-stream")
		st.follow = o
		o.stream = &stream{order: o}
		st.failed = func() { o.stream = nil }
		return st, nil
	}
	return s.place()
}
