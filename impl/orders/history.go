package orders

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

const (
	// heartbeat is how often a stream says something when there is nothing to say, so that nobody between takes it for dead.
	heartbeat = 15 * time.Second
	// standingEvery is how often a stream asks whether its caller may still be here.
	standingEvery = time.Second
	// streamBatch is how many events are read at once.
	streamBatch = 100
	// reconnectAfter is what a browser is told to wait before it takes a stream up again.
	reconnectAfter = 2 * time.Second
)

// ListOrderEvents lists what has happened to an order, or goes on telling it.
func (s *Service) ListOrderEvents(ctx context.Context, req ordersapi.ListOrderEventsRequestObject) (ordersapi.ListOrderEventsResponseObject, error) {
	order, err := s.queries.GetOrder(ctx, req.OrderID)
	if err != nil {
		return nil, explain(err, errOrderNotFound)
	}
	if httpapi.Representation(ctx) == "text/event-stream" {
		return s.stream(ctx, order, sequenceOf(req.Params.LastEventID))
	}
	limit, after := *req.Params.Limit, int64(0)
	if req.Params.Cursor != nil {
		after = paging.After(req.Params.Cursor).Time.UnixMicro()
	}
	rows, err := s.queries.ListOrderEvents(ctx, ordersdb.ListOrderEventsParams{OrderID: order.ID, After: after, RowLimit: limit + 1})
	if err != nil {
		return nil, explain(err, nil)
	}
	// A cursor holds a time; the place of an event is its sequence number.
	rows, next := paging.Page(rows, int(limit), func(e ordersdb.OrderEvent) paging.Position {
		return paging.Position{Time: time.UnixMicro(e.Sequence), ID: e.OrderID}
	})
	items := make([]ordersapi.OrderEvent, len(rows))
	for i, row := range rows {
		items[i] = toAPIOrderEvent(row, order.Currency)
	}
	return ordersapi.ListOrderEvents200JSONResponse{
		Body:    ordersapi.OrderEventList{Items: items, NextCursor: orNull(next)},
		Headers: ordersapi.ListOrderEvents200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// sequenceOf reads the Last-Event-ID that a stream resumes behind; the document has checked its form.
func sequenceOf(id *string) int64 {
	if id == nil {
		return 0
	}
	sequence, err := strconv.ParseInt(*id, 10, 64)
	if err != nil {
		return 0
	}
	return sequence
}

// stream is an answer that tells what happens to one order for as long as the caller listens and may.
type stream struct {
	ctx      context.Context //nolint:containedctx // It is that of the request, which the answer outlives not.
	service  *Service
	order    uuid.UUID
	currency string
	after    int64
	follower *follower
}

func (s *Service) stream(ctx context.Context, order ordersdb.Order, after int64) (ordersapi.ListOrderEventsResponseObject, error) {
	f, ok := s.followers.join(httpapi.Caller(ctx).Subject, order.ID)
	if !ok {
		return nil, errTooManyStreams
	}
	return &stream{ctx: ctx, service: s, order: order.ID, currency: order.Currency, after: after, follower: f}, nil
}

// VisitListOrderEventsResponse writes Server-Sent Events (WHATWG HTML, section 9.2) until the stream ends. That it ends
// is no failure: whoever wants to go on takes it up again where it ended.
func (t *stream) VisitListOrderEventsResponse(w http.ResponseWriter) error {
	defer t.service.followers.leave(t.follower)
	out := http.NewResponseController(w)
	w.Header().Set("Content-Type", "text/event-stream")
	if _, err := fmt.Fprintf(w, "retry: %d\n\n", reconnectAfter.Milliseconds()); err != nil {
		return nil // The caller has gone.
	}
	beat, standing := time.NewTicker(t.service.heartbeat), time.NewTicker(standingEvery)
	defer beat.Stop()
	defer standing.Stop()
	for {
		told, err := t.tell(w)
		if err != nil {
			return nil // The caller has gone, or the database has: both come back.
		}
		if err := out.Flush(); err != nil {
			return nil // The caller has gone.
		}
		if told == streamBatch {
			continue
		}
		if !t.wait(w, out, beat.C, standing.C) {
			return nil
		}
	}
}

// wait returns when there may be something to tell, and sends heartbeats until then. It gives false when the stream is to end.
func (t *stream) wait(w io.Writer, out *http.ResponseController, beat, standing <-chan time.Time) bool {
	for {
		select {
		case <-t.ctx.Done():
			return false
		case <-httpapi.Draining(t.ctx):
			return false
		case <-t.follower.changed:
			return true
		case <-beat:
			if _, err := io.WriteString(w, ": still here\n\n"); err != nil || out.Flush() != nil {
				return false // The caller has gone.
			}
		case <-standing:
			switch now, err := t.service.guard.Authenticate(t.ctx, httpapi.BearerToken(t.ctx)); {
			case errors.Is(err, httpapi.ErrUnauthenticated):
				return false
			case err == nil && !slices.Equal(now.Roles, httpapi.Caller(t.ctx).Roles):
				return false // Whoever may still follow the order is let in again.
			}
		}
	}
}

// tell writes the events behind the last that was told and says how many there were.
func (t *stream) tell(w io.Writer) (int, error) {
	rows, err := t.service.queries.ListOrderEvents(t.ctx, ordersdb.ListOrderEventsParams{OrderID: t.order, After: t.after, RowLimit: streamBatch})
	if err != nil {
		return 0, err
	}
	var text bytes.Buffer
	for _, row := range rows {
		data, err := json.Marshal(toAPIOrderEvent(row, t.currency))
		if err != nil {
			return 0, err
		}
		fmt.Fprintf(&text, "id: %d\nevent: %s\ndata: %s\n\n", row.Sequence, row.Type, data)
		t.after = row.Sequence
	}
	_, err = w.Write(text.Bytes())
	return len(rows), err
}
