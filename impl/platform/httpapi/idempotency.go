package httpapi

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"maps"
	"net/http"
	"slices"
	"strconv"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// Idempotency keeps answers, so that a request that is repeated with its key has its effect once.
// Source: draft-ietf-httpapi-idempotency-key-header.
type Idempotency interface {
	// Begin gives the answer that is kept for a request, or else the attempt to be the first to answer it. It waits for
	// a short time for other attempts with the same key. The error is contract.ErrIdempotencyKeyInUse where one goes on
	// for longer, and contract.ErrIdempotencyKeyReused where the key came with another request before.
	Begin(ctx context.Context, request KeyedRequest) (*KeptAnswer, Attempt, error)
}

// Attempt is one request on its way to its answer.
type Attempt interface {
	// Context gives the context for the handler, from which its transaction takes the attempt.
	Context(ctx context.Context) context.Context
	// Finish commits the effect of the handler together with its answer, before the answer leaves. It gives the answer
	// of another attempt where that was first.
	Finish(ctx context.Context, answer KeptAnswer) (*KeptAnswer, error)
	// End rolls back what Finish has not committed, and lets other attempts go on.
	End(ctx context.Context)
}

// KeyedRequest is a request with an Idempotency-Key.
type KeyedRequest struct {
	Principal uuid.UUID
	// Operation is the operationId.
	Operation string
	Key       string
	// Fingerprint is SHA-256 of method, path, query and checked body. It tells whether a key came with the same
	// request.
	Fingerprint [sha256.Size]byte
}

// KeptAnswer is an answer without the header fields that belong to one request, such as X-Request-Id.
type KeptAnswer struct {
	Status int
	Header http.Header
	Body   []byte
}

const replayedHeader = "Idempotency-Replayed"

// keyed is what there is for a request with an Idempotency-Key: either of the two, or neither without a key.
type keyed struct {
	attempt Attempt     // to answer it first
	kept    *KeptAnswer // of the same request before
}

// beginOnce looks for the answer to a request that has come before, and begins an attempt to answer it where there is
// none.
func (c *Chain) beginOnce(r *request, k *keyed) error {
	keys := r.http.Header[contract.IdempotencyKeyHeader]
	if r.op.Policy.Idempotency == "" || len(keys) == 0 {
		return nil // The check has refused a required key that is missing, and several keys.
	}
	keyed := KeyedRequest{Principal: r.principal.Subject, Operation: r.op.ID, Key: keys[0]}
	var err error
	if keyed.Fingerprint, err = fingerprint(r); err != nil {
		return err
	}
	k.kept, k.attempt, err = c.once.Begin(r.http.Context(), keyed)
	return err
}

// fingerprint gives the Fingerprint of a request.
func fingerprint(r *request) (sum [sha256.Size]byte, err error) {
	body, err := json.Marshal(r.value) // Members are sorted by name.
	if err != nil {
		return sum, err
	}
	hash := sha256.New()
	for _, part := range []string{r.http.Method, r.url.EscapedPath(), r.url.Query().Encode(), string(body)} {
		hash.Write([]byte(strconv.Itoa(len(part)) + " " + part))
	}
	return [sha256.Size]byte(hash.Sum(nil)), nil
}

// handleOnce runs the handler of a request that has a key. The answer leaves once it is certain that repeating the
// request gives the same answer.
func (c *Chain) handleOnce(next http.Handler, x *exchange) {
	ctx, attempt := x.http.Context(), x.keyed.attempt
	defer attempt.End(ctx) // also on panic
	a, unchecked, before := &x.answer, x.answer.unchecked, x.answer.Header().Clone()
	a.keep = keepBack
	next.ServeHTTP(a, x.http.WithContext(attempt.Context(ctx)))
	a.settle()
	c.inspect(x)
	if f := x.record.failure; f != nil && leavesUnused(f.Code) {
		return
	}
	// The transaction that keeps a refusal writes no audit entry: the refusal gets one after the answer, as any other.
	kept, err := attempt.Finish(c.withoutAudit(ctx), KeptAnswer{
		Status: a.status, Header: added(before, a.Header()), Body: slices.Clone(a.kept.Bytes()),
	})
	if err == nil && kept == nil {
		return
	}
	clear(a.Header())
	maps.Copy(a.Header(), before)
	a.unchecked = unchecked // What was checked is not the answer after all.
	if err != nil {
		c.fail(a, x.http, err)
		return
	}
	a.discard()
	c.replay(x, kept)
}

// leavesUnused tells whether a key stays unused after a problem. It does where the caller has to correct a value or a
// token before the request can have its effect, whether the chain finds that, before the key, or the handler.
func leavesUnused(code string) bool {
	unused := []string{contract.ErrInvalid.Code, contract.ErrUnauthenticated.Code, contract.ErrForbidden.Code}
	return slices.Contains(unused, code)
}

// added gives the header fields that have been set or changed since before.
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
	x.record.replayed, x.record.failure = true, nil
	if kept.Status >= http.StatusBadRequest {
		var refusal struct {
			Code string `json:"code"`
		}
		_ = json.Unmarshal(kept.Body, &refusal) // Only the record needs it.
		x.record.failure = &fault.Error{Code: refusal.Code}
	}
	h := x.answer.Header()
	for name, values := range kept.Header {
		h[name] = slices.Clone(values)
	}
	h.Set(replayedHeader, "true")
	x.answer.WriteHeader(kept.Status)
	_, _ = x.answer.Write(kept.Body) // A caller who has gone reads nothing.
}
