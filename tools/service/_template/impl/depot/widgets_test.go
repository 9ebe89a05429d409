package depot

import (
	"net/http"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/depotapi"
	"example.com/plumbline/impl/testkit/contracttest"
	"example.com/plumbline/impl/testkit/resourcetest"
)

// as gives the generated client that calls as somebody.
func as(t *testing.T, s *resourcetest.Server, m resourcetest.Member) *depotapi.ClientWithResponses {
	t.Helper()
	client, err := depotapi.NewClientWithResponses(
		s.URL, depotapi.WithHTTPClient(s.Web.Client()), depotapi.WithRequestEditorFn(m.Authorize))
	require.NoError(t, err)
	return client
}

// Pages and filters leave nothing out and show nothing twice; the lists of others stay empty.
func TestListWidgets(t *testing.T) {
	t.Parallel()
	s := service.Start(t)
	mine, other := s.Member(t), s.Member(t)
	want := map[uuid.UUID]bool{}
	for range 5 {
		want[widgetOf(t, s, mine).ID] = true
		widgetOf(t, s, other)
	}
	got := map[uuid.UUID]bool{}
	limit, params := int32(2), depotapi.ListWidgetsParams{}
	params.Limit = &limit
	for {
		page, err := as(t, s, mine).ListWidgetsWithResponse(t.Context(), &params)
		require.NoError(t, err)
		list := contracttest.Body(t, page, page.JSON200)
		for _, w := range list.Items {
			require.False(t, got[w.ID], "twice")
			got[w.ID] = true
		}
		next, err := list.NextCursor.Get()
		if err != nil { // It is null on the last page.
			break
		}
		params.Cursor = &next
	}
	require.Equal(t, want, got)

	listed := func(m resourcetest.Member, params depotapi.ListWidgetsParams) int {
		page, err := as(t, s, m).ListWidgetsWithResponse(t.Context(), &params)
		require.NoError(t, err)
		return len(contracttest.Body(t, page, page.JSON200).Items)
	}
	published := depotapi.WidgetStatusPublished
	require.Zero(t, listed(mine, depotapi.ListWidgetsParams{Status: &published}))
	require.Zero(t, listed(mine, depotapi.ListWidgetsParams{OwnerID: &other.ID}))
	require.Equal(t, 5, listed(s.Member(t, "support"), depotapi.ListWidgetsParams{OwnerID: &other.ID}))
	require.Equal(t, 10, listed(s.Member(t, "admin"), depotapi.ListWidgetsParams{}))
}

// A change that was made of an older version is refused, and nothing of it stays.
func TestChangesDoNotOverwriteOthers(t *testing.T) {
	t.Parallel()
	s := service.Start(t)
	me := s.Member(t)
	client := as(t, s, me)
	id := widgetOf(t, s, me).ID
	change := func(version, title string) *depotapi.UpdateWidgetResponse {
		answer, err := client.UpdateWidgetWithResponse(
			t.Context(), id, &depotapi.UpdateWidgetParams{IfMatch: version}, depotapi.UpdateWidgetRequest{Title: &title})
		require.NoError(t, err)
		return answer
	}
	first := change(`"1"`, "First")
	require.Equal(t, "First", contracttest.Body(t, first, first.JSON200).Title)
	require.Equal(t, http.StatusPreconditionFailed, change(`"1"`, "Second").StatusCode())
	read, err := client.GetWidgetWithResponse(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, "First", contracttest.Body(t, read, read.JSON200).Title)

	deleted, err := client.DeleteWidgetWithResponse(t.Context(), id)
	require.NoError(t, err)
	require.Equal(t, http.StatusNoContent, deleted.StatusCode())
	require.Equal(t, http.StatusNotFound, change("*", "Third").StatusCode())
}
