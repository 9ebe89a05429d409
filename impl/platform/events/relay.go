package events

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/failpoint"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

const (
	pollEvery = 100 * time.Millisecond
	batchSize = 500
	// batchTimeout is when a batch stops beginning anything new, well before PostgreSQL takes the leader for dead.
	batchTimeout = 10 * time.Second
	// lastPassTimeout bounds the last pass, when the process ends.
	lastPassTimeout = 3 * time.Second
	// longestBackoff is the pause between attempts at most while NATS takes nothing.
	longestBackoff = 2 * time.Second
	measureEvery   = 5 * time.Second
	purgeEvery     = time.Hour

	// duplicateWindow is how long JetStream drops a second copy of an event; the inboxes drop later ones.
	duplicateWindow = 10 * time.Minute
	// streamAge is how long a stream keeps an event: a consumer that is away for longer misses some.
	streamAge = 7 * 24 * time.Hour
)

// The statements of the relay. What is unpublished is found by its index; published_at is PostgreSQL's time.
const (
	listUnpublished = `
SELECT position, id, type, subject, data, occurred_at, coalesce(traceparent, '')
FROM outbox
WHERE published_at IS NULL
ORDER BY position
LIMIT $1`
	markPublished = `
UPDATE outbox
SET published_at = clock_timestamp()
WHERE position = ANY ($1)`
	measureOutbox = `
SELECT count(*), coalesce(extract(epoch FROM clock_timestamp() - min(occurred_at)), 0)::float8
FROM (
    SELECT occurred_at
    FROM outbox
    WHERE published_at IS NULL
    ORDER BY position
    LIMIT 100000
) AS unpublished`
	purgePublished = `
DELETE FROM outbox
WHERE position IN (
    SELECT position
    FROM outbox
    WHERE published_at < now() - interval '7 days'
    LIMIT $1
)`
	// The oldest are first, so that the purge ends where young ones begin.
	purgeUnpublished = `
DELETE FROM outbox
WHERE position IN (
    SELECT position
    FROM outbox
    WHERE published_at IS NULL
    ORDER BY position
    LIMIT $1
)
  AND occurred_at < now() - interval '7 days'`
)

// RelayConfig names the outbox and where its events are published.
type RelayConfig struct {
	// Service is the service of the outbox, such as "users": the stream is USERS, the source of the events /users.
	Service string
	// Database is how to connect to it. The relay keeps one connection of its own.
	Database *pgx.ConnConfig
	// Bus takes the events. With nil they are kept for a week and then removed unpublished.
	Bus *Bus
	// Tracer records the publishing of events whose traces are recorded; nil: none.
	Tracer *telemetry.Tracer
	// Types are the label values of events_published_total; any other counts as "other".
	Types []string
	// Registry shows outbox_unpublished, outbox_oldest_unpublished_seconds, events_published_total{type},
	// events_publish_failures_total and relay_leader.
	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Relay publishes the events of an outbox. Of the relays of a database one works; another takes over when it ends.
type Relay struct {
	config RelayConfig

	leader, unpublished, oldest prometheus.Gauge
	published                   *prometheus.CounterVec
	failures                    prometheus.Counter

	// What follows belongs to the one goroutine of Run.
	streamReady bool
	refusals    int // in a row
	measured    time.Time
	purged      time.Time
}

// NewRelay prepares a relay; Run runs it.
func NewRelay(c RelayConfig) (*Relay, error) {
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help})
	}
	r := &Relay{
		config: c,
		leader: gauge("relay_leader", "1 where events are published, 0 where another replica does it."),
		unpublished: gauge("outbox_unpublished",
			"Events that wait to be published, counted up to 100000; 0 on replicas that do not lead."),
		oldest: gauge("outbox_oldest_unpublished_seconds",
			"Age of the oldest event that waits; 0 on replicas that do not lead."),
		published: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "events_published_total", Help: "Events that NATS has stored.",
		}, []string{"type"}),
		failures: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "events_publish_failures_total", Help: "Attempts to publish that failed; the events wait.",
		}),
	}
	for _, label := range append([]string{otherType}, c.Types...) {
		r.published.WithLabelValues(label)
	}
	return r, register(c.Registry, r.leader, r.unpublished, r.oldest, r.published, r.failures)
}

// otherType stands for every type that the service did not name.
const otherType = "other"

func register(registry prometheus.Registerer, all ...prometheus.Collector) error {
	var errs []error
	for _, c := range all {
		errs = append(errs, registry.Register(c))
	}
	return errors.Join(errs...)
}

// Run publishes until ctx ends, and then once more the events that were committed before.
func (r *Relay) Run(ctx context.Context) {
	lead(ctx, r.config.Database, "outbox relay", r.config.Log, r.work)
}

func (r *Relay) work(ctx context.Context, conn *pgx.Conn) error {
	r.leader.Set(1)
	defer func() {
		r.leader.Set(0)
		r.unpublished.Set(0)
		r.oldest.Set(0)
	}()
	r.streamReady, r.measured, r.purged = false, time.Time{}, time.Time{}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		// A pass that has begun is ended in order: what was published is marked.
		passing, cancel := context.WithCancel(context.WithoutCancel(ctx))
		last := ctx.Err() != nil
		if last {
			passing, cancel = context.WithTimeout(context.WithoutCancel(ctx), lastPassTimeout)
		}
		more, err := r.pass(passing, conn)
		cancel()
		switch {
		case err != nil || last:
			return err
		case r.refusals > 0:
			pause(ctx, min(pollEvery<<min(r.refusals, 10), longestBackoff))
		case !more:
			select {
			case <-ctx.Done():
			case <-tick.C:
			}
		}
	}
}

// pass publishes a batch and does what else is due. more says that there is probably another batch; the error is
// one of the database's.
func (r *Relay) pass(ctx context.Context, conn *pgx.Conn) (more bool, err error) {
	if r.config.Bus != nil {
		if more, err = r.publish(ctx, conn); err != nil {
			return false, err
		}
	}
	if time.Since(r.measured) > measureEvery {
		r.measured = time.Now()
		if err := r.measure(ctx, conn); err != nil {
			return false, err
		}
	}
	if time.Since(r.purged) > purgeEvery {
		statement := purgePublished
		if r.config.Bus == nil {
			statement = purgeUnpublished
		}
		full, err := purge(ctx, conn, statement)
		if err != nil {
			return false, err
		}
		if !full {
			r.purged = time.Now()
		}
	}
	return more, nil
}

func (r *Relay) measure(ctx context.Context, conn *pgx.Conn) error {
	return within(ctx, statementTimeout, func(ctx context.Context) error {
		var count int
		var age float64
		if err := conn.QueryRow(ctx, measureOutbox).Scan(&count, &age); err != nil {
			return err
		}
		r.unpublished.Set(float64(count))
		r.oldest.Set(max(age, 0))
		return nil
	})
}

// purge removes one batch and tells whether there may be more: between two batches the relay publishes.
func purge(ctx context.Context, conn *pgx.Conn, statement string) (full bool, err error) {
	err = within(ctx, statementTimeout, func(ctx context.Context) error {
		//sqltext:allow both callers pass a constant
		tag, err := conn.Exec(ctx, statement, postgres.BatchSize)
		full = tag.RowsAffected() == postgres.BatchSize
		return err
	})
	return full, err
}

// entry is an event with its place in the outbox.
type entry struct {
	position int64
	event    Event
}

func (r *Relay) publish(ctx context.Context, conn *pgx.Conn) (more bool, err error) {
	batch, err := r.read(ctx, conn)
	if err != nil || len(batch) == 0 {
		return false, err
	}
	// An event is told to others when it cannot be lost any more.
	settle := func(ctx context.Context) error { return postgres.Settle(ctx, conn) }
	if err := within(ctx, statementTimeout, settle); err != nil {
		return false, err
	}
	if err := failpoint.Hit("outbox.before-publish"); err != nil {
		return false, err
	}
	stored, refused := r.send(ctx, batch)
	r.note(ctx, refused)
	if err := failpoint.Hit("outbox.after-publish"); err != nil {
		return false, err
	}
	if len(stored) == 0 {
		return false, nil
	}
	// However late it has become: what is marked is not published again.
	err = within(context.WithoutCancel(ctx), statementTimeout, func(ctx context.Context) error {
		_, err := conn.Exec(ctx, markPublished, stored)
		return err
	})
	return len(batch) == batchSize, err
}

func (r *Relay) read(ctx context.Context, conn *pgx.Conn) (batch []entry, err error) {
	err = within(ctx, statementTimeout, func(ctx context.Context) error {
		rows, err := conn.Query(ctx, listUnpublished, batchSize)
		if err != nil {
			return err
		}
		batch, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (entry, error) {
			w := entry{event: Event{Source: source(r.config.Service)}}
			e := &w.event
			err := row.Scan(&w.position, &e.ID, &e.Type, &e.Subject, &e.Data, &e.Time, &e.Traceparent)
			e.Time = e.Time.UTC()
			return w, err
		})
		return err
	})
	return batch, err
}

// note tells when NATS begins to refuse events and when it takes them again.
func (r *Relay) note(ctx context.Context, refused error) {
	if refused == nil {
		if r.refusals > 0 {
			r.config.Log.InfoContext(ctx, "events are published again")
		}
		r.refusals = 0
		return
	}
	r.failures.Inc()
	if r.refusals == 0 {
		r.config.Log.WarnContext(ctx, "events wait: NATS does not take them", slog.Any("error", refused))
	}
	r.refusals++
	r.streamReady = false
}

// send publishes a batch in waves: the first event of every subject at the same time, then, where that is stored, the
// next. The rest of the batch leaves out a subject whose event is refused. send gives the positions of the stored
// events and the last refusal.
func (r *Relay) send(ctx context.Context, batch []entry) (stored []int64, refused error) {
	bus, err := r.prepared(ctx)
	if err != nil {
		return nil, err
	}
	lanes := map[uuid.UUID][]entry{}
	var subjects []uuid.UUID
	for _, w := range batch {
		if len(lanes[w.event.Subject]) == 0 {
			subjects = append(subjects, w.event.Subject)
		}
		lanes[w.event.Subject] = append(lanes[w.event.Subject], w)
	}
	for start := time.Now(); len(subjects) > 0 && time.Since(start) < batchTimeout; {
		sent := make([]func() error, len(subjects))
		for i, subject := range subjects {
			sent[i] = r.begin(ctx, bus, lanes[subject][0].event)
		}
		left := subjects[:0]
		for i, subject := range subjects {
			if err := sent[i](); err != nil {
				refused = err
				continue
			}
			stored = append(stored, lanes[subject][0].position)
			if lanes[subject] = lanes[subject][1:]; len(lanes[subject]) > 0 {
				left = append(left, subject)
			}
		}
		subjects = left
	}
	return stored, refused
}

// begin sends one event; the function that it gives waits, at most for ackTimeout, until the event is stored.
func (r *Relay) begin(ctx context.Context, bus jetstream.JetStream, e Event) func() error {
	var span trace.Span
	e, span = published(ctx, r.config.Tracer, r.config.Service, e)
	message, err := e.encode()
	if err != nil {
		return func() error { return ended(span, err) }
	}
	ack, err := bus.PublishAsync(topic(r.config.Service, e.Type), message,
		jetstream.WithMsgID(e.ID.String()), jetstream.WithExpectStream(stream(r.config.Service)))
	if err != nil {
		return func() error { return ended(span, err) }
	}
	return func() error {
		select {
		case <-ctx.Done():
			return ended(span, ctx.Err())
		case <-ack.Ok():
			label := e.Type
			if !slices.Contains(r.config.Types, label) {
				label = otherType
			}
			r.published.WithLabelValues(label).Inc()
			return ended(span, nil)
		case err := <-ack.Err():
			return ended(span, err)
		}
	}
}

// prepared gives JetStream with the service's stream. It keeps the settings of an operator, except those that the
// package's promises depend on.
func (r *Relay) prepared(ctx context.Context) (jetstream.JetStream, error) {
	bus, err := r.config.Bus.jetStream()
	if err != nil || r.streamReady {
		return bus, err
	}
	ctx, cancel := context.WithTimeout(ctx, ackTimeout)
	defer cancel()
	name, subjects := stream(r.config.Service), []string{topics(r.config.Service)}
	existing, err := bus.Stream(ctx, name)
	if errors.Is(err, jetstream.ErrStreamNotFound) {
		_, err = bus.CreateStream(ctx, jetstream.StreamConfig{
			Name: name, Description: "What happened in the " + r.config.Service + " service.", Subjects: subjects,
			Storage: jetstream.FileStorage, Retention: jetstream.LimitsPolicy, Discard: jetstream.DiscardOld,
			MaxAge: streamAge, Duplicates: duplicateWindow,
		})
	} else if err == nil {
		config := existing.CachedInfo().Config
		if !slices.Equal(config.Subjects, subjects) || config.Duplicates < duplicateWindow {
			config.Subjects, config.Duplicates = subjects, max(config.Duplicates, duplicateWindow)
			_, err = bus.UpdateStream(ctx, config)
		}
	}
	r.streamReady = err == nil
	return bus, err
}
