package httpapi

import "context"

// The shares of what requests have in common, such as the connections of a pool. What anybody may call and what has low priority have one
// each; what both and operations of normal priority take together is another, so that something is left for high and critical ones.
const (
	ShareAnonymous = "anonymous"
	ShareLow       = "low"
	ShareOrdinary  = "ordinary"
)

var (
	anonymousShares = []string{ShareAnonymous, ShareOrdinary}
	lowShares       = []string{ShareLow, ShareOrdinary}
	ordinaryShares  = []string{ShareOrdinary}
)

// Known tells whether the request of a context comes from a caller with a session, or from a network from which the account that it names
// has been signed in to.
func Known(ctx context.Context) bool {
	x := exchangeFrom(ctx)
	return x != nil && (x.principal != nil || x.taken.Familiar)
}

// Shares gives the shares that the request of a context is part of, by x-priority and x-access of its operation. Requests for operations
// of high and critical priority are part of none, and so is what no request asks for.
func Shares(ctx context.Context) []string {
	x := exchangeFrom(ctx)
	if x == nil || x.op == nil {
		return nil
	}
	switch p := x.op.Policy; {
	case p.Priority == Critical, p.Priority == High:
		return nil
	case p.Access.Public:
		return anonymousShares
	case p.Priority == Low:
		return lowShares
	default:
		return ordinaryShares
	}
}
