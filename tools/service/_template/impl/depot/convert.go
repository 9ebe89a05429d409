package depot

import (
	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/gen/depotdb"
)

func toAPIWidget(w depotdb.Widget) depotapi.Widget {
	return depotapi.Widget{
		ID: w.ID, OwnerID: w.OwnerID, Title: w.Title, Text: w.Text, Status: depotapi.WidgetStatus(w.Status),
		Version: w.Version, CreatedAt: w.CreatedAt.UTC(), UpdatedAt: w.UpdatedAt.UTC(),
	}
}

// toDBStatus gives nil for a status that was not sent.
func toDBStatus(s *depotapi.WidgetStatus) *depotdb.WidgetStatus { return (*depotdb.WidgetStatus)(s) }
