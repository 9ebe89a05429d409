package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// Authenticator tells whose an access token is.
type Authenticator interface {
	// Authenticate gives the caller. The error is contract.ErrUnauthenticated where the token is not valid, and any
	// other where that could not be found out.
	Authenticate(ctx context.Context, token string) (*Principal, error)
}

// OwnerOf gives the owner of the thing with that id. The error is a fault of the kind NotFound where there is none.
type OwnerOf func(ctx context.Context, id uuid.UUID) (uuid.UUID, error)

// step is one of the checks that a request passes on its way to the handler.
type step struct {
	name string
	pass func(*exchange) error
}

// newSteps lists the steps in their order, each with the parts of the exchange that it works with.
//
// Cheap refusals come first, and nothing of the body is read before the caller and their right are known. A request
// counts as work once its body has arrived, so that slow senders keep nobody out. Ownership waits until the path has
// been checked.
func (c *Chain) newSteps() []step {
	return []step{
		{"limit_address", func(x *exchange) error { return c.limitAddress(&x.request, x.answer.Header()) }},
		{"cross_origin", func(x *exchange) error { return c.refuseCrossOrigin(&x.request) }},
		{"authenticate", func(x *exchange) error { return c.authenticate(&x.request) }},
		{"limit_principal", func(x *exchange) error { return c.limitPrincipal(&x.request, x.answer.Header()) }},
		{"authorise", func(x *exchange) error { return c.authoriseRoles(&x.request) }},
		{"read", func(x *exchange) error { return c.read(&x.request, &x.answer, &x.record) }},
		{"shed", func(x *exchange) error { return c.shed(&x.request, &x.admission) }},
		{"check", func(x *exchange) error { return c.check(&x.request) }},
		{"authorise_owner", func(x *exchange) error { return c.authoriseOwner(&x.request) }},
		{"throttle", func(x *exchange) error { return c.throttle(&x.request, x.answer.Header(), &x.attempted) }},
		{"begin_once", func(x *exchange) error { return c.beginOnce(&x.request, &x.keyed) }},
	}
}

// enforce stands before a handler, behind chi's match. It holds the request against its operation.
func (c *Chain) enforce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeFrom(r.Context())
		op := c.endpoints[route{r.Method, r.Pattern}]
		if op == nil { // compareRoutes has ruled this out. A mistake there must not let a request through.
			c.fail(w, r, fmt.Errorf("no operation for %s %s", r.Method, r.Pattern))
			return
		}
		base, limit := r.Context(), x.bounded(time.Duration(op.Policy.Timeout.Limit))
		ctx, cancel := context.WithTimeout(base, limit)
		defer cancel()
		r = r.WithContext(ctx)
		x.op, x.http, x.mediaType = op, r, op.Represent(r.Header)
		c.prepare(x, cancel)
		defer c.release(x)
		if limit < leastTime && limit < time.Duration(op.Policy.Timeout.Limit) {
			c.fail(w, r, contract.ErrTimeout)
			return
		}
		began := time.Now()
		x.record.began = began
		if err := c.passSteps(x, began); err != nil {
			c.fail(w, r, err)
			return
		}
		passed := time.Since(began)
		c.beginAudit(x)
		switch {
		case x.streams():
			defer c.openStream(base, x)()
			next.ServeHTTP(w, x.http)
		case x.keyed.kept != nil:
			c.replay(x, x.keyed.kept)
		case x.keyed.attempt != nil:
			c.handleOnce(next, x)
		default:
			next.ServeHTTP(w, x.http)
		}
		x.record.handling = time.Since(began) - passed
		c.settle(&x.request, &x.attempted, x.record.failure, x.answer.status)
	})
}

// passSteps runs the steps up to the first that refuses the request, and records how long each took.
func (c *Chain) passSteps(x *exchange, began time.Time) error {
	last := time.Duration(0)
	for i, s := range c.steps {
		err := s.pass(x)
		now := time.Since(began)
		x.record.steps[i], last = now-last, now
		if err != nil {
			return err
		}
	}
	return nil
}

// prepare sets what every answer of the operation carries, and whether the answer is checked.
func (c *Chain) prepare(x *exchange, cancel context.CancelFunc) {
	a := &x.answer
	a.op, a.keep, a.cancel = x.op.Operation, c.keeping(x.tuned), cancel
	a.unchecked = a.keep != keepNothing
	x.scope.SetOperation(x.op.ID)
	if s := x.op.SunsetFields(); s != nil {
		h := a.Header()
		h.Set("Deprecation", s.Deprecation)
		h.Set("Sunset", s.Sunset)
		successor := expand(s.Successor, chi.RouteContext(x.http.Context()))
		h.Set("Link", "<"+successor+`>; rel="successor-version"`)
	}
}

// expand fills the path parameters of the request into a path template.
func expand(template string, ctx *chi.Context) string {
	for i, key := range ctx.URLParams.Keys {
		value := url.PathEscape(unescaped(ctx.URLParams.Values[i]))
		template = strings.ReplaceAll(template, "{"+key+"}", value)
	}
	return template
}

// authenticate finds out who calls an operation that is not public, by the token in Authorization (RFC 6750).
func (c *Chain) authenticate(r *request) error {
	if r.op.Policy.Access.Public {
		return nil
	}
	headers := r.http.Header["Authorization"]
	if len(headers) == 0 {
		return contract.ErrUnauthenticated
	}
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimLeft(token, " ") // Any number of spaces is allowed (RFC 9110, section 11.4).
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return contract.ErrUnauthenticated
	}
	principal, err := c.auth.Authenticate(r.http.Context(), token)
	if err != nil {
		return err
	}
	r.principal, r.token = principal, token
	r.scope.SetCaller(telemetry.Caller{Kind: "user", ID: principal.Subject.String()})
	return nil
}

// authoriseRoles refuses a caller without any of the operation's roles, unless owning the thing may be enough.
func (c *Chain) authoriseRoles(r *request) error {
	a := r.op.Policy.Access
	if a.Public || a.Owner != "" || r.principal.holdsOneOf(a.Roles) {
		return nil
	}
	return contract.Detailed(contract.ErrForbidden,
		"Your roles do not allow this: it takes the role "+strings.Join(a.Roles, " or ")+
			". An administrator gives roles, to accounts other than their own, with setUserRoles.")
}

// authoriseOwner answers for another owner's thing as for a missing one.
func (c *Chain) authoriseOwner(r *request) error {
	a := r.op.Policy.Access
	if a.Owner == "" || a.Owner == contract.OwnerSelf || r.principal.holdsOneOf(a.Roles) {
		return nil
	}
	owner, err := uuid.Parse(r.pathParameter(a.Owner))
	if err != nil {
		return r.op.hidden
	}
	if r.op.ownerOf != nil {
		if owner, err = c.findOwner(r, ownedThing{parameter: a.Owner, id: owner}); err != nil {
			return err
		}
	}
	if owner != r.principal.Subject {
		return r.op.hidden
	}
	return nil
}

// findOwner gives the owner of a thing, which is looked up once for as long as it is remembered.
func (c *Chain) findOwner(r *request, thing ownedThing) (uuid.UUID, error) {
	if owner, known := c.owners.get(thing); known {
		return owner, nil
	}
	owner, err := r.op.ownerOf(r.http.Context(), thing.id)
	var f *fault.Error
	switch {
	case errors.As(err, &f) && f.Kind == fault.NotFound:
		return uuid.Nil, r.op.hidden // The same answer, to the byte, as for another owner's thing.
	case err != nil:
		return uuid.Nil, err
	}
	c.owners.Set(thing, owner)
	return owner, nil
}

// read reads the body, up to the operation's size and within its time limit, once its media type is accepted. It
// records a caller who hangs up.
func (c *Chain) read(r *request, a *answer, told *record) error {
	in := r.http
	if !r.op.TakesBody() {
		return refuseBody(in, a)
	}
	if in.ContentLength > int64(r.op.MaxBody) {
		return r.op.TooLarge()
	}
	// An empty body may have any type. Whether an optional body of unknown length is empty is known once it has been
	// read.
	if in.ContentLength > 0 || in.ContentLength < 0 && r.op.RequiresBody() {
		if err := r.op.CheckMediaType(in.Header); err != nil {
			return err
		}
	}
	deadline, _ := in.Context().Deadline()
	connection := http.NewResponseController(a)
	_ = connection.SetReadDeadline(deadline) // Without a connection, as in tests, there is nothing to wait for.
	body, err := readAll(http.MaxBytesReader(a, in.Body, int64(r.op.MaxBody)), in.ContentLength)
	if err == nil { // Otherwise the server would wait for the rest without a limit.
		_ = connection.SetReadDeadline(time.Time{})
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return r.op.TooLarge()
	case err != nil:
		told.left = errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET) ||
			errors.Is(err, net.ErrClosed) // The connection has made room for another.
		return contract.Detailed(contract.ErrMalformed, "The body did not arrive whole.").Because(err)
	}
	r.body = body
	if in.ContentLength < 0 && !r.op.RequiresBody() && len(body) > 0 {
		return r.op.CheckMediaType(in.Header)
	}
	return nil
}

// bodyLooked bounds how long an operation without a body waits to see that a body of unknown length is empty.
const bodyLooked = 500 * time.Millisecond

// refuseBody refuses a body where none is taken.
func refuseBody(in *http.Request, a *answer) error {
	none := contract.Detailed(contract.ErrMalformed, "This operation takes no body.")
	switch {
	case in.ContentLength == 0:
		return nil
	case in.ContentLength > 0:
		return none
	}
	connection := http.NewResponseController(a)
	_ = connection.SetReadDeadline(time.Now().Add(bodyLooked)) // Without a connection there is nothing to wait for.
	n, err := io.ReadFull(in.Body, make([]byte, 1))
	switch {
	case n > 0:
		return none
	case !errors.Is(err, io.EOF):
		return contract.Detailed(contract.ErrMalformed, "The body did not arrive whole.").Because(err)
	}
	_ = connection.SetReadDeadline(time.Time{})
	return nil
}

// readAll reads a body. A negative length is not known.
func readAll(body io.Reader, length int64) ([]byte, error) {
	var all bytes.Buffer
	if length > 0 {
		all.Grow(int(length) + bytes.MinRead) // Otherwise the buffer grows once more to find the end.
	}
	_, err := all.ReadFrom(body)
	return all.Bytes(), err
}

// validatedBody hands the value that was checked to the generated code, which binds it as it is.
type validatedBody struct {
	io.ReadCloser
	value any
}

// ValidatedValue is the method that github.com/oapi-codegen/runtime looks for.
func (b validatedBody) ValidatedValue() any { return b.value }

// check holds the request against the document, and hands the checked value to the handler in place of the body.
func (c *Chain) check(r *request) error {
	in := r.http
	query, err := url.ParseQuery(in.URL.RawQuery)
	if err != nil {
		return contract.Detailed(contract.ErrMalformed,
			"The query is not of the form name=value, with percent-encoding where it is needed.").Because(err)
	}
	route := chi.RouteContext(in.Context())
	path := make(map[string]string, len(route.URLParams.Keys))
	for i, key := range route.URLParams.Keys {
		path[key] = unescaped(route.URLParams.Values[i])
	}
	value, violations, err := c.checker.CheckRequest(r.op.Operation,
		contract.Input{Request: in, Path: path, Query: query, Body: r.body})
	switch {
	case err != nil:
		return err
	case len(violations) == 1 && isMissingMatch(violations[0]):
		return contract.ErrPreconditionRequired.At(violations...)
	case len(violations) > 0:
		return contract.ErrInvalid.At(violations...)
	case len(r.body) > 0:
		r.value = value
		in.Body = validatedBody{ReadCloser: http.NoBody, value: value}
	case r.op.TakesBody():
		in.Body = http.NoBody // Generated code takes it for a body that was left out.
	}
	return nil
}

// isMissingMatch tells whether a violation is that If-Match is missing (RFC 6585, section 3).
func isMissingMatch(v fault.Violation) bool {
	return v.Keyword == "required" && strings.EqualFold(v.Pointer, "#/header/If-Match")
}
