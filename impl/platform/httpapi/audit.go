package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/telemetry"
)

// Auditor keeps the log of who did what.
type Auditor interface {
	// Within gives the context for a handler, by which the transaction that does something ends with the entry; nil: with none.
	// An entry that names neither an actor nor a target is none.
	Within(ctx context.Context, entry func() AuditEntry) context.Context
	// Record keeps the entry of what was refused, if it names one of them.
	Record(ctx context.Context, e AuditEntry) error
	// RecordBeside does so while the request goes on, which does not take longer for it, and tells failed of an error. ctx does not end it.
	RecordBeside(ctx context.Context, e AuditEntry, failed func(error))
}

// AuditEntry says who did what to whom, from where and with what outcome.
type AuditEntry struct {
	// ID is the entry's own, a UUIDv7.
	ID uuid.UUID
	// Action is that of x-audit.
	Action string
	// Outcome is a code of the document's problems, or telemetry.Success.
	Outcome string
	// Actor and Target are uuid.Nil where nobody is known to be calling, or nothing is named.
	Actor, Target uuid.UUID
	Address       netip.Addr
	RequestID     string
	OccurredAt    time.Time
}

// Names tells whether somebody or something is named by the entry. What nobody known has asked of nothing known is in the service's log
// and its metrics: it would let anybody fill a table that nobody can empty.
func (e AuditEntry) Names() bool { return e.Actor != uuid.Nil || e.Target != uuid.Nil }

// mostRefusals is how many refusals a replica keeps of one actor, or of one target where the actor is not known: as many at once, and
// as many an hour. What is refused beyond that is in the service's log and its metrics. It does not bound who has been given a role for
// the operation.
const mostRefusals = 100

// beginAudit makes the transaction of a handler keep the entry that x-audit wants.
func (c *Chain) beginAudit(x *exchange) {
	if a := x.op.Policy.Audit; a == nil || c.auditor == nil || a.Keeps == onlyRefusals {
		return
	}
	x.entry.ID = newEntryID()
	x.request = x.request.WithContext(c.auditor.Within(x.request.Context(), func() AuditEntry {
		x.recorded = true
		return c.auditEntry(x, telemetry.Success)
	}))
}

// withoutAudit gives a context whose transactions keep no entry: they do nothing of what was asked for.
func (c *Chain) withoutAudit(ctx context.Context) context.Context {
	if c.auditor == nil {
		return ctx
	}
	return c.auditor.Within(ctx, nil)
}

func newEntryID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// auditEntry is what there is to say of a request now.
func (c *Chain) auditEntry(x *exchange, outcome string) AuditEntry {
	e, a := x.entry, x.op.Policy.Audit
	if e.ID == uuid.Nil {
		e.ID = newEntryID()
	}
	e.Action, e.Outcome, e.Address, e.RequestID, e.OccurredAt = a.Action, outcome, x.address, x.scope.RequestID, c.clock()
	if id, err := uuid.Parse(x.scope.Caller().ID); err == nil {
		e.Actor = id
	}
	switch a.Target {
	case targetCreated: // The handler has told.
		if outcome != telemetry.Success {
			e.Target = uuid.Nil
		}
	case targetCaller:
		if e.Actor != uuid.Nil {
			e.Target = e.Actor // Otherwise it is whose account the handler says that it concerns.
		}
	default:
		if id, err := uuid.Parse(x.pathParameter(a.Target)); err == nil {
			e.Target = id
		}
	}
	return e
}

// audit logs what was done or refused, and keeps what was refused and has no transaction to be kept in. What is answered
// again has not been done again.
func (c *Chain) audit(ctx context.Context, x *exchange, outcome string) {
	if x.op.Policy.Audit == nil {
		return
	}
	e := c.auditEntry(x, outcome)
	attrs := []slog.Attr{
		slog.String("action", e.Action), slog.String("actor", nameOr(e.Actor, "anonymous")), slog.String("target", nameOr(e.Target, "")),
		slog.String("outcome", outcome), slog.String("address", x.address.String()),
	}
	if x.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	c.line(ctx, "audit", attrs...)
	if c.auditor == nil || x.replayed || !e.Names() || !c.keeps(x, e) {
		return
	}
	failed := func(err error) {
		c.log.LogAttrs(ctx, slog.LevelError, "an entry of the audit log is missing", slog.String("action", e.Action), slog.String("outcome", outcome), slog.Any("error", err))
	}
	if x.op.Policy.Access.Public { // Whether there is somebody to name is for no stranger to know, not by the time either.
		c.auditor.RecordBeside(ctx, e, failed)
	} else if err := c.auditor.Record(context.WithoutCancel(ctx), e); err != nil {
		failed(err)
	}
}

// keeps tells whether somebody has tried to do something and was kept from it, or did it without a transaction.
// A request that is not understood, or that nobody known has sent to where one has to be known, has tried nothing.
func (c *Chain) keeps(x *exchange, e AuditEntry) bool {
	if e.Outcome == telemetry.Success {
		return !x.recorded && x.op.Policy.Audit.Keeps != onlyRefusals
	}
	if !isRefusal(x) {
		return false
	}
	if x.principal.holdsOneOf(x.op.Policy.Access.Roles) {
		return true // One account of an integration may report for the whole shop.
	}
	whose := rateKey{"actor", e.Actor.String()}
	if e.Actor == uuid.Nil {
		whose = rateKey{"target", e.Target.String()}
	}
	_, _, wait := c.refusals.take(whose, &RateLimit{Requests: mostRefusals, Window: duration(time.Hour)}, e.OccurredAt)
	return wait <= 0
}

func isRefusal(x *exchange) bool {
	switch x.answer.status {
	case http.StatusUnauthorized:
		return x.op.Policy.Access.Public
	case http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed, http.StatusInternalServerError:
		return true
	default:
		return false
	}
}

func nameOr(id uuid.UUID, none string) string {
	if id == uuid.Nil {
		return none
	}
	return id.String()
}
