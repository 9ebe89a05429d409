package users

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
)

// ListAuditEntries lists the audit log of this service.
func (s *Service) ListAuditEntries(
	ctx context.Context, req usersapi.ListAuditEntriesRequestObject,
) (usersapi.ListAuditEntriesResponseObject, error) {
	rows, next, err := s.audit.List(ctx, audit.Filter{
		Actor: req.Params.Actor, Target: req.Params.Target, Action: req.Params.Action, From: req.Params.OccurredFrom,
		Before: req.Params.OccurredBefore,
	}, req.Params.Cursor, *req.Params.Limit)
	if err != nil {
		return nil, explain(err, nil)
	}
	items := make([]usersapi.AuditEntry, len(rows))
	for i, row := range rows {
		items[i] = toAPIAuditEntry(row)
	}
	return usersapi.ListAuditEntries200JSONResponse{
		Body:    usersapi.AuditEntryList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: usersapi.ListAuditEntries200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

func toAPIAuditEntry(e httpapi.AuditEntry) usersapi.AuditEntry {
	shown := usersapi.AuditEntry{
		ID: e.ID, Action: e.Action, Outcome: e.Outcome, RequestID: e.RequestID, OccurredAt: e.OccurredAt.UTC(),
	}
	if e.Address.IsValid() {
		shown.Address = e.Address.String()
	}
	if e.Actor != uuid.Nil {
		shown.Actor = &e.Actor
	}
	if e.Target != uuid.Nil {
		shown.Target = &e.Target
	}
	return shown
}
