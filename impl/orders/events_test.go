package orders

import (
	"encoding/json"
	"maps"
	"os"
	"regexp"
	"slices"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
)

// The page that describes the events names every type and shows an event with every member.
func TestEventsAreDescribed(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/events.md")
	require.NoError(t, err)
	for _, name := range eventTypes() {
		require.Regexp(t, "(?m)^\\| `"+regexp.QuoteMeta(name)+"` \\|", string(page))
	}
	amount, reason := int64(1), "reason"
	all, err := json.Marshal(eventOf(step{
		order: ordersdb.Order{ID: uuid.New(), Currency: "EUR"}, amount: &amount, reason: &reason,
	}, ordersapi.OrderActorStaff))
	require.NoError(t, err)
	var written map[string]any
	require.NoError(t, json.Unmarshal(all, &written))
	described := 0
	for _, block := range regexp.MustCompile("(?s)```json\n(.*?)```").FindAllSubmatch(page, -1) {
		var e struct {
			Source, Type string
			Data         map[string]any
		}
		require.NoError(t, json.Unmarshal(block[1], &e), string(block[1]))
		if e.Source == "/orders" {
			described++
			require.Contains(t, eventTypes(), e.Type)
			require.Equal(t, slices.Sorted(maps.Keys(written)), slices.Sorted(maps.Keys(e.Data)))
		}
	}
	require.Equal(t, 1, described)
}
