package depot

import (
	"context"

	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/program"
)

// Seed gives every customer some widgets in a database without widgets. With anew it removes all widgets first. Only
// the development binary calls it.
func Seed(ctx context.Context, environ []string, cast *program.Cast, anew bool) error {
	return Program().Fill(ctx, environ, func(tx pgx.Tx) error {
		queries := depotdb.New(tx)
		if anew {
			if err := queries.RemoveEverything(ctx); err != nil {
				return err
			}
		}
		return queries.SeedWidgets(ctx, cast.Customers())
	})
}
