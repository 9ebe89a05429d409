package orders

import (
	"bufio"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/standing"
	"example.com/plumbline/impl/testkit/contracttest"
)

// told is one event that a stream has sent.
type told struct{ id, event, data string }

// openStream requests a stream, after an event if one is named.
func (s *server) openStream(ctx context.Context, access string, order uuid.UUID, lastEventID string) *http.Response {
	s.t.Helper()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL+"/api/v1/orders/"+order.String()+"/events", nil)
	require.NoError(s.t, err)
	r.Header.Set("Authorization", "Bearer "+access)
	r.Header.Set("Accept", "text/event-stream")
	if lastEventID != "" {
		r.Header.Set("Last-Event-ID", lastEventID)
	}
	answer, err := http.DefaultClient.Do(r)
	require.NoError(s.t, err)
	return answer
}

// follow reads a stream. The channel ends with it.
func (s *server) follow(ctx context.Context, access string, order uuid.UUID, lastEventID string) (int, <-chan told) {
	s.t.Helper()
	answer := s.openStream(ctx, access, order, lastEventID)
	events := make(chan told, 100)
	go func() {
		defer close(events)
		defer answer.Body.Close()
		var one told
		for lines := bufio.NewScanner(answer.Body); lines.Scan(); {
			name, value, _ := strings.Cut(lines.Text(), ": ")
			switch name {
			case "id":
				one.id = value
			case "event":
				one.event = value
			case "data":
				one.data = value
			case "":
				if one.id != "" {
					events <- one
				}
				one = told{}
			}
		}
	}()
	return answer.StatusCode, events
}

func next(t *testing.T, events <-chan told) told {
	t.Helper()
	select {
	case one, ok := <-events:
		require.True(t, ok, "the stream has ended")
		return one
	case <-time.After(30 * time.Second):
		require.Fail(t, "nothing was told")
		return told{}
	}
}

func ends(t *testing.T, events <-chan told) {
	t.Helper()
	for deadline := time.After(30 * time.Second); ; {
		select {
		case _, ok := <-events:
			if !ok {
				return
			}
		case <-deadline:
			require.Fail(t, "the stream did not end")
		}
	}
}

func TestFollowOrder(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := uuid.New()
	access := s.access(id)
	me, payments, staff := caller{s.client(access), id}, s.as(ordersapi.RolePayments), s.as(ordersapi.RoleStaff)
	order := s.order(me, s.product(10), 1)
	ctx, leave := context.WithCancel(t.Context())
	status, events := s.follow(ctx, access, order.ID, "")
	require.Equal(t, http.StatusOK, status)
	first := next(t, events)
	require.Equal(t, told{"1", "order.placed", first.data}, first)
	var placed ordersapi.OrderEvent
	require.NoError(t, json.Unmarshal([]byte(first.data), &placed))
	require.Equal(t, order.Total, *placed.Amount)

	_, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, "order.paid", next(t, events).event)
	leave()
	ends(t, events)
	require.Eventually(t, func() bool {
		return s.service.followers.count() == 0
	}, 30*time.Second, 10*time.Millisecond, "whoever has left is forgotten")

	// A client that reconnects resumes after the last event.
	_, err = staff.ShipOrderWithResponse(t.Context(), order.ID, ordersapi.ShipOrderRequest{})
	require.NoError(t, err)
	status, events = s.follow(t.Context(), access, order.ID, "2")
	require.Equal(t, http.StatusOK, status)
	require.Equal(t, "3", next(t, events).id)
	s.tell("session.revoked", id, standing.SessionEnd{SessionID: uuid.New()})
	_, err = staff.DeliverOrderWithResponse(t.Context(), order.ID, ordersapi.DeliverOrderRequest{})
	require.NoError(t, err)
	require.Equal(t, "order.delivered", next(t, events).event, "another's session is another's")

	// A stream ends when its caller is no longer authorized.
	s.tell("user.disabled", id,
		standing.Account{UserID: id, Status: "disabled", ChangedAt: s.Clock.Now().Add(time.Second)})
	ends(t, events)
}

func TestStreamsPerCaller(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := uuid.New()
	access := s.access(id)
	order := s.order(caller{s.client(access), id}, s.product(10), 1)
	for range mostStreams {
		status, _ := s.follow(t.Context(), access, order.ID, "")
		require.Equal(t, http.StatusOK, status)
	}
	status, _ := s.follow(t.Context(), access, order.ID, "")
	require.Equal(t, http.StatusConflict, status)
	status, events := s.follow(t.Context(), s.access(uuid.New(), ordersapi.RoleSupport), order.ID, "")
	require.Equal(t, http.StatusOK, status, "others have streams of their own")
	require.Equal(t, "order.placed", next(t, events).event)
	status, _ = s.follow(t.Context(), s.access(uuid.New()), order.ID, "")
	require.Equal(t, http.StatusNotFound, status)
}

func TestStreamEndsWithItsToken(t *testing.T) {
	t.Parallel()
	s := start(t)
	id := uuid.New()
	access := s.access(id)
	order := s.order(caller{s.client(access), id}, s.product(10), 1)
	_, events := s.follow(t.Context(), access, order.ID, "")
	require.Equal(t, "order.placed", next(t, events).event)
	s.Clock.Advance(6 * time.Minute)
	ends(t, events)
}

func TestStreamEndsWithItsRoles(t *testing.T) {
	t.Parallel()
	s := start(t)
	support := uuid.New()
	_, events := s.follow(t.Context(), s.access(support, ordersapi.RoleSupport), s.order(s.as(), s.product(10), 1).ID, "")
	require.Equal(t, "order.placed", next(t, events).event)
	s.tell("user.roles_changed", support, standing.Account{
		UserID: support, Status: "active", Roles: []string{"customer"}, ChangedAt: s.Clock.Now().Add(time.Second),
	})
	ends(t, events)
}

// An idle stream sends heartbeats.
func TestHeartbeats(t *testing.T) {
	t.Parallel()
	s := start(t)
	require.Equal(t, 15*time.Second, s.service.heartbeat, "as the document says, and clients count on")
	s.service.heartbeat = 20 * time.Millisecond
	id := uuid.New()
	access := s.access(id)
	order := s.order(caller{s.client(access), id}, s.product(10), 1)
	answer := s.openStream(t.Context(), access, order.ID, "")
	defer func() { _ = answer.Body.Close() }() // It has been read.
	lines, line := bufio.NewReader(answer.Body), ""
	for !strings.HasPrefix(line, ":") {
		var err error
		line, err = lines.ReadString('\n')
		require.NoError(t, err, "no heartbeat")
	}
	require.Equal(t, ": still here\n", line)
}

func TestHistoryPages(t *testing.T) {
	t.Parallel()
	s := start(t)
	me, payments, staff := s.as(), s.as(ordersapi.RolePayments), s.as(ordersapi.RoleStaff)
	order := s.order(me, s.product(10), 1)
	_, err := payments.PayOrderWithResponse(t.Context(), order.ID, ordersapi.PayOrderRequest{})
	require.NoError(t, err)
	_, err = staff.ShipOrderWithResponse(t.Context(), order.ID, ordersapi.ShipOrderRequest{})
	require.NoError(t, err)
	limit := int32(2)
	page, err := me.ListOrderEventsWithResponse(t.Context(), order.ID, &ordersapi.ListOrderEventsParams{Limit: &limit})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, page, page.JSON200).Items, 2)
	cursor, err := contracttest.Body(t, page, page.JSON200).NextCursor.Get()
	require.NoError(t, err)
	page, err = me.ListOrderEventsWithResponse(t.Context(), order.ID,
		&ordersapi.ListOrderEventsParams{Limit: &limit, Cursor: &cursor})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, page, page.JSON200).Items, 1)
	require.Equal(t, int32(3), contracttest.Body(t, page, page.JSON200).Items[0].Sequence)
	require.True(t, contracttest.Body(t, page, page.JSON200).NextCursor.IsNull())
}
