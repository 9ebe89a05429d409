package events_test

import (
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/stretchr/testify/require"
)

// TestStreamIsWhatThePromisesRestOn has the relay make the stream, and find one that an operator has made.
func TestStreamIsWhatThePromisesRestOn(t *testing.T) {
	t.Parallel()
	for name, operators := range map[string]*jetstream.StreamConfig{
		"made by the relay": nil,
		"made by an operator": {
			Name: "SHOP", Subjects: []string{"plumbline.shop.thing.*", "elsewhere.>"},
			MaxAge: 30 * 24 * time.Hour, Duplicates: time.Minute, MaxMsgs: 1000,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t)
			js := w.stream(t)
			if operators != nil {
				_, err := js.CreateStream(t.Context(), *operators)
				require.NoError(t, err)
			}
			w.write(t, uuid.New(), 1)
			w.relay(t, w.connect(t))
			w.eventually(t, 0, unpublished)
			stream, err := js.Stream(t.Context(), "SHOP")
			require.NoError(t, err)
			config := stream.CachedInfo().Config
			require.Equal(t, []string{"plumbline.shop.>"}, config.Subjects)
			require.Equal(t, 10*time.Minute, config.Duplicates)
			require.Equal(t, jetstream.FileStorage, config.Storage)
			if operators == nil {
				require.Equal(t, 7*24*time.Hour, config.MaxAge)
				require.Equal(t, 1, config.Replicas)
				return
			}
			require.Equal(t, operators.MaxAge, config.MaxAge, "it stays")
			require.Equal(t, operators.MaxMsgs, config.MaxMsgs)
		})
	}
}
