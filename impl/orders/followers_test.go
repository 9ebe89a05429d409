package orders

import (
	"context"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersdb"
)

// versions records the orders whose versions are read from the database.
type versions struct {
	ordersdb.Querier

	mu    sync.Mutex
	asked [][]uuid.UUID
}

func (v *versions) ListOrderVersions(_ context.Context, ids []uuid.UUID) ([]ordersdb.ListOrderVersionsRow, error) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = append(v.asked, ids)
	return nil, nil
}

// taken gives what has been recorded since the last call.
func (v *versions) taken() [][]uuid.UUID {
	v.mu.Lock()
	defer v.mu.Unlock()
	asked := v.asked
	v.asked = nil
	return asked
}

// All streams together cost one statement for each interval, and none when there are no streams.
func TestFollowersAskOnceForAll(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		f, v := newFollowers(), &versions{}
		ctx, stop := context.WithCancel(t.Context())
		var watching sync.WaitGroup
		watching.Go(func() { f.poll(ctx, v, slog.New(slog.DiscardHandler)) })
		turns := func(n int) [][]uuid.UUID {
			v.taken()
			time.Sleep(time.Duration(n) * followEvery)
			synctest.Wait()
			return v.taken()
		}
		require.Empty(t, turns(10))
		one, other := uuid.New(), uuid.New()
		var streams []*follower
		for _, order := range []uuid.UUID{one, one, other} {
			stream, joined := f.join(uuid.New(), order)
			require.True(t, joined)
			streams = append(streams, stream)
		}
		asked := turns(3)
		require.Len(t, asked, 3)
		require.ElementsMatch(t, []uuid.UUID{one, other}, asked[0])
		for _, stream := range streams {
			f.leave(stream)
		}
		require.Empty(t, turns(10))
		stop()
		watching.Wait()
	})
}
