package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// Throttle keeps the counts of failed tries, for all replicas.
type Throttle interface {
	// Spend counts a try as a failure before its outcome is known. A try that is refused is not counted.
	Spend(ctx context.Context, t Try) (Decision, error)
	// Refund uncounts a try that did not fail.
	Refund(ctx context.Context, d Decision) error
	// RememberNetworks makes networks known to the accounts whose owners use them, for as long as the throttle remembers.
	RememberNetworks(ctx context.Context, now time.Time, known ...KnownNetwork) error
}

// Try is one try of a secret, with the limits that it counts against.
type Try struct {
	Now time.Time
	// Own are the limits of the caller's network. They stop an attacker and those who share the network: a try is
	// refused once one of them is used up.
	Own []Count
	// Account is the limit of an account over all networks; nil where no account is named. Once it is used up, tries
	// from known networks go on, and others count against Unfamiliar.
	Account, Unfamiliar *Count
	// Network is the account and the network of the try, whether that network is known or not.
	Network KnownNetwork
}

// KnownNetwork is an account and a network that its owner uses. A store keeps neither text in the clear.
type KnownNetwork struct{ Account, Network string }

// Count is a number of failures in a window, by the generic cell rate algorithm (GCRA, ITU-T I.371).
type Count struct {
	// Limit is the name of the limit in header fields and metrics.
	Limit string
	// Failures is the burst: as many at once, and as many in a window.
	Failures int
	Window   time.Duration
	// Of says what is counted. A store does not keep it in the clear.
	Of string
}

// EmissionInterval is the time in which one failure is forgotten.
func (c Count) EmissionInterval() time.Duration {
	return (c.Window / time.Duration(c.Failures)).Truncate(time.Microsecond) // The database counts in microseconds.
}

// Decision says whether a try may be made, and how its limits stand after it.
type Decision struct {
	Refused bool
	// KnownNetwork tells that the owner of the account uses the network of the try.
	KnownNetwork bool
	Counts       []CountState
}

// CountState is the state of one limit.
type CountState struct {
	Count

	// TAT is the theoretical arrival time, at which no failure is counted any more.
	TAT    time.Time
	UsedUp bool
}

// The names of limits in header fields and metrics. The limit of an account from one network is called account, which
// is what it means to the owner.
const (
	limitDefault    = "default"
	limitNetwork    = "network"
	limitAccount    = "account"
	limitUnfamiliar = "unfamiliar"
)

// siteFactor is the ratio of the failures of a site to those of a network.
const siteFactor = 4

// settleTimeout bounds what is done once the outcome of a try is known.
const settleTimeout = 2 * time.Second

// attempted is the try that a request makes, until it is settled.
type attempted struct {
	try      *Try // nil: none
	decision Decision
}

// throttle counts a try of a secret before it is made, and refuses one too many.
func (c *Chain) throttle(r *request, h http.Header, a *attempted) error {
	p := r.op.Policy.Throttle
	if !r.tuned.RateLimits || p == nil {
		return nil
	}
	t := tryOf(p, r, c.clock().Truncate(time.Microsecond))
	decision, err := c.failures.Spend(r.http.Context(), t)
	if err != nil {
		return err
	}
	fields, wait, limit := t.rateLimitFields(decision)
	h.Set("Ratelimit", strings.Join(slices.Concat(h["Ratelimit"], fields), ", "))
	if decision.Refused {
		r.op.metrics.Throttled(limit)
		return contract.ErrRateLimited.After(max(wait, time.Second))
	}
	a.try, a.decision, r.fromKnownNetwork = &t, decision, decision.KnownNetwork
	return nil
}

// tryOf says what a request counts against. Operations that count the same codes about the same account share counts.
func tryOf(p *contract.ThrottlePolicy, r *request, now time.Time) Try {
	near, around := network(r.address), site(r.address)
	secret := strings.Join(p.Counts, " ")
	count := func(limit string, f *contract.Failures, factor int, of ...string) Count {
		return Count{
			Limit: limit, Failures: f.Failures * factor, Window: time.Duration(f.Window),
			Of: limit + "\n" + secret + "\n" + strings.Join(of, "\n"),
		}
	}
	t := Try{Now: now, Own: []Count{count(limitNetwork, p.Network, 1, near.String())}}
	if around != near {
		t.Own = append(t.Own, count(limitNetwork, p.Network, siteFactor, around.String()))
	}
	if p.Of == "" {
		return t
	}
	t.Network = KnownNetwork{Account: accountOf(p, r), Network: near.String()}
	t.Own = append(t.Own, count(limitAccount, p.AccountAndNetwork, 1, t.Network.Account, near.String()))
	account := count(limitAccount, p.Account, 1, t.Network.Account)
	unfamiliar := count(limitUnfamiliar, p.Unfamiliar, 1, t.Network.Account, around.String())
	t.Account, t.Unfamiliar = &account, &unfamiliar
	return t
}

// accountOf names the account whose secret is tried, as the request does, whether the account exists or not.
func accountOf(p *contract.ThrottlePolicy, r *request) string {
	if p.Of == contract.TargetCaller {
		return AccountOf(r.principal.Subject)
	}
	members, _ := r.value.(map[string]any)
	text, _ := members[p.Of].(string) // The check has ensured that it is one.
	return AccountNamed(p.Of, text)
}

// ClientNetwork gives the network of the caller, as a KnownNetwork names it.
func ClientNetwork(ctx context.Context) string { return network(clientAddress(ctx)).String() }

// ClientSite gives the largest network around the caller that counts as one.
func ClientSite(ctx context.Context) string { return site(clientAddress(ctx)).String() }

func clientAddress(ctx context.Context) netip.Addr {
	address, _ := Client(ctx)
	return address
}

// AccountOf names the account of a caller, as a KnownNetwork does.
func AccountOf(id uuid.UUID) string { return "caller " + id.String() }

// AccountNamed names the account that a member of the body names, in any case, as a KnownNetwork does.
func AccountNamed(member, text string) string { return member + " " + strings.ToLower(text) }

// rateLimitFields gives an item of the RateLimit field for each named limit, of its count with the least left, and for
// a refused try the time to wait and the limit that refused it. The limit of an account over all networks is left out,
// as nobody may find out whether an account is under attack.
func (t Try) rateLimitFields(d Decision) (fields []string, wait time.Duration, refusedBy string) {
	// The order is fixed: that of the counts would tell accounts apart.
	for _, limit := range []string{limitNetwork, limitAccount, limitUnfamiliar} {
		left, soonest := math.MaxInt, time.Duration(0)
		for _, s := range d.Counts {
			if s.Limit != limit || t.Account != nil && s.Count == *t.Account {
				continue
			}
			reset := max(s.TAT.Sub(t.Now), 0)
			remaining := int((s.Window - reset) / s.EmissionInterval())
			if s.UsedUp {
				remaining = 0
				if w := reset + s.EmissionInterval() - s.Window; w >= wait {
					wait, refusedBy = w, limit
				}
			}
			if remaining < left {
				left, soonest = remaining, reset
			}
		}
		if left < math.MaxInt {
			fields = append(fields, rateLeft(limit, left, soonest))
		}
	}
	return fields, wait, refusedBy
}

// settle refunds a try unless its answer has one of the codes that count. After a success the network becomes known to
// the account. 202 is no success: it asks for a second factor.
func (c *Chain) settle(r *request, a *attempted, failure *fault.Error, status int) {
	if a.try == nil || failure != nil && slices.Contains(r.op.Policy.Throttle.Counts, failure.Code) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.http.Context()), settleTimeout)
	defer cancel()
	err := c.failures.Refund(ctx, a.decision)
	owner, unknown := uuid.Parse(r.scope.Caller().ID)
	if failure == nil && unknown == nil && a.try.Account != nil && status != http.StatusAccepted {
		known := []KnownNetwork{a.try.Network}
		if own := (KnownNetwork{Account: AccountOf(owner), Network: a.try.Network.Network}); own != known[0] {
			known = append(known, own)
		}
		err = errors.Join(err, c.failures.RememberNetworks(ctx, a.try.Now, known...))
	}
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelError, "a try that did not fail stays counted",
			slog.String("operation", r.op.ID), slog.Any("error", err))
	}
}

// rateLeft is an item of the RateLimit field: the number of calls that are left, and the seconds until the limit is
// whole.
func rateLeft(limit string, left int, reset time.Duration) string {
	return `"` + limit + `";r=` + strconv.Itoa(left) + `;t=` + strconv.Itoa(int(math.Ceil(reset.Seconds())))
}

// limitPolicies is the RateLimit-Policy field of an operation; "" for one without x-rate-limit.
func limitPolicies(p contract.Policy) string {
	if p.RateLimit == nil {
		return ""
	}
	item := func(limit string, most int, window contract.Duration) string {
		return fmt.Sprintf(`%q;q=%d;w=%d`, limit, most, int(time.Duration(window).Seconds()))
	}
	items := []string{item(limitDefault, p.RateLimit.Requests, p.RateLimit.Window)}
	if t := p.Throttle; t != nil {
		items = append(items, item(limitNetwork, t.Network.Failures, t.Network.Window))
		if t.Of != "" {
			items = append(items,
				item(limitAccount, t.AccountAndNetwork.Failures, t.AccountAndNetwork.Window),
				item(limitUnfamiliar, t.Unfamiliar.Failures, t.Unfamiliar.Window))
		}
	}
	return strings.Join(items, ", ")
}
