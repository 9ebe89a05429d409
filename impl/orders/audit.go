package orders

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
)

// ListOrderAuditEntries lists the audit log of this service.
func (s *Service) ListOrderAuditEntries(
	ctx context.Context, req ordersapi.ListOrderAuditEntriesRequestObject,
) (ordersapi.ListOrderAuditEntriesResponseObject, error) {
	rows, next, err := s.Audit.List(ctx, audit.Filter{
		Actor: req.Params.Actor, Target: req.Params.Target, Action: req.Params.Action, From: req.Params.OccurredFrom,
		Before: req.Params.OccurredBefore,
	}, req.Params.Cursor, *req.Params.Limit)
	if err != nil {
		return nil, explain(err, nil)
	}
	items := make([]ordersapi.AuditEntry, len(rows))
	for i, row := range rows {
		items[i] = toAPIAuditEntry(row)
	}
	return ordersapi.ListOrderAuditEntries200JSONResponse{
		Body:    ordersapi.AuditEntryList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListOrderAuditEntries200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

func toAPIAuditEntry(e httpapi.AuditEntry) ordersapi.AuditEntry {
	shown := ordersapi.AuditEntry{
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
