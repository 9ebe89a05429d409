package telemetry

import (
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

func TestParseTraceparent(t *testing.T) {
	t.Parallel()
	const trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
	valid := map[string]bool{ // sampled
		"00-" + trace + "-" + span + "-01":        true,
		"00-" + trace + "-" + span + "-00":        false,
		"00-" + trace + "-" + span + "-03":        true,
		"00-" + trace + "-" + span + "-02":        false,
		"00-" + trace + "-" + span + "-0b":        true,
		"00-" + trace + "-" + span + "-fa":        false,
		"cc-" + trace + "-" + span + "-01":        true,
		"cc-" + trace + "-" + span + "-01-future": true,
	}
	for h, want := range valid {
		traceID, spanID, sampled, ok := ParseTraceparent(h)
		require.True(t, ok, h)
		require.Equal(t, trace, traceID)
		require.Equal(t, span, spanID)
		require.Equal(t, want, sampled, h)
	}
	for _, h := range []string{
		"", "00", strings.Repeat("-", 55),
		"00-" + trace + "-" + span + "-1",
		"00-" + trace + "-" + span + "-01-",
		"00-" + trace + "-" + span + "-01-future",
		"cc-" + trace + "-" + span + "-01.future",
		"ff-" + trace + "-" + span + "-01",
		"0x-" + trace + "-" + span + "-01",
		"00-" + strings.ToUpper(trace) + "-" + span + "-01",
		"00-" + strings.Repeat("0", 32) + "-" + span + "-01",
		"00-" + trace + "-" + strings.Repeat("0", 16) + "-01",
		"00-" + trace + "-" + span + "-0g",
		"00_" + trace + "-" + span + "-01",
		"00-" + trace + "_" + span + "-01",
		"00-" + trace + "-" + span + "_01",
		" 00-" + trace + "-" + span + "-01",
		"00-" + trace + "-" + span + "-01 ",
		"00-" + trace[:31] + "g-" + span + "-01",
		"00-" + trace + "-" + span[:15] + "\n-01",
	} {
		_, _, _, ok := ParseTraceparent(h)
		require.False(t, ok, h)
	}
}

func TestNewIDs(t *testing.T) {
	t.Parallel()
	before := time.Now().Truncate(time.Millisecond)
	seen := make(map[string]bool)
	for range 1000 {
		id := NewRequestID()
		require.True(t, ValidRequestID(id))
		parsed, err := uuid.Parse(id)
		require.NoError(t, err)
		require.EqualValues(t, 7, parsed.Version())
		require.Equal(t, uuid.RFC4122, parsed.Variant())
		at := time.Unix(parsed.Time().UnixTime())
		require.False(t, at.Before(before) || at.After(time.Now()), "%s holds %s", id, at)

		scope := RequestScope{TraceID: NewTraceID(), SpanID: NewSpanID()}
		_, _, _, ok := ParseTraceparent(scope.Traceparent())
		require.True(t, ok)
		for _, id := range []string{id, scope.TraceID, scope.SpanID} {
			require.False(t, seen[id])
			seen[id] = true
		}
	}
}

func TestValidRequestID(t *testing.T) {
	t.Parallel()
	for _, id := range []string{"a", "A-1_b.c", strings.Repeat("x", 128)} {
		require.True(t, ValidRequestID(id), id)
	}
	for _, id := range []string{"", strings.Repeat("x", 129), "a b", "a\nb", `a"`, "a/b", "é", "a\x00", "<a>"} {
		require.False(t, ValidRequestID(id), id)
	}
}
