package orders

import (
	"net/http"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/testkit/contracttest"
)

// The line of a slow order tells that users was slow.
func TestSlowUsersAreTold(t *testing.T) {
	t.Parallel()
	u := newUsersStandIn(t)
	answer := u.answer.Load().(http.HandlerFunc)
	asked, letGo := make(chan struct{}, 8), make(chan struct{})
	u.answer.Store(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked <- struct{}{}
		<-letGo
		answer(w, r)
	}))
	s := start(t, askingUsers(t, u), func(o *options) { o.chain = contracttest.AllSlow(t, Document) })
	product, customer := s.product(9), s.as()
	var took time.Duration
	var ordering sync.WaitGroup
	ordering.Go(func() { s.order(customer, product, 1) })
	<-asked
	began := time.Now()
	contracttest.Eventually(t, "a while has passed", func() bool { return time.Since(began) > 10*time.Millisecond })
	took = time.Since(began)
	close(letGo)
	ordering.Wait()
	spent := s.Spent(t, "createOrder")
	require.GreaterOrEqual(t, spent["outbound_ms"], float64(took.Microseconds())/1000)
	require.Positive(t, spent["sql_ms"])
	require.Zero(t, spent["hash_ms"])
}
