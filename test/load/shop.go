package main

import (
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"
)

const (
	// renewBefore is how long before its end an access token is no longer used for a new request.
	renewBefore = time.Minute
	// mostUnpaid is how many unpaid orders one customer gets here; the service allows 10.
	mostUnpaid = 8
	// remembered bounds how many orders of a kind the generator keeps in mind.
	remembered = 2000
)

// caller is an account with a session, and an address of its own.
type caller struct {
	id       uuid.UUID
	email    string
	address  string
	access   string
	refresh  string // "" when the caller has to log in
	expires  time.Time
	renewing bool // A login or a refresh is under way.
	unpaid   int  // orders, those under way included
}

// product is one that can be ordered.
type product struct {
	id    uuid.UUID
	name  string
	price int64
}

// order is one that the service has confirmed.
type order struct {
	id       uuid.UUID
	owner    *caller
	total    int64
	key      string // with which it was placed
	product  product
	quantity int32
	stream   *stream   // that follows it; nil when none does
	paid     time.Time // when the answer to its payment came
}

// shop is what the generator knows of the services: who is signed in and what has been ordered. It decides what the
// next request is. Its methods may be used concurrently.
type shop struct {
	users, orders string // URLs
	password      string
	mix           mix
	hold          time.Duration // of streams
	clock         func() time.Time

	mu        sync.Mutex
	random    *rand.Rand
	customers []*caller
	payments  *caller
	products  []product
	listed    int // how many products a page of pageSize has
	unpaid    []*order
	paid      []*order
	placed    []*order // that can be placed again with the same key
	paidCount int
}

// step is one request, and what the scenario expects of its answer.
type step struct {
	operation string // its operationId, and a word more where a mix tells two uses of it apart
	request   *http.Request
	from      *caller // nil where anybody may call
	want      int
	// check tells what is wrong with an answer that has the status, and notes what follows from it. failed notes that
	// there was no such answer. Both are called with the shop locked; nil stands for nothing to do.
	check  func(answer) error
	failed func()
	follow *order // The answer is a stream of this order's events.
}

// answer is what came back, read to its end.
type answer struct {
	status int
	header http.Header
	body   []byte
}

// next makes the next request.
func (s *shop) next() (*step, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return operations[s.mix.draw(s.random)].make(s)
}

// settle checks the answer, or notes that there was none, and tells what is wrong.
func (s *shop) settle(st *step, a answer, problem *mistake) *mistake {
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem == nil && a.status != st.want {
		problem = refusedWith(a)
	}
	if problem == nil && st.check != nil {
		if err := st.check(a); err != nil {
			problem = &mistake{code: wrongAnswer, detail: err.Error()}
		}
	}
	if problem != nil && st.failed != nil {
		st.failed()
	}
	return problem
}

// asCustomer makes a request of some customer. A customer whose access token ends soon renews it first, as a client
// does: then this is the request.
func (s *shop) asCustomer(then func(*caller) (*step, error)) (*step, error) {
	var c *caller
	for range 20 {
		c = s.customers[s.random.IntN(len(s.customers))]
		if !c.renewing || s.usable(c) {
			break
		}
	}
	return s.as(c, then)
}

// as makes a request of a caller, or renews the session of that caller. While that is under way and the access token
// has ended, somebody lists products instead.
func (s *shop) as(c *caller, then func(*caller) (*step, error)) (*step, error) {
	switch {
	case s.usable(c) || c.renewing && s.clock().Before(c.expires):
		return then(c)
	case c.renewing:
		return s.listProducts()
	case c.refresh == "":
		return s.logIn(c)
	default:
		return s.renew(c)
	}
}

func (s *shop) usable(c *caller) bool { return s.clock().Add(renewBefore).Before(c.expires) }

// take removes one of the orders at random.
func (s *shop) take(orders *[]*order, at int) *order {
	all := *orders
	o := all[at]
	all[at] = all[len(all)-1]
	*orders = all[:len(all)-1]
	return o
}

// keep adds an order in place of a random one when there are enough.
func (s *shop) keep(orders *[]*order, o *order) {
	if len(*orders) < remembered {
		*orders = append(*orders, o)
		return
	}
	(*orders)[s.random.IntN(remembered)] = o
}

// payable is the place of the order to pay next: one that is followed where there is one, so that its stream has
// something to tell.
func (s *shop) payable() int {
	for i, o := range s.unpaid {
		if o.stream != nil {
			return i
		}
	}
	return s.random.IntN(len(s.unpaid))
}
