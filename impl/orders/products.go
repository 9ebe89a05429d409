package orders

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

// ListProducts lists the catalog, or the results of a search in it.
func (s *Service) ListProducts(
	ctx context.Context, req ordersapi.ListProductsRequestObject,
) (ordersapi.ListProductsResponseObject, error) {
	limit, cursor := *req.Params.Limit, req.Params.Cursor
	status := ordersdb.ProductStatus(*req.Params.Status)
	var rows []product
	var next *string
	var err error
	if req.Params.Q == nil {
		rows, next, err = s.readProducts(ctx, status, cursor, limit)
	} else {
		rows, next, err = s.searchProducts(ctx, *req.Params.Q, status, paging.After(cursor), limit)
	}
	if err != nil {
		return nil, err
	}
	items := make([]ordersapi.Product, len(rows))
	for i, row := range rows {
		items[i] = toAPIProduct(row)
	}
	return ordersapi.ListProducts200JSONResponse{
		Body:    ordersapi.ProductList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListProducts200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

func (s *Service) listProducts(
	ctx context.Context, status ordersdb.ProductStatus, after paging.Position, limit int32,
) (rows []product, next *string, err error) {
	listed, err := s.queries.ListProducts(ctx, ordersdb.ListProductsParams{
		Status: status, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
	})
	if err != nil {
		return nil, nil, explain(err, nil)
	}
	for _, row := range listed {
		rows = append(rows, product(row))
	}
	rows, next = pageOf(rows, limit)
	return rows, next, nil
}

// pageOf cuts rows, of which there is one more than limit if there is a next page, to a page.
func pageOf(rows []product, limit int32) (page []product, next *string) {
	return paging.Page(rows, int(limit), func(p product) paging.Position {
		return paging.Position{Time: p.CreatedAt, ID: p.ID}
	})
}

// CreateProduct adds a product.
func (s *Service) CreateProduct(
	ctx context.Context, req ordersapi.CreateProductRequestObject,
) (ordersapi.CreateProductResponseObject, error) {
	description := ""
	if req.Body.Description != nil {
		description = *req.Body.Description
	}
	id := newID()
	httpapi.SetAuditTarget(ctx, id)
	var row ordersdb.CreateProductRow
	err := s.inTx(ctx, func(tx tx) (err error) {
		row, err = tx.CreateProduct(ctx, ordersdb.CreateProductParams{
			ID: id, Sku: req.Body.Sku, Name: req.Body.Name, Description: description,
			PriceAmount: req.Body.Price.Amount, Currency: req.Body.Price.Currency, CreatedAt: s.Clock(),
		})
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	s.catalog.forget(ctx, id)
	return ordersapi.CreateProduct201JSONResponse{
		Body: toAPIProduct(product(row)),
		Headers: ordersapi.CreateProduct201ResponseHeaders{
			Location: "/api/v1/products/" + row.ID.String(), ETag: convert.ETag(row.Version),
		},
	}, nil
}

// DuplicateProduct adds a product with the name, the description and the price of another, which it locks.
func (s *Service) DuplicateProduct(
	ctx context.Context, req ordersapi.DuplicateProductRequestObject,
) (ordersapi.DuplicateProductResponseObject, error) {
	id := newID()
	httpapi.SetAuditTarget(ctx, id)
	var row ordersdb.CreateProductRow
	err := s.inTx(ctx, func(tx tx) error {
		original, err := tx.LockProduct(ctx, req.ProductID)
		if err != nil {
			return err
		}
		if original.Status == ordersdb.ProductStatusArchived {
			return errProductArchived
		}
		row, err = tx.CreateProduct(ctx, ordersdb.CreateProductParams{
			ID: id, Sku: req.Body.Sku, Name: original.Name, Description: original.Description,
			PriceAmount: original.PriceAmount, Currency: original.Currency, CreatedAt: s.Clock(),
		})
		return err
	})
	if err != nil {
		return nil, explain(err, errProductNotFound)
	}
	s.catalog.forget(ctx, id)
	return ordersapi.DuplicateProduct201JSONResponse{
		Body: toAPIProduct(product(row)),
		Headers: ordersapi.DuplicateProduct201ResponseHeaders{
			Location: "/api/v1/products/" + row.ID.String(), ETag: convert.ETag(row.Version),
		},
	}, nil
}

// GetProduct reads a product.
func (s *Service) GetProduct(
	ctx context.Context, req ordersapi.GetProductRequestObject,
) (ordersapi.GetProductResponseObject, error) {
	row, err := s.readProduct(ctx, req.ProductID)
	if err != nil {
		return nil, explain(err, errProductNotFound)
	}
	return ordersapi.GetProduct200JSONResponse{
		Body:    toAPIProduct(row),
		Headers: ordersapi.GetProduct200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// UpdateProduct changes a product if its version is one of those in If-Match.
func (s *Service) UpdateProduct(
	ctx context.Context, req ordersapi.UpdateProductRequestObject,
) (ordersapi.UpdateProductResponseObject, error) {
	change := ordersdb.UpdateProductParams{
		ID: req.ProductID, Name: req.Body.Name, Description: req.Body.Description, UpdatedAt: s.Clock(),
	}
	change.Versions, change.AnyVersion = convert.Versions(req.Params.IfMatch)
	if price := req.Body.Price; price != nil {
		change.PriceAmount, change.Currency = &price.Amount, &price.Currency
	}
	row, err := s.changeProduct(ctx, req.ProductID, func(tx tx) (int64, error) {
		return tx.UpdateProduct(ctx, change)
	}, func(now product) error {
		return errVersionChanged.Showing(toAPIProduct(now), convert.ETag(now.Version))
	})
	if err != nil {
		return nil, err
	}
	return ordersapi.UpdateProduct200JSONResponse{
		Body:    toAPIProduct(row),
		Headers: ordersapi.UpdateProduct200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// ArchiveProduct removes a product from the catalog. Archiving it again changes nothing.
func (s *Service) ArchiveProduct(
	ctx context.Context, req ordersapi.ArchiveProductRequestObject,
) (ordersapi.ArchiveProductResponseObject, error) {
	row, err := s.changeProduct(ctx, req.ProductID, func(tx tx) (int64, error) {
		return tx.ArchiveProduct(ctx, ordersdb.ArchiveProductParams{ID: req.ProductID, UpdatedAt: s.Clock()})
	}, func(product) error { return nil }) // It is archived already.
	if err != nil {
		return nil, err
	}
	return ordersapi.ArchiveProduct200JSONResponse{
		Body:    toAPIProduct(row),
		Headers: ordersapi.ArchiveProduct200ResponseHeaders{ETag: convert.ETag(row.Version)},
	}, nil
}

// changeProduct changes one product and reads it afterwards. unchanged gives the error when update has changed no row.
func (s *Service) changeProduct(
	ctx context.Context, id uuid.UUID, update func(tx) (int64, error), unchanged func(product) error,
) (now product, err error) {
	err = s.inTx(ctx, func(tx tx) error {
		rows, err := update(tx)
		if err != nil {
			return err
		}
		if now, err = tx.GetProduct(ctx, id); err != nil || rows > 0 {
			return err
		}
		return unchanged(now)
	})
	if err == nil {
		s.catalog.forget(ctx, id)
	}
	return now, explain(err, errProductNotFound)
}
