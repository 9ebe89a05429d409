package httpapi

import (
	"context"
	"net/http"
	"net/netip"
	"net/url"
	"slices"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/telemetry"
)

// exchange is a request, its answer and what each step keeps of it, in one allocation. A step is handed only the parts
// that it works with: see Chain.newSteps.
type exchange struct {
	request

	answer    answer
	record    record
	admission admission // of shed
	attempted attempted // of throttle
	keyed     keyed     // of begin_once
	audited   audited   // of audit
}

// request is what the chain knows of one request. Each field is written by what its comment names, and read by what
// comes after.
type request struct {
	chain   *Chain
	tuned   *tuned                 // record: what is in force for it
	scope   telemetry.RequestScope // record: its ids, for the log of everybody; authenticate and SetCaller: its caller
	url     url.URL                // record: as it came, before the check writes defaults into the query
	address netip.Addr             // record: of the caller, behind trusted proxies; invalid where it is not known

	// http is the request in its latest context: record: as it came; enforce and openStream: with the time limit of the
	// operation or its stream; beginAudit: with the audit entry. The handler gets it so.
	http      *http.Request
	op        *endpoint // enforce; nil while no route is found
	mediaType string    // enforce: what the operation is to answer with

	principal *Principal // authenticate; nil on a public operation
	token     string     // authenticate: of the principal
	body      []byte     // read
	value     any        // check: of the body

	fromKnownNetwork bool // throttle: the owner of the account that is named has logged in from the caller's network
}

type exchangeKey struct{}

// exchangeFrom gives the exchange of a context. The functions of this package that take a context are the only way to
// it.
func exchangeFrom(ctx context.Context) *exchange {
	x, _ := ctx.Value(exchangeKey{}).(*exchange)
	return x
}

// sentToken tells whether the caller of an operation that takes one has sent a token, valid or not.
func (r *request) sentToken() bool {
	return r.op != nil && !r.op.Policy.Access.Public && len(r.http.Header["Authorization"]) > 0
}

// pathParameter gives a path parameter as it was checked.
func (r *request) pathParameter(name string) string { return unescaped(r.http.PathValue(name)) }

// unescaped decodes the percent-encoding of a path parameter. What cannot be decoded stays as it is.
func unescaped(value string) string {
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}

// Principal is an authenticated caller. Requests share it: nobody changes it.
type Principal struct {
	// Subject is the user.
	Subject uuid.UUID
	// SessionID is the session that the token belongs to.
	SessionID uuid.UUID
	// Roles are those that the caller holds now.
	Roles []string
}

// holdsOneOf tells whether the caller holds one of the roles. A nil principal holds none.
func (p *Principal) holdsOneOf(roles []string) bool {
	return p != nil && slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(p.Roles, role) })
}

// Caller gives the caller of the request, nil on a public operation.
func Caller(ctx context.Context) *Principal {
	if x := exchangeFrom(ctx); x != nil {
		return x.principal
	}
	return nil
}

// BearerToken gives the access token that the caller was authenticated by, for calls on the caller's behalf; "" where
// there is none.
func BearerToken(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.token
	}
	return ""
}

// HoldsRole tells whether the caller holds one of the roles of the running operation. Where x-access has owner: self as
// well, such a caller may see everybody's things, and any other caller only their own.
func HoldsRole(ctx context.Context) bool {
	x := exchangeFrom(ctx)
	return x != nil && x.op != nil && x.principal.holdsOneOf(x.op.Policy.Access.Roles)
}

// MayCall tells whether x-access lets the caller call another operation of the same document on a thing of owner's. The
// state of the thing may still forbid it. An operation that does not exist may be called by nobody.
func MayCall(ctx context.Context, operationID string, owner uuid.UUID) bool {
	x := exchangeFrom(ctx)
	if x == nil {
		return false
	}
	o := x.chain.document.Operation(operationID)
	if o == nil {
		return false
	}
	a := o.Policy.Access
	isOwner := a.Owner != "" && x.principal != nil && x.principal.Subject == owner
	return a.Public || isOwner || x.principal.holdsOneOf(a.Roles)
}

// SetCaller names the caller of a public operation in the log and in the audit log: the user who has just logged in or
// signed up.
func SetCaller(ctx context.Context, subject uuid.UUID) {
	if x := exchangeFrom(ctx); x != nil {
		x.scope.SetCaller(telemetry.Caller{Kind: "user", ID: subject.String()})
	}
}

// Client gives the address of the caller, which no caller can forge, and the User-Agent field.
func Client(ctx context.Context) (address netip.Addr, userAgent string) {
	x := exchangeFrom(ctx)
	if x == nil {
		return netip.Addr{}, ""
	}
	return x.address, x.http.UserAgent()
}

// Representation gives the media type that the running operation is to answer with, as contract.Operation.Represent
// chooses it from the Accept field.
func Representation(ctx context.Context) string {
	if x := exchangeFrom(ctx); x != nil {
		return x.mediaType
	}
	return ""
}

// NextLink gives the Link field (RFC 8288) of the page that starts at cursor, nil where there is no next page.
func NextLink(ctx context.Context, cursor *string) *string {
	x := exchangeFrom(ctx)
	if x == nil || cursor == nil {
		return nil
	}
	query := x.url.Query()
	query.Set("cursor", *cursor)
	link := "<" + x.url.EscapedPath() + "?" + query.Encode() + `>; rel="next"`
	return &link
}
