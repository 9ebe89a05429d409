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

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/google/uuid"
)

// Throttle keeps count of failed tries for every replica.
type Throttle interface {
	// Spend counts a try as a failure before it is known to be one. Where it may not be made, nothing is counted.
	Spend(ctx context.Context, t Try) (Decision, error)
	// Refund uncounts a try that did not fail.
	Refund(ctx context.Context, d Decision) error
	// Welcome makes networks known ones of their accounts, for as long as the throttle remembers them.
	Welcome(ctx context.Context, now time.Time, known ...KnownNetwork) error
}

// Try is one try of a secret and what it counts against.
type Try struct {
	Now time.Time
	// Own stop whoever tries, and who shares a network with him: none of them may be used up.
	Own []Count
	// Account is of an account over all networks; nil where no account is named. Once it is used up, a try is made from the
	// network where Network is a known one, or else counts against Unfamiliar.
	Account, Unfamiliar *Count
	Network             KnownNetwork
}

// KnownNetwork is an account, and a network that its owner uses. Both are texts that must not be kept in the clear.
type KnownNetwork struct{ Account, Network string }

// Count is so many failures in a window, by the generic cell rate algorithm.
type Count struct {
	// Limit is its name in header fields and metrics.
	Limit    string
	Failures int
	Window   time.Duration
	// Of is what is counted; it must not be kept in the clear.
	Of string
}

// EmissionInterval is the time in which one failure is forgotten.
func (c Count) EmissionInterval() time.Duration {
	return (c.Window / time.Duration(c.Failures)).Truncate(time.Microsecond) // as the database counts time
}

// Decision is whether a try may be made, and how its counts stand after it.
type Decision struct {
	Refused bool
	// KnownNetwork tells that the try is made from a network which the owner of the account uses.
	KnownNetwork bool
	Counts       []Standing
}

// Standing is the theoretical arrival time (TAT) of a count, at which no failure counts any more, and whether the count is
// used up.
type Standing struct {
	Count

	TAT    time.Time
	UsedUp bool
}

// The limits of x-throttle, as header fields and metrics call them. An account and network has the name that its
// owner understands.
const (
	limitDefault    = "default"
	limitNetwork    = "network"
	limitAccount    = "account"
	limitUnfamiliar = "unfamiliar"
)

// siteFactor is how many times what one network may fail its site may: the /48 of an IPv6 network, which many who give
// out addresses give to one customer.
const siteFactor = 4

// refundTimeout bounds what is done for a try once its outcome is known.
const refundTimeout = 2 * time.Second

// throttle counts a try of a secret before it is made, and refuses one too many.
func (c *Chain) throttle(x *exchange) error {
	p := x.op.Policy.Throttle
	if c.limits == nil || p == nil {
		return nil
	}
	t := p.try(x, c.clock().Truncate(time.Microsecond))
	decision, err := c.failures.Spend(x.request.Context(), t)
	if err != nil {
		return err
	}
	fields, wait, limit := t.tell(decision)
	x.answer.Header().Set("Ratelimit", strings.Join(slices.Concat(x.answer.Header()["Ratelimit"], fields), ", "))
	if decision.Refused {
		x.op.metrics.Throttled(limit)
		return ErrRateLimited.After(max(wait, time.Second))
	}
	x.try, x.decision = &t, decision
	return nil
}

// try says what a request counts against. Operations that count the same answers about the same account count together.
func (p *ThrottlePolicy) try(x *exchange, now time.Time) Try {
	near, site := network(x.address), site(x.address)
	secret := strings.Join(p.Counts, " ")
	count := func(limit string, f *Failures, factor int, of ...string) Count {
		return Count{Limit: limit, Failures: f.Failures * factor, Window: time.Duration(f.Window), Of: limit + "\n" + secret + "\n" + strings.Join(of, "\n")}
	}
	t := Try{Now: now, Own: []Count{count(limitNetwork, p.Network, 1, near.String())}}
	if site != near {
		t.Own = append(t.Own, count(limitNetwork, p.Network, siteFactor, site.String()))
	}
	if p.Of == "" {
		return t
	}
	t.Network = KnownNetwork{Account: p.account(x), Network: near.String()}
	t.Own = append(t.Own, count(limitAccount, p.AccountAndNetwork, 1, t.Network.Account, near.String()))
	account := count(limitAccount, p.Account, 1, t.Network.Account)
	unfamiliar := count(limitUnfamiliar, p.Unfamiliar, 1, t.Network.Account, site.String())
	t.Account, t.Unfamiliar = &account, &unfamiliar
	return t
}

// account is whose secret is tried: as the request writes it, whether there is such an account or not.
func (p *ThrottlePolicy) account(x *exchange) string {
	if p.Of == targetCaller {
		return AccountOf(x.principal.Subject)
	}
	members, _ := x.value.(map[string]any)
	text, _ := members[p.Of].(string) // The check has said that it is one.
	return AccountNamed(p.Of, text)
}

// Network is what a KnownNetwork calls the network that a request comes from.
func Network(ctx context.Context) string {
	address, _ := Client(ctx)
	return network(address).String()
}

// Site is what is counted together at most of where a request comes from.
func Site(ctx context.Context) string {
	address, _ := Client(ctx)
	return site(address).String()
}

// AccountOf is what a KnownNetwork calls the account of a caller.
func AccountOf(id uuid.UUID) string { return "caller " + id.String() }

// AccountNamed is what a KnownNetwork calls the account that a member of the body names, whatever the case.
func AccountNamed(member, text string) string { return member + " " + strings.ToLower(text) }

// site is what is counted together at most: an IPv4 address, or the /48 that holds an IPv6 network.
func site(address netip.Addr) netip.Prefix {
	if p := network(address); p.Addr().Is6() {
		return netip.PrefixFrom(p.Addr(), 48).Masked()
	}
	return network(address)
}

// tell gives the items of the RateLimit field, for each limit that is told the count with the least left, how long to wait when
// the try was refused, and because of which limit. Whether an account is under attack is for nobody to know.
func (t Try) tell(decision Decision) (fields []string, wait time.Duration, refusedBy string) {
	for _, limit := range []string{limitNetwork, limitAccount, limitUnfamiliar} { // The order of counts would tell accounts apart.
		left, soonest := math.MaxInt, time.Duration(0)
		for _, s := range decision.Counts {
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

// settle uncounts a try that did not end with an answer which counts. Where it did what was asked, the network is one that the
// owner of the account uses.
func (c *Chain) settle(x *exchange) {
	if x.try == nil || x.failure != nil && slices.Contains(x.op.Policy.Throttle.Counts, x.failure.Code) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(x.request.Context()), refundTimeout)
	defer cancel()
	err := c.failures.Refund(ctx, x.decision)
	// An answer that is not the last word, such as the one that asks for a second factor, is no proof.
	if owner, unknown := uuid.Parse(x.scope.Caller().ID); x.failure == nil && unknown == nil && x.try.Account != nil && x.answer.status != http.StatusAccepted {
		known := []KnownNetwork{x.try.Network}
		if own := (KnownNetwork{Account: AccountOf(owner), Network: x.try.Network.Network}); own != known[0] {
			known = append(known, own)
		}
		err = errors.Join(err, c.failures.Welcome(ctx, x.try.Now, known...))
	}
	if err != nil {
		c.log.LogAttrs(ctx, slog.LevelError, "a try that did not fail stays counted", slog.String("operation", x.op.ID), slog.Any("error", err))
	}
}

// rateLeft is an item of the RateLimit field: what is left, and the seconds until the limit is whole again.
func rateLeft(limit string, left int, reset time.Duration) string {
	return `"` + limit + `";r=` + strconv.Itoa(left) + `;t=` + strconv.Itoa(int(math.Ceil(reset.Seconds())))
}

// limitPolicies is the RateLimit-Policy field of an operation; one that is not limited has none.
func limitPolicies(p Policy) string {
	if p.RateLimit == nil {
		return ""
	}
	item := func(limit string, most int, window duration) string {
		return fmt.Sprintf(`%q;q=%d;w=%d`, limit, most, int(time.Duration(window).Seconds()))
	}
	items := []string{item(limitDefault, p.RateLimit.Requests, p.RateLimit.Window)}
	if t := p.Throttle; t != nil {
		items = append(items, item(limitNetwork, t.Network.Failures, t.Network.Window))
		if t.Of != "" {
			items = append(items, item(limitAccount, t.AccountAndNetwork.Failures, t.AccountAndNetwork.Window), item(limitUnfamiliar, t.Unfamiliar.Failures, t.Unfamiliar.Window))
		}
	}
	return strings.Join(items, ", ")
}

// check finds what contradicts itself in x-throttle.
func (p *ThrottlePolicy) check() (errs []error) {
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, errors.New("x-throttle: "+why))
		}
	}
	refuse(len(p.Counts) == 0, "counts names the codes that count")
	refuse(p.Network == nil, "network is missing")
	ofAccount := []*Failures{p.AccountAndNetwork, p.Account, p.Unfamiliar}
	refuse(slices.Contains(ofAccount, nil) != (p.Of == "") || p.Of == "" && slices.ContainsFunc(ofAccount, func(f *Failures) bool { return f != nil }),
		"of, account_and_network, account and unfamiliar go together")
	for _, f := range append(ofAccount, p.Network) {
		second := duration(time.Second)
		refuse(f != nil && (f.Failures <= 0 || f.Window < second || f.Window%second != 0 || f.Window > longestThrottle), "failures is at least one and window whole seconds, at most a day")
	}
	return errs
}

// longestThrottle keeps Retry-After within a day.
const longestThrottle = duration(24 * time.Hour)

// checkThrottle finds what contradicts x-throttle elsewhere in the operation.
func (o *Operation) checkThrottle() (errs []error) {
	p := o.Policy.Throttle
	if p == nil {
		return nil
	}
	if o.Policy.RateLimit == nil {
		errs = append(errs, errors.New("x-throttle: needs x-rate-limit beside it"))
	}
	if o.Policy.Idempotency != "" {
		errs = append(errs, errors.New("x-throttle: an answer that is kept is no try; take x-idempotency out"))
	}
	if p.Of == targetCaller && o.Policy.Access.Public {
		errs = append(errs, errors.New("x-throttle: a public operation has no caller"))
	}
	for _, code := range p.Counts {
		if !slices.ContainsFunc(o.Problems, func(p Problem) bool { return p.Code == code }) {
			errs = append(errs, fmt.Errorf("x-throttle: the operation cannot end with %s", code))
		}
	}
	if p.Of != "" && p.Of != targetCaller && !o.requires(p.Of) {
		errs = append(errs, fmt.Errorf("x-throttle: %s is no string that the body must have", p.Of))
	}
	return errs
}

// requires tells whether the body has a string of that name in every request.
func (o *Operation) requires(member string) bool {
	if o.body == nil || !o.body.Required || o.takesType == "" {
		return false
	}
	s := o.body.Content[o.takesType].Schema.Value
	property := s.Properties[member]
	return slices.Contains(s.Required, member) && property != nil && property.Value.Type.Is(openapi3.TypeString)
}
