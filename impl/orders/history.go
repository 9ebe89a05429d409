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
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

const (
	// heartbeat is the interval of comments on an idle stream, which keep proxies from closing it.
	heartbeat = 15 * time.Second
	// standingEvery is how often a stream checks that its caller is still authorized.
	standingEvery = time.Second
	// streamBatch is how many events are read at once.
	streamBatch = 100
	// reconnectAfter is the retry interval that browsers are told.
	reconnectAfter = 2 * time.Second
)

// ListOrderEvents lists the events of an order, or streams them.
func (s *Service) ListOrderEvents(
	ctx context.Context, req ordersapi.ListOrderEventsRequestObject,
) (ordersapi.ListOrderEventsResponseObject, error) {
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
	rows, err := s.queries.ListOrderEvents(ctx, ordersdb.ListOrderEventsParams{
		OrderID: order.ID, After: after, RowLimit: limit + 1,
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	// A cursor holds a time; here its microseconds are the sequence number of an event.
	rows, next := paging.Page(rows, int(limit), func(e ordersdb.OrderEvent) paging.Position {
		return paging.Position{Time: time.UnixMicro(e.Sequence), ID: e.OrderID}
	})
	items := make([]ordersapi.OrderEvent, len(rows))
	for i, row := range rows {
		items[i] = toAPIOrderEvent(row, order.Currency)
	}
	return ordersapi.ListOrderEvents200JSONResponse{
		Body:    ordersapi.OrderEventList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: ordersapi.ListOrderEvents200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// sequenceOf reads the Last-Event-ID after which a stream resumes; the document has checked its form.
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

// stream is an answer that sends the events of one order for as long as the caller listens and is authorized.
type stream struct {
	ctx      context.Context //nolint:containedctx // The request's; the answer ends with it.
	service  *Service
	order    uuid.UUID
	currency string
	after    int64
	follower *follower
}

func (s *Service) stream(
	ctx context.Context, order ordersdb.Order, after int64,
) (ordersapi.ListOrderEventsResponseObject, error) {
	f, ok := s.followers.join(httpapi.Caller(ctx).Subject, order.ID)
	if !ok {
		return nil, errTooManyStreams
	}
	return &stream{ctx: ctx, service: s, order: order.ID, currency: order.Currency, after: after, follower: f}, nil
}

// VisitListOrderEventsResponse writes Server-Sent Events (WHATWG HTML, section 9.2) until the stream ends. The end is
// no error: the client reconnects and resumes.
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
		told, err := t.writeEvents(w)
		if err != nil {
			return nil // The caller or the database has gone; the client reconnects.
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

// wait sends heartbeats until the order may have changed, and returns true; false means that the stream is to end.
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
			switch now, err := t.service.Guard.Authenticate(t.ctx, httpapi.BearerToken(t.ctx)); {
			case errors.Is(err, contract.ErrUnauthenticated):
				return false
			case err == nil && !slices.Equal(now.Roles, httpapi.Caller(t.ctx).Roles):
				return false // The client reconnects if it is still authorized.
			}
		}
	}
}

// writeEvents writes the events after the last one sent, streamBatch at most, and gives their number.
func (t *stream) writeEvents(w io.Writer) (int, error) {
	rows, err := t.service.queries.ListOrderEvents(t.ctx, ordersdb.ListOrderEventsParams{
		OrderID: t.order, After: t.after, RowLimit: streamBatch,
	})
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
