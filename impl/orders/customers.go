package orders

import (
	"context"
	"errors"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/maypok86/otter/v2"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/outbound"
	"example.com/plumbline/impl/platform/telemetry"
)

// customers is what orders asks of the users service.
type customers interface {
	// MayOrder returns nil if the caller's account exists and is active. The error is a fault.
	MayOrder(ctx context.Context) error
}

const (
	// activeFor is how long an active account is remembered, unless its session is read again before.
	activeFor = 30 * time.Second
	// rememberedCustomers bounds the cache, at about a hundred bytes each.
	rememberedCustomers = 50_000
)

// usersService asks the users service, with the caller's own token.
type usersService struct {
	client usersapi.ClientInterface
	clock  func() time.Time
	active *otter.Cache[uuid.UUID, activeCustomer]
	counts telemetry.CacheCounts // of active
}

// activeCustomer is an account that was active when the guard read principal. Every change of the account or its
// session makes the guard read the session again, which gives another principal, so the entry no longer matches.
type activeCustomer struct {
	principal *httpapi.Principal
	until     time.Time
}

// newUsersService makes the client of the users service at an address.
func newUsersService(address string, doer *outbound.Client, clock func() time.Time) (*usersService, error) {
	client, err := usersapi.NewClient(address, usersapi.WithHTTPClient(doer))
	if err != nil {
		return nil, err
	}
	u := &usersService{client: client, clock: clock}
	u.active = otter.Must(&otter.Options[uuid.UUID, activeCustomer]{
		MaximumSize: rememberedCustomers, Executor: func(upkeep func()) { upkeep() },
		OnDeletion: func(e otter.DeletionEvent[uuid.UUID, activeCustomer]) {
			if e.WasEvicted() {
				u.counts.Evicted()
			}
		},
	})
	return u, nil
}

// collector exports the cache of active accounts.
func (u *usersService) collector() prometheus.Collector {
	return telemetry.NewCacheCollector("customers", func() telemetry.CacheStats {
		return u.counts.Stats(u.active.EstimatedSize())
	})
}

// MayOrder asks the users service, unless the cache has the answer.
func (u *usersService) MayOrder(ctx context.Context) error {
	caller := httpapi.Caller(ctx)
	known, found := u.active.GetIfPresent(caller.Subject)
	active := found && known.principal == caller && known.until.After(u.clock())
	u.counts.LookedUp(active)
	if active {
		return nil
	}
	answer, err := u.client.GetUserV2(ctx, caller.Subject, func(_ context.Context, r *http.Request) error {
		r.Header.Set("Authorization", "Bearer "+httpapi.BearerToken(ctx))
		return nil
	})
	var failure *outbound.Error
	switch {
	case errors.As(err, &failure):
		return errCustomersUnavailable.After(max(failure.RetryAfter, time.Second)).Because(err)
	case err != nil:
		return errCustomersUnavailable.Because(err)
	}
	defer func() { _ = answer.Body.Close() }() // The body has been read; only the status matters.
	switch answer.StatusCode {
	case http.StatusOK:
		u.active.Set(caller.Subject, activeCustomer{principal: caller, until: u.clock().Add(activeFor)})
		return nil
	case http.StatusUnauthorized, http.StatusNotFound:
		return contract.ErrUnauthenticated // The account or its session has ended, and the event is on its way.
	default:
		return errCustomersUnavailable.Because(errors.New("the users service answered " + answer.Status))
	}
}
