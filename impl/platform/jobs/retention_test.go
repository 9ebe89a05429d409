package jobs_test

import (
	"context"
	"testing"

	"github.com/riverqueue/river"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/jobs"
)

// TestWhatIsOverIsRemoved inserts finished jobs just before and just after their retention ends.
func TestWhatIsOverIsRemoved(t *testing.T) {
	t.Parallel()
	pool := database(t)
	_, err := pool.Exec(t.Context(), `
		INSERT INTO river_job (kind, args, max_attempts, state, attempt, finalized_at)
		SELECT 'note', json_build_object('text', state || ' for ' || age), 1, state::river_job_state, 1, now() - age::interval
		FROM (VALUES ('completed', '59 minutes'), ('completed', '61 minutes'), ('cancelled', '59 minutes'),
			('cancelled', '61 minutes'), ('discarded', '167 hours'), ('discarded', '169 hours')) AS over (state, age)`)
	require.NoError(t, err)
	replica(t, pool, &worker{do: func(context.Context, *river.Job[note]) error { return nil }}, jobs.Config{})
	var left []string
	eventually(t, "three are gone", func() bool {
		require.NoError(t,
			pool.QueryRow(t.Context(), "SELECT array_agg(args ->> 'text' ORDER BY id) FROM river_job").Scan(&left))
		return len(left) <= 3
	})
	require.Equal(t, []string{"completed for 59 minutes", "cancelled for 59 minutes", "discarded for 167 hours"}, left)
}
