package orders

import (
	"context"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/cache"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
)

const (
	// catalogTimeout bounds a read for the catalog; no request that waits for one has longer.
	catalogTimeout = 2 * time.Second
	// absentFor is how long it is remembered that there is no product with an id.
	absentFor = time.Second
	// catalogBytes bounds the memory of the single products, and that of the pages.
	catalogBytes = 32 << 20

	// warmPage is the limit of the page that is read at the start, the default of the document, and warmAtOnce how many
	// of its products are read at once.
	warmPage, warmAtOnce = 20, 4
)

// productCache remembers products and first pages of their list for callers without a token. A change of a product is
// announced by the database on the channel products; the available units may be as old as the lifetime. Orders are
// priced and reserved from the database alone.
type productCache struct {
	products *cache.Cache[uuid.UUID, product]
	pages    *cache.Cache[firstPage, productPage]
}

// firstPage names a first page of the list of products. Everybody is shown the same one.
type firstPage struct {
	status ordersdb.ProductStatus
	limit  int32
}

type productPage struct {
	rows []product
	next *string
}

func newProductCache(c Config, s *Service) (*productCache, error) {
	products, err := cache.New(cache.Config[uuid.UUID, product]{
		Name:        "products",
		Load:        func(ctx context.Context, id uuid.UUID) (product, error) { return s.queries.GetProduct(ctx, id) },
		LoadTimeout: catalogTimeout, Absent: pgx.ErrNoRows,
		Lifetime: c.ProductCache, AbsentLifetime: absentFor, Bytes: catalogBytes, Weigh: weightOf,
		Redis: c.Redis, Text: uuid.UUID.String, Registry: c.Registry, Clock: c.Clock,
	})
	if err != nil {
		return nil, err
	}
	// Without Redis: to decode a page of it costs more than to read the page from the database.
	pages, err := cache.New(cache.Config[firstPage, productPage]{
		Name: "product_pages", Load: s.readFirstPage, LoadTimeout: catalogTimeout, Lifetime: c.ProductCache,
		Bytes: catalogBytes, Weigh: productPage.weight, Registry: c.Registry, Clock: c.Clock,
	})
	return &productCache{products, pages}, err
}

func weightOf(p product) int { return 128 + len(p.Sku) + len(p.Name) + len(p.Description) }

func (p productPage) weight() int {
	sum := 64
	for _, row := range p.rows {
		sum += weightOf(row)
	}
	return sum
}

func (s *Service) readFirstPage(ctx context.Context, p firstPage) (productPage, error) {
	rows, next, err := s.listProducts(ctx, p.status, paging.Newest(), p.limit)
	return productPage{rows, next}, err
}

// readProduct reads a product, from the catalog where the caller may be shown what was a moment ago.
func (s *Service) readProduct(ctx context.Context, id uuid.UUID) (product, error) {
	if httpapi.WantsFresh(ctx) {
		return s.queries.GetProduct(ctx, id)
	}
	return s.catalog.products.Get(ctx, id)
}

// readProducts reads a page of products as readProduct does. Only first pages are remembered.
func (s *Service) readProducts(
	ctx context.Context, status ordersdb.ProductStatus, cursor *string, limit int32,
) (rows []product, next *string, err error) {
	if cursor != nil || httpapi.WantsFresh(ctx) {
		return s.listProducts(ctx, status, paging.After(cursor), limit)
	}
	page, err := s.catalog.pages.Get(ctx, firstPage{status, limit})
	return page.rows, page.next, err
}

// setLifetime changes how long products are remembered.
func (c *productCache) setLifetime(lifetime time.Duration) {
	c.products.SetLifetime(lifetime)
	c.pages.SetLifetime(lifetime)
}

// forget forgets a product and all pages, once a change of it is committed. The announcement of the database may come a
// moment after the answer to the caller.
func (c *productCache) forget(ctx context.Context, id uuid.UUID) {
	ctx = context.WithoutCancel(ctx) // The caller may have left; the change is there.
	c.products.Forget(ctx, id)
	c.pages.ForgetAll(ctx)
}

// watch listens to the announcements of the database until ctx ends. While they cannot be heard, nothing is remembered.
func (c *productCache) watch(ctx context.Context, config *pgx.ConnConfig, log *slog.Logger) {
	warned := false
	setWatched := func(watched bool) {
		c.products.SetWatched(watched)
		c.pages.SetWatched(watched)
	}
	postgres.Listen(ctx, config, "products", postgres.Listener{
		Connected: func() {
			setWatched(true)
			if warned {
				log.InfoContext(ctx, "told of changes to products again")
			}
			warned = false
		},
		Lost: func() { setWatched(false) },
		Notified: func(payload string) {
			// Without a wait for Redis: many changes may come one after another.
			if id, err := uuid.Parse(payload); err == nil {
				c.products.Hear(id)
			} else {
				c.products.HearAll()
			}
			c.pages.HearAll()
		},
		Failed: func(err error) {
			if !warned {
				log.WarnContext(ctx, "not told of changes to products: every request asks the database", slog.Any("error", err))
			}
			warned = true
		},
	})
}

// warm reads the first page and its products before the first caller asks for them. It takes no longer than within.
func (s *Service) warm(ctx context.Context, within time.Duration) {
	ctx, cancel := context.WithTimeout(ctx, within)
	defer cancel()
	first := firstPage{ordersdb.ProductStatusActive, warmPage}
	err := s.catalog.pages.Warm(ctx, 1, first)
	var page productPage
	if err == nil {
		page, err = s.catalog.pages.Get(ctx, first)
	}
	ids := make([]uuid.UUID, len(page.rows))
	for i, row := range page.rows {
		ids[i] = row.ID
	}
	if err == nil {
		err = s.catalog.products.Warm(ctx, warmAtOnce, ids...)
	}
	if err != nil {
		s.Log.WarnContext(ctx, "the catalog is not warm", slog.Any("error", err))
		return
	}
	s.Log.InfoContext(ctx, "the catalog is warm", slog.Int("products", len(ids)))
}
