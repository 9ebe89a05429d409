package depot

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/resourcetest"
)

// The filters narrow the list, and never widen it to widgets that the caller may not see.
func TestFiltersOfWidgets(t *testing.T) {
	t.Parallel()
	s := service.Start(t)
	mine, other := s.Member(t, "customer"), s.Member(t, "customer")
	newWidget(t, s, mine.ID)
	newWidget(t, s, other.ID)
	count := func(m resourcetest.Member, params depotapi.ListWidgetsParams) int {
		client, err := depotapi.NewClientWithResponses(s.URL, depotapi.WithRequestEditorFn(m.Authorize))
		require.NoError(t, err)
		page, err := client.ListWidgetsWithResponse(t.Context(), &params)
		require.NoError(t, err)
		return len(contracttest.Body(t, page, page.JSON200).Items)
	}
	published := depotapi.WidgetStatusPublished
	require.Equal(t, 1, count(mine, depotapi.ListWidgetsParams{}))
	require.Zero(t, count(mine, depotapi.ListWidgetsParams{Status: &published}))
	require.Zero(t, count(mine, depotapi.ListWidgetsParams{OwnerID: &other.ID}))
	require.Equal(t, 1, count(s.Member(t, "support"), depotapi.ListWidgetsParams{OwnerID: &other.ID}))
	require.Equal(t, 2, count(s.Member(t, "admin"), depotapi.ListWidgetsParams{}))
}

// The widgets of an account go with it, and stay when it is disabled only.
func TestWidgetsOfDeletedAccounts(t *testing.T) {
	t.Parallel()
	s := service.Start(t)
	gone, other := s.Member(t, "customer"), s.Member(t, "customer")
	newWidget(t, s, gone.ID)
	newWidget(t, s, other.ID)
	left := func() (count int) {
		require.NoError(t, s.Pool.QueryRow(t.Context(), "SELECT count(*) FROM widgets").Scan(&count))
		return count
	}
	change := standing.Account{UserID: gone.ID, Status: "disabled", ChangedAt: s.Clock.Now()}
	s.Hear(t, "user.disabled", change)
	require.Equal(t, 2, left())
	change.Status, change.ChangedAt = standing.Deleted, s.Clock.Now().Add(time.Second)
	s.Hear(t, "user.deleted", change)
	require.Equal(t, 1, left())
}
