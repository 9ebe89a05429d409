package depot

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/depotdb"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/program"
)

// seeded is how many widgets each customer has on the first day of development.
const seeded = 3

// Seed fills a database without widgets with some of every customer's. With anew it removes all widgets first. Only the
// development binary calls it.
func Seed(ctx context.Context, environ []string, cast *program.Cast, anew bool) error {
	return Program().Fill(ctx, environ, func(tx pgx.Tx) error {
		q := depotdb.New(tx)
		if anew {
			if err := q.RemoveEverything(ctx); err != nil {
				return err
			}
		}
		newest := paging.Newest()
		present, err := q.ListWidgets(ctx, depotdb.ListWidgetsParams{
			BeforeTime: newest.Time, BeforeID: newest.ID, RowLimit: 1,
		})
		if err != nil || len(present) > 0 {
			return err
		}
		for _, owner := range cast.Customers() {
			for i := range seeded {
				if _, err := q.CreateWidget(ctx, depotdb.CreateWidgetParams{
					ID: uuid.Must(uuid.NewV7()), OwnerID: owner, Title: fmt.Sprintf("Widget %d", i+1),
					CreatedAt: time.Now().AddDate(0, 0, i-seeded),
				}); err != nil {
					return err
				}
			}
		}
		return nil
	})
}
