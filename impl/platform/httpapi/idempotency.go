package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/fault"
)

// Idempotency keeps answers, so that a request that is repeated with its key has its effect once.
// Source: draft-ietf-httpapi-idempotency-key-header.
type Idempotency interface {
	// Begin gives the answer that is kept for a request, or else the attempt to be the first to answer it. It waits for
	// other attempts with the same key, but not for long: its error is ErrIdempotencyKeyInUse then, and
	// ErrIdempotencyKeyReused when the key came with another request before.
	Begin(ctx context.Context, request KeyedRequest) (*KeptAnswer, Attempt, error)
}

// Attempt is one request on its way to its answer.
type Attempt interface {
	// Context gives the context for the handler, by which its transaction finds the attempt.
	Context(ctx context.Context) context.Context
	// Finish makes the effect of the handler last together with its answer, before the answer leaves. An answer that
	// comes instead is that of another attempt, which was first.
	Finish(ctx context.Context, answer KeptAnswer) (*KeptAnswer, error)
	// End undoes what Finish has not made last and lets other attempts go on.
	End(ctx context.Context)
}

// KeyedRequest is a request with an Idempotency-Key.
type KeyedRequest struct {
	Principal uuid.UUID
	// Operation is the operationId.
	Operation string
	Key       string
	// Fingerprint tells requests apart that come with the same key: SHA-256 of method, path, query and checked body.
	Fingerprint [sha256.Size]byte
}

// KeptAnswer is an answer without what belongs to one exchange only.
type KeptAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

const (
	idempotencyKeyHeader = "Idempotency-Key"
	replayedHeader       = "Idempotency-Replayed"
)

// beginOnce looks for the answer to a request that has come before.
func (c *Chain) beginOnce(x *exchange) error {
	keys := x.request.Header[idempotencyKeyHeader]
	if x.op.Policy.Idempotency == "" || len(keys) == 0 {
		return nil // That a key is required, and one only, the check has said.
	}
	request := KeyedRequest{Principal: x.principal.Subject, Operation: x.op.ID, Key: keys[0]}
	var err error
	if request.Fingerprint, err = fingerprint(x); err != nil {
		return err
	}
	x.kept, x.attempt, err = c.once.Begin(x.request.Context(), request)
	return err
}

func fingerprint(x *exchange) (sum [sha256.Size]byte, err error) {
	body, err := json.Marshal(x.value) // Its members come sorted by name.
	if err != nil {
		return sum, err
	}
	hash := sha256.New()
	for _, part := range []string{x.request.Method, x.url.EscapedPath(), x.url.Query().Encode(), string(body)} {
		hash.Write([]byte(strconv.Itoa(len(part)) + " " + part))
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// handleOnce runs the handler of a request that has a key. Its answer leaves when it is certain that the same request
// will get it again.
func (c *Chain) handleOnce(next http.Handler, x *exchange) {
	ctx := x.request.Context()
	defer x.attempt.End(ctx) // also on panic
	a, inspects, before := x.answer, x.inspects, x.answer.Header().Clone()
	a.keep = keepBack
	next.ServeHTTP(a, x.request.WithContext(x.attempt.Context(ctx)))
	a.settle()
	c.inspect(x)
	if x.failure != nil && leavesUnused(x.failure.Code) {
		return
	}
	// A refusal that is kept is recorded as any other, after the answer, and not as what its own transaction does.
	kept, err := x.attempt.Finish(c.withoutAudit(ctx), KeptAnswer{Status: a.status, Header: added(before, a.Header()), Body: slices.Clone(a.kept.Bytes())})
	if err == nil && kept == nil {
		return
	}
	clear(a.Header())
	maps.Copy(a.Header(), before)
	x.inspects = inspects // What it found was not the answer.
	if err != nil {
		c.fail(a, x.request, err)
		return
	}
	a.discard()
	c.replay(x, kept)
}

// leavesUnused tells of the codes that say what the caller has to mend, a value or a token, before the same request can have its effect.
// Whether the chain has found that, before the key, or the handler makes no difference to the key.
func leavesUnused(code string) bool {
	return code == ErrInvalid.Code || code == ErrUnauthenticated.Code || code == ErrForbidden.Code
}

// added gives the headers that an answer has got since before.
func added(before, after http.Header) http.Header {
	h := http.Header{}
	for name, values := range after {
		if !slices.Equal(before[name], values) {
			h[name] = slices.Clone(values)
		}
	}
	return h
}

// replay gives an answer that was kept.
func (c *Chain) replay(x *exchange, kept *KeptAnswer) {
	x.replayed, x.failure = true, nil
	if kept.Status >= http.StatusBadRequest {
		var refusal struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(kept.Body, &refusal) // For the log alone.
		x.failure = &fault.Error{Code: refusal.Code}
	}
	h := x.answer.Header()
	for name, values := range kept.Header {
		h[name] = slices.Clone(values)
	}
	h.Set(replayedHeader, "true")
	x.answer.WriteHeader(kept.Status)
	_, _ = x.answer.Write(kept.Body) // A caller who has gone reads nothing.
}

// checkIdempotency finds what contradicts x-idempotency elsewhere in the operation.
func (o *Operation) checkIdempotency() (errs []error) {
	if o.Policy.Idempotency == "" {
		return nil
	}
	refuse := func(when bool, why string) {
		if when {
			errs = append(errs, fmt.Errorf("x-idempotency: %s", why))
		}
	}
	refuse(o.Method != http.MethodPost && o.Method != http.MethodPatch, "only POST and PATCH are not idempotent by themselves")
	refuse(o.Policy.Access.Public, "a public operation has no principal that a key belongs to")
	refuse(o.cookies, "a cookie must not be kept")
	refuse(len(o.streams) > 0, "a stream cannot be kept")
	key := o.parameters.GetByInAndName("header", idempotencyKeyHeader)
	refuse(key == nil, "the operation takes no header Idempotency-Key")
	refuse(key != nil && key.Required != (o.Policy.Idempotency == IdempotencyRequired), "the header Idempotency-Key is required if and only if x-idempotency is")
	return errs
}
