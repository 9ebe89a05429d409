package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/telemetry"
)

// Auditor keeps the audit log: who did what.
type Auditor interface {
	// Within gives the context for a handler. The transaction that does what was asked for writes the entry as well;
	// where entry is nil or names neither an actor nor a target, it writes none.
	Within(ctx context.Context, entry func() AuditEntry) context.Context
	// Record keeps an entry outside of a transaction, if it names an actor or a target.
	Record(ctx context.Context, e AuditEntry) error
	// RecordBeside does what Record does without making the request wait. It passes an error to failed. The end of ctx
	// does not end it.
	RecordBeside(ctx context.Context, e AuditEntry, failed func(error))
}

// AuditEntry says who did what to whom, from where and with what outcome.
type AuditEntry struct {
	// ID is the entry's own, a UUIDv7.
	ID uuid.UUID
	// Action is that of x-audit.
	Action string
	// Outcome is a problem code, or telemetry.Success.
	Outcome string
	// Actor is uuid.Nil for an anonymous caller, Target where nothing is named.
	Actor, Target uuid.UUID
	Address       netip.Addr
	RequestID     string
	OccurredAt    time.Time
}

// Names tells whether the entry names an actor or a target. Entries that name neither are in the service's log only:
// anonymous callers must not be able to fill a table from which nothing is deleted.
func (e AuditEntry) Names() bool { return e.Actor != uuid.Nil || e.Target != uuid.Nil }

// keptRefusals is the number of refusals of one actor that a replica keeps an hour, and at once. Refusals of anonymous
// callers count by target. Those beyond it are in the service's log only. Callers with a role for the operation are not
// bounded.
var keptRefusals = &contract.RateLimit{Requests: 100, Window: contract.Duration(time.Hour)}

// audited is what the audit entry of a request says beyond the request itself.
type audited struct {
	id       uuid.UUID // of the entry, from beginAudit; uuid.Nil: auditEntry makes one
	target   uuid.UUID // as SetAuditTarget has named it
	recorded bool      // a transaction of the handler has taken the entry
}

// SetAuditTarget names the target of the audit entry where the request does not: what an operation with x-audit target
// "created" is about to make, or, for target "caller", the account that an anonymous caller tries to enter. The time
// that it takes does not depend on the id.
func SetAuditTarget(ctx context.Context, target uuid.UUID) {
	if x := exchangeFrom(ctx); x != nil {
		x.audited.target = target
	}
}

// beginAudit makes the transaction of the handler write the entry that x-audit asks for.
func (c *Chain) beginAudit(x *exchange) {
	if a := x.op.Policy.Audit; a == nil || c.auditor == nil || a.Keeps == contract.KeepsRefusals {
		return
	}
	x.audited.id = newEntryID()
	x.http = x.http.WithContext(c.auditor.Within(x.http.Context(), func() AuditEntry {
		x.audited.recorded = true
		return c.auditEntry(x, telemetry.Success)
	}))
}

// withoutAudit gives a context whose transactions write no entry, because they do not do what was asked for.
func (c *Chain) withoutAudit(ctx context.Context) context.Context {
	if c.auditor == nil {
		return ctx
	}
	return c.auditor.Within(ctx, nil)
}

func newEntryID() uuid.UUID { return uuid.Must(uuid.NewV7()) }

// auditEntry makes the entry of a request from what is known by now.
func (c *Chain) auditEntry(x *exchange, outcome string) AuditEntry {
	a := x.op.Policy.Audit
	e := AuditEntry{
		ID: x.audited.id, Action: a.Action, Outcome: outcome, Target: x.audited.target, Address: x.address,
		RequestID: x.scope.RequestID, OccurredAt: c.clock(),
	}
	if e.ID == uuid.Nil {
		e.ID = newEntryID()
	}
	if id, err := uuid.Parse(x.scope.Caller().ID); err == nil {
		e.Actor = id
	}
	switch a.Target {
	case contract.TargetCreated: // SetAuditTarget has named it.
		if outcome != telemetry.Success {
			e.Target = uuid.Nil
		}
	case contract.TargetCaller: // SetAuditTarget may have named the account that an anonymous caller tries to enter.
		if e.Actor != uuid.Nil {
			e.Target = e.Actor
		}
	default:
		if id, err := uuid.Parse(x.pathParameter(a.Target)); err == nil {
			e.Target = id
		}
	}
	return e
}

// audit logs what was done or refused, and keeps the entry where no transaction has. A replayed answer has no entry, as
// nothing was done again.
func (c *Chain) audit(ctx context.Context, x *exchange, outcome string) {
	if x.op.Policy.Audit == nil {
		return
	}
	public := x.op.Policy.Access.Public
	if public && outcome != telemetry.Success {
		// The entry of an account costs time on the same machine. A stranger has the whole answer before that begins.
		_ = x.answer.FlushError() // The caller may have gone.
	}
	e := c.auditEntry(x, outcome)
	attrs := []slog.Attr{
		slog.String("action", e.Action), slog.String("actor", nameOr(e.Actor, "anonymous")),
		slog.String("target", nameOr(e.Target, "")),
		slog.String("outcome", outcome), slog.String("address", x.address.String()),
	}
	if x.record.replayed {
		attrs = append(attrs, slog.Bool("replayed", true))
	}
	c.logInfo(ctx, "audit", attrs...)
	if c.auditor == nil || x.record.replayed || !e.Names() || !c.keeps(x, e) {
		return
	}
	failed := func(err error) {
		c.log.LogAttrs(ctx, slog.LevelError, "an entry of the audit log is missing",
			slog.String("action", e.Action), slog.String("outcome", outcome), slog.Any("error", err))
	}
	if public { // The response time must not tell strangers whether there is an account to name.
		c.auditor.RecordBeside(ctx, e, failed)
	} else if err := c.auditor.Record(context.WithoutCancel(ctx), e); err != nil {
		failed(err)
	}
}

// keeps tells whether an entry is still to be kept: a success that no transaction has recorded, or a refusal of what
// was tried. A malformed request has tried nothing, and neither has an anonymous one where a caller is needed.
func (c *Chain) keeps(x *exchange, e AuditEntry) bool {
	if e.Outcome == telemetry.Success {
		return !x.audited.recorded && x.op.Policy.Audit.Keeps != contract.KeepsRefusals
	}
	if !isRefusal(x.op, x.answer.status) {
		return false
	}
	if x.principal.holdsOneOf(x.op.Policy.Access.Roles) {
		return true // The account of an integration may be refused for a whole shop.
	}
	whose := rateKey{"actor", e.Actor.String()}
	if e.Actor == uuid.Nil {
		whose = rateKey{"target", e.Target.String()}
	}
	_, _, wait := c.refusals.spend(whose, keptRefusals, e.OccurredAt)
	return wait <= 0
}

// isRefusal tells whether an operation that ends with a status has been tried and refused.
func isRefusal(op *endpoint, status int) bool {
	switch status {
	case http.StatusUnauthorized:
		return op.Policy.Access.Public
	case http.StatusForbidden, http.StatusNotFound, http.StatusConflict, http.StatusPreconditionFailed,
		http.StatusInternalServerError:
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
