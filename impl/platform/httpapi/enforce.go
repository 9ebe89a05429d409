package httpapi

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"mime"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/telemetry"
)

// Authenticator tells who sends an access token.
type Authenticator interface {
	// Authenticate gives the caller. An error that is ErrUnauthenticated says that the token is not valid;
	// any other, that it could not be found out.
	Authenticate(ctx context.Context, token string) (*Principal, error)
}

// Principal is a caller who is known. It is shared between requests: nobody changes it.
type Principal struct {
	// Subject is the user.
	Subject uuid.UUID
	// SessionID is the session that the token belongs to.
	SessionID uuid.UUID
	// Roles are what the caller may do now.
	Roles []string
}

// holdsOneOf tells whether the caller has one of the roles; nobody has none.
func (p *Principal) holdsOneOf(roles []string) bool {
	return p != nil && slices.ContainsFunc(roles, func(role string) bool { return slices.Contains(p.Roles, role) })
}

// OwnerOf gives the owner of the thing with that id. A fault of the kind NotFound says that there is no such thing.
type OwnerOf func(ctx context.Context, id uuid.UUID) (uuid.UUID, error)

// ownedThing is what a path parameter names.
type ownedThing struct {
	parameter string
	id        uuid.UUID
}

// rememberedOwners is of how many things the chain remembers the owner: a thing never gets another.
const rememberedOwners = 100_000

// enforce stands before a handler, behind chi's match: it holds the request against its operation.
func (c *Chain) enforce(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		x := exchangeFrom(r.Context())
		op := c.endpoints[route{r.Method, r.Pattern}]
		if op == nil { // compareRoutes has ruled this out; a hole here must not become a way in.
			c.fail(w, r, fmt.Errorf("no operation for %s %s", r.Method, r.Pattern))
			return
		}
		base, limit := r.Context(), x.bounded(time.Duration(op.Policy.Timeout.Limit))
		ctx, cancel := context.WithTimeout(base, limit)
		defer cancel()
		r = r.WithContext(ctx)
		x.op, x.request, x.mediaType = op, r, op.represent(r.Header)
		x.answer.cancel = cancel
		x.scope.SetOperation(op.ID)
		c.prepare(x)
		defer c.release(x)
		if limit < leastTime && limit < time.Duration(op.Policy.Timeout.Limit) {
			c.fail(w, r, ErrTimeout)
			return
		}
		began, last := time.Now(), time.Duration(0)
		for i, s := range c.steps {
			err := s.pass(x)
			now := time.Since(began)
			x.took[i], last = now-last, now
			if err != nil {
				c.fail(w, r, err)
				return
			}
		}
		c.beginAudit(x)
		switch {
		case x.streams():
			defer c.openStream(base, x)()
			next.ServeHTTP(w, x.request)
		case x.kept != nil:
			c.replay(x, x.kept)
		case x.attempt != nil:
			c.handleOnce(next, x)
		default:
			next.ServeHTTP(w, x.request)
		}
		x.handling = time.Since(began) - last
		c.settle(x)
	})
}

// prepare sets what every answer of the operation carries and decides whether the answer is checked.
func (c *Chain) prepare(x *exchange) {
	x.answer.keep, x.answer.streams = c.keeping(), x.op.streams
	x.inspects = x.answer.keep != keepNothing
	if s := x.op.sunset; s != nil {
		h := x.answer.Header()
		h.Set("Deprecation", s.deprecation)
		h.Set("Sunset", s.sunset)
		h.Set("Link", "<"+expand(s.successor, chi.RouteContext(x.request.Context()))+`>; rel="successor-version"`)
	}
}

// expand fills a path template with the path parameters of the request.
func expand(template string, ctx *chi.Context) string {
	for i, key := range ctx.URLParams.Keys {
		template = strings.ReplaceAll(template, "{"+key+"}", url.PathEscape(unescaped(ctx.URLParams.Values[i])))
	}
	return template
}

func unescaped(value string) string {
	if plain, err := url.PathUnescape(value); err == nil {
		return plain
	}
	return value
}

func (c *Chain) authenticate(x *exchange) error {
	if x.op.Policy.Access.Public {
		return nil
	}
	headers := x.request.Header["Authorization"]
	if len(headers) == 0 {
		return ErrUnauthenticated
	}
	x.hadToken = true
	scheme, token, _ := strings.Cut(headers[0], " ")
	token = strings.TrimLeft(token, " ") // As many as the caller likes (RFC 9110, section 11.4).
	if len(headers) > 1 || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return ErrUnauthenticated
	}
	principal, err := c.auth.Authenticate(x.request.Context(), token)
	if err != nil {
		return err
	}
	x.principal, x.token = principal, token
	x.scope.SetCaller(telemetry.Caller{Kind: "user", ID: principal.Subject.String()})
	return nil
}

// authoriseRoles refuses a caller without any of the roles, unless owning the resource may be enough.
func (c *Chain) authoriseRoles(x *exchange) error {
	a := x.op.Policy.Access
	if a.Public || a.Owner != "" || x.principal.holdsOneOf(a.Roles) {
		return nil
	}
	return lacking(a.Roles)
}

// lacking is ErrForbidden with the roles that the document wants one of, and the way to them.
func lacking(roles []string) *fault.Error {
	f := *ErrForbidden
	f.Detail = "Your roles do not allow this: it takes the role " + strings.Join(roles, " or ") +
		". An administrator gives roles, to accounts other than their own, with setUserRoles."
	return &f
}

// authoriseOwner answers for another's resource as for a missing one.
func (c *Chain) authoriseOwner(x *exchange) error {
	a := x.op.Policy.Access
	if a.Owner == "" || a.Owner == ownerSelf || x.principal.holdsOneOf(a.Roles) {
		return nil
	}
	owner, err := uuid.Parse(x.pathParameter(a.Owner))
	if err != nil {
		return x.op.hidden
	}
	if x.op.ownerOf != nil {
		if owner, err = c.findOwner(x, ownedThing{parameter: a.Owner, id: owner}); err != nil {
			return err
		}
	}
	if owner != x.principal.Subject {
		return x.op.hidden
	}
	return nil
}

// findOwner asks whose a thing is, once for as long as it is remembered.
func (c *Chain) findOwner(x *exchange, thing ownedThing) (uuid.UUID, error) {
	if owner, known := c.owners.GetIfPresent(thing); known {
		return owner, nil
	}
	owner, err := x.op.ownerOf(x.request.Context(), thing.id)
	var f *fault.Error
	switch {
	case errors.As(err, &f) && f.Kind == fault.NotFound:
		return uuid.Nil, x.op.hidden // To the letter what another's answers with.
	case err != nil:
		return uuid.Nil, err
	}
	c.owners.Set(thing, owner)
	return owner, nil
}

// pathParameter gives a path parameter as it was checked.
func (x *exchange) pathParameter(name string) string { return unescaped(x.request.PathValue(name)) }

// read takes the body in, bounded, once it is known to be of the operation's media type.
func (c *Chain) read(x *exchange) error {
	r := x.request
	if x.op.body == nil {
		if r.ContentLength == 0 {
			return nil
		}
		if n, _ := io.ReadFull(r.Body, make([]byte, 1)); n > 0 {
			f := *ErrMalformed
			f.Detail = "This operation takes no body."
			return &f
		}
		return nil
	}
	if r.ContentLength > int64(x.op.MaxBody) {
		return x.op.tooLarge()
	}
	// An empty body is taken as such, whatever its type is said to be. Whether one that may be left out is empty is seen
	// only at its end where its length is not told.
	if r.ContentLength > 0 || r.ContentLength < 0 && x.op.body.Required {
		if err := c.checkMediaType(x); err != nil {
			return err
		}
	}
	// A body that dribbles in ends with the operation's limit. The server sets its own deadlines for what follows.
	deadline, _ := r.Context().Deadline()
	connection := http.NewResponseController(x.answer)
	_ = connection.SetReadDeadline(deadline) // Where there is no connection, there is nothing to wait for.
	body, err := readAll(http.MaxBytesReader(x.answer, r.Body, int64(x.op.MaxBody)), r.ContentLength)
	if err == nil { // Otherwise the server would wait for the rest without end.
		_ = connection.SetReadDeadline(time.Time{})
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return x.op.tooLarge()
	case err != nil:
		x.left = errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.ECONNRESET)
		f := *ErrMalformed
		f.Detail = "The body did not arrive whole."
		return f.Because(err)
	}
	x.body = body
	if r.ContentLength < 0 && !x.op.body.Required && len(body) > 0 {
		return c.checkMediaType(x)
	}
	return nil
}

// readAll reads a body of a known length, or of one that is not told, which is negative.
func readAll(body io.Reader, length int64) ([]byte, error) {
	var all bytes.Buffer
	if length > 0 {
		all.Grow(int(length) + bytes.MinRead) // Otherwise the buffer grows once more to see the end.
	}
	_, err := all.ReadFrom(body)
	return all.Bytes(), err
}

func (o *Operation) tooLarge() error {
	f := *ErrBodyTooLarge
	f.Detail = fmt.Sprintf("The body is larger than this operation takes, which is %d bytes.", o.MaxBody)
	return &f
}

func (c *Chain) checkMediaType(x *exchange) error {
	h := x.request.Header
	ambiguous := len(h["Content-Type"]) > 1 || isEncoded(h["Content-Encoding"])
	if !ambiguous && h.Get("Content-Type") == x.op.takesType { // As almost everybody writes it.
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(withoutGaps(h.Get("Content-Type")))
	if charset := params["charset"]; err != nil || ambiguous || mediaType != x.op.takesType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		f := *ErrMediaType
		f.Detail = "The body must be " + x.op.takesType + " in UTF-8, without a content encoding."
		return &f
	}
	return nil
}

// withoutGaps leaves out parameters that are none, which package mime does not take and RFC 9110, section 5.6.6, allows.
func withoutGaps(value string) string {
	parts := separated(value, ';')
	return strings.Join(append(parts[:1], slices.DeleteFunc(parts[1:], func(part string) bool { return part == "" })...), ";")
}

// isEncoded tells whether a body is said to be anything but itself. That it is itself need not be said, and does no harm.
func isEncoded(encodings []string) bool {
	for _, coding := range listed(encodings) {
		if !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}

// validatedBody carries the value that was checked to the generated code, which binds it as it is.
type validatedBody struct {
	io.ReadCloser
	value any
}

// ValidatedValue is what github.com/oapi-codegen/runtime asks for.
func (b validatedBody) ValidatedValue() any { return b.value }

func (c *Chain) check(x *exchange) error {
	r := x.request
	query, err := url.ParseQuery(r.URL.RawQuery)
	if err != nil {
		f := *ErrMalformed
		f.Detail = "The query is not of the form name=value, with percent-encoding where it is needed."
		return f.Because(err)
	}
	route := chi.RouteContext(r.Context())
	path := make(map[string]string, len(route.URLParams.Keys))
	for i, key := range route.URLParams.Keys {
		path[key] = unescaped(route.URLParams.Values[i])
	}
	value, violations, err := c.checker.CheckRequest(x.op.Operation, Input{Request: r, Path: path, Query: query, Body: x.body})
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, context.Canceled):
		return err
	case err != nil:
		return malformed(err)
	case len(violations) == 1 && isMissingMatch(violations[0]):
		return ErrPreconditionRequired.At(violations...)
	case len(violations) > 0:
		return ErrInvalid.At(violations...)
	case len(x.body) > 0:
		x.value = value
		r.Body = validatedBody{ReadCloser: http.NoBody, value: value}
	case x.op.body != nil:
		r.Body = http.NoBody // Generated code takes it for a body that was left out.
	}
	return nil
}

// isMissingMatch tells whether a violation is that If-Match is missing (RFC 6585, section 3).
func isMissingMatch(v fault.Violation) bool {
	return v.Keyword == "required" && strings.EqualFold(v.Pointer, "#/header/If-Match")
}

// Violated is the fault of a request that breaks a rule which a schema cannot say, at one place.
func Violated(pointer, keyword, sentence string) *fault.Error {
	return ErrInvalid.At(violation(pointer, keyword, nil, sentence))
}
