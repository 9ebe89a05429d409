package depot

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/standing"
)

// ListWidgets lists the caller's widgets, or everybody's where a role of the caller allows it.
func (s *Service) ListWidgets(
	ctx context.Context, req depotapi.ListWidgetsRequestObject,
) (depotapi.ListWidgetsResponseObject, error) {
	owner := req.Params.OwnerID
	if caller := httpapi.Caller(ctx); !httpapi.HoldsRole(ctx) {
		if owner != nil && *owner != caller.Subject {
			return depotapi.ListWidgets200JSONResponse{
				Body: depotapi.WidgetList{Items: []depotapi.Widget{}, NextCursor: convert.OrNull[string](nil)},
			}, nil
		}
		owner = &caller.Subject
	}
	limit, after := *req.Params.Limit, paging.After(req.Params.Cursor)
	rows, err := s.queries.ListWidgets(ctx, depotdb.ListWidgetsParams{
		OwnerID: owner, Status: toDBStatus(req.Params.Status),
		BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	rows, next := paging.Page(rows, int(limit), func(w depotdb.Widget) paging.Position {
		return paging.Position{Time: w.CreatedAt, ID: w.ID}
	})
	items := make([]depotapi.Widget, len(rows))
	for i, row := range rows {
		items[i] = toAPIWidget(row)
	}
	return depotapi.ListWidgets200JSONResponse{
		Body:    depotapi.WidgetList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: depotapi.ListWidgets200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// CreateWidget creates a widget that belongs to the caller.
func (s *Service) CreateWidget(
	ctx context.Context, req depotapi.CreateWidgetRequestObject,
) (depotapi.CreateWidgetResponseObject, error) {
	id := uuid.Must(uuid.NewV7()) // New rows stand together in their index (RFC 9562).
	httpapi.SetAuditTarget(ctx, id)
	create := depotdb.CreateWidgetParams{
		ID: id, OwnerID: httpapi.Caller(ctx).Subject, Title: req.Body.Title, CreatedAt: s.Clock(),
	}
	if req.Body.Text != nil {
		create.Text = *req.Body.Text
	}
	var row depotdb.Widget
	err := s.inKeyedTx(ctx, func(tx tx) (err error) {
		row, err = tx.CreateWidget(ctx, create)
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return depotapi.CreateWidget201JSONResponse{
		Body: toAPIWidget(row),
		Headers: depotapi.CreateWidget201ResponseHeaders{
			Location: "/api/v1/widgets/" + id.String(), ETag: convert.ETag(row.Version),
		},
	}, nil
}

// GetWidget reads a widget.
func (s *Service) GetWidget(
	ctx context.Context, req depotapi.GetWidgetRequestObject,
) (depotapi.GetWidgetResponseObject, error) {
	row, err := s.queries.GetWidget(ctx, req.WidgetID)
	if err != nil {
		return nil, explain(err, errWidgetNotFound)
	}
	return depotapi.GetWidget200JSONResponse{
		Body:    toAPIWidget(row),
		Headers: depotapi.GetWidget200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// UpdateWidget changes a widget if it still has the version that the caller knows.
func (s *Service) UpdateWidget(
	ctx context.Context, req depotapi.UpdateWidgetRequestObject,
) (depotapi.UpdateWidgetResponseObject, error) {
	change := depotdb.UpdateWidgetParams{
		ID: req.WidgetID, Title: req.Body.Title, Text: req.Body.Text, Status: toDBStatus(req.Body.Status),
		UpdatedAt: s.Clock(),
	}
	change.Versions, change.AnyVersion = convert.Versions(req.Params.IfMatch)
	var row depotdb.Widget
	err := s.inTx(ctx, func(tx tx) error {
		changed, err := tx.UpdateWidget(ctx, change)
		if err != nil {
			return err
		}
		if row, err = tx.GetWidget(ctx, req.WidgetID); err != nil || changed > 0 {
			return err
		}
		return errVersionChanged.Showing(toAPIWidget(row), convert.ETag(row.Version))
	})
	if err != nil {
		return nil, explain(err, errWidgetNotFound)
	}
	return depotapi.UpdateWidget200JSONResponse{
		Body:    toAPIWidget(row),
		Headers: depotapi.UpdateWidget200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// DeleteWidget deletes a widget.
func (s *Service) DeleteWidget(
	ctx context.Context, req depotapi.DeleteWidgetRequestObject,
) (depotapi.DeleteWidgetResponseObject, error) {
	err := s.inTx(ctx, func(tx tx) error {
		deleted, err := tx.DeleteWidget(ctx, req.WidgetID)
		if err == nil && deleted == 0 {
			return errWidgetNotFound
		}
		return err
	})
	if err != nil {
		return nil, explain(err, errWidgetNotFound)
	}
	return depotapi.DeleteWidget204Response{}, nil
}

// accountChanged removes the widgets of an account that has been deleted.
func (s *Service) accountChanged(ctx context.Context, a standing.Account) error {
	if a.Status != standing.Deleted {
		return nil
	}
	return postgres.InBatches(func(limit int32) (int64, error) {
		return s.queries.RemoveWidgetsOf(ctx, depotdb.RemoveWidgetsOfParams{OwnerID: a.UserID, RowLimit: limit})
	})
}
