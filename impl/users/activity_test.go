package users

import (
	"strconv"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// An export holds the newest thousand entries, and a cursor to the others.
func TestExportOfALongActivity(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada := s.signUp("ada@example.com")
	for i := range heldAtMost {
		s.Clock.Advance(time.Millisecond)
		require.NoError(t, s.service.audit.Record(t.Context(), httpapi.AuditEntry{
			ID: newID(), Action: "session.end", Outcome: "success", Actor: ada.user.ID, Target: ada.user.ID,
			RequestID: strconv.Itoa(i), OccurredAt: s.Clock.Now(),
		}))
	}
	held := ada.exportOwnData(t).Activity
	require.Len(t, held.Items, heldAtMost)
	require.Equal(t, strconv.Itoa(heldAtMost-1), held.Items[0].RequestID)
	next, err := held.NextCursor.Get()
	require.NoError(t, err)
	rest, err := ada.ListActivityWithResponse(t.Context(), &usersapi.ListActivityParams{Cursor: &next})
	require.NoError(t, err)
	all := map[uuid.UUID]bool{}
	for _, e := range append(held.Items, contracttest.Body(t, rest, rest.JSON200).Items...) {
		all[e.ID] = true
	}
	require.Len(t, all, heldAtMost+2, "what was recorded here, the registration and the login")
	require.True(t, contracttest.Body(t, rest, rest.JSON200).NextCursor.IsNull())
}
