package orders

import (
	"testing"

	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/contracttest"
)

func TestCodesAreThoseOfTheDocument(t *testing.T) {
	t.Parallel()
	contracttest.CodesAreThoseOfTheDocument(t, contract(t))
}

func TestDatabaseGone(t *testing.T) {
	t.Parallel()
	var database contracttest.Switch
	s := start(t, func(o *options) {
		o.database = func(pool *pgxpool.Pool) Database { return database.Pool(t, pool) }
	})
	contracttest.DatabaseGoneIsTold(t, contract(t), s.Server, &database)
}
