package orders

import (
	"context"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

// GetStock reads the stock of a product.
func (s *Service) GetStock(
	ctx context.Context, req ordersapi.GetStockRequestObject,
) (ordersapi.GetStockResponseObject, error) {
	row, err := s.queries.GetStock(ctx, req.ProductID)
	if err != nil {
		return nil, explain(err, errProductNotFound)
	}
	return ordersapi.GetStock200JSONResponse(toAPIStock(row)), nil
}

// ListStockAdjustments lists the receipts and write-offs of a product.
func (s *Service) ListStockAdjustments(
	ctx context.Context, req ordersapi.ListStockAdjustmentsRequestObject,
) (ordersapi.ListStockAdjustmentsResponseObject, error) {
	limit, after := *req.Params.Limit, paging.After(req.Params.Cursor)
	rows, err := s.queries.ListStockAdjustments(ctx, ordersdb.ListStockAdjustmentsParams{
		ProductID: req.ProductID, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err == nil && len(rows) == 0 { // Nothing has been adjusted, or there is no such product.
		_, err = s.queries.GetStock(ctx, req.ProductID)
	}
	if err != nil {
		return nil, explain(err, errProductNotFound)
	}
	rows, next := paging.Page(rows, int(limit), func(a ordersdb.StockAdjustment) paging.Position {
		return paging.Position{Time: a.CreatedAt, ID: a.ID}
	})
	items := make([]ordersapi.StockAdjustment, len(rows))
	for i, row := range rows {
		items[i] = toAPIStockAdjustment(row)
	}
	return ordersapi.ListStockAdjustments200JSONResponse{
		Body:    ordersapi.StockAdjustmentList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListStockAdjustments200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// AdjustStock receives units or writes them off.
func (s *Service) AdjustStock(
	ctx context.Context, req ordersapi.AdjustStockRequestObject,
) (ordersapi.AdjustStockResponseObject, error) {
	now := s.Clock()
	var stock ordersdb.Stock
	var adjustment ordersdb.StockAdjustment
	err := s.inKeyedTx(ctx, func(tx tx) (err error) {
		if stock, err = tx.AdjustStock(ctx, ordersdb.AdjustStockParams{
			ProductID: req.ProductID, Delta: req.Body.Delta, UpdatedAt: now,
		}); err != nil {
			return err
		}
		adjustment, err = tx.CreateStockAdjustment(ctx, ordersdb.CreateStockAdjustmentParams{
			ID: newID(), ProductID: req.ProductID, Delta: req.Body.Delta, Reason: req.Body.Reason,
			AdjustedBy: httpapi.Caller(ctx).Subject, CreatedAt: now,
		})
		return err
	})
	if err != nil {
		return nil, explain(err, errProductNotFound)
	}
	return ordersapi.AdjustStock201JSONResponse{
		Body: ordersapi.AdjustedStock{Adjustment: toAPIStockAdjustment(adjustment), Stock: toAPIStock(stock)},
		Headers: ordersapi.AdjustStock201ResponseHeaders{
			Location: "/api/v1/products/" + req.ProductID.String() + "/stock-adjustments",
		},
	}, nil
}
