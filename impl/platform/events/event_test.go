package events

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
)

// TestEnvelope holds an event against the JSON format of CloudEvents, and reads it back.
func TestEnvelope(t *testing.T) {
	t.Parallel()
	e := Event{
		ID: uuid.MustParse("0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f"), Source: "/users", Type: "user.disabled",
		Subject: uuid.MustParse("0197f0a1-5c3e-7d2b-9f00-aabbccddeeff"),
		Time:    time.Date(2026, 11, 23, 9, 30, 0, 123456000, time.UTC),
		Data:    json.RawMessage(`{"status": "disabled"}`),
	}
	const want = `{"specversion":"1.0","id":"0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f","source":"/users",` +
		`"type":"user.disabled",` +
		`"subject":"0197f0a1-5c3e-7d2b-9f00-aabbccddeeff","time":"2026-11-23T09:30:00.123456Z",` +
		`"data":{"status":"disabled"},"datacontenttype":"application/json"}`
	message, err := e.encode()
	require.NoError(t, err)
	require.JSONEq(t, want, string(message))
	read, err := decode(message)
	require.NoError(t, err)
	e.Data = json.RawMessage(`{"status":"disabled"}`)
	require.Equal(t, e, read)

	e.Traceparent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
	message, err = e.encode()
	require.NoError(t, err)
	require.Contains(t, string(message), `"traceparent":"`+e.Traceparent+`"`)
	read, err = decode(message)
	require.NoError(t, err)
	require.Equal(t, e, read)
}
