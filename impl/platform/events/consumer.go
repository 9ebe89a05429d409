package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

const (
	// mostUnhandled is the most events in memory, with those that fail and those that wait behind them.
	mostUnhandled = 1000
	// mostAtOnce is the most events that are handled at the same time, each of another subject.
	mostAtOnce = 8
	// handleTimeout bounds one attempt to handle an event.
	handleTimeout = 5 * time.Second
	// ackWait is after how long JetStream delivers an unacknowledged event again; renewEvery is how often it is put off.
	ackWait    = 30 * time.Second
	renewEvery = 10 * time.Second
	// firstRetry doubles up to longestRetry.
	firstRetry   = 200 * time.Millisecond
	longestRetry = time.Minute
	// stuckAfter is the number of failed attempts after which an operator should look.
	stuckAfter = 5
	// readRetry is the pause after JetStream could not be read.
	readRetry = time.Second
)

// ConsumerConfig says whose events are handled, and how.
type ConsumerConfig struct {
	// Service is the service that publishes the events, such as "users".
	Service string
	// Name is the service that handles them, such as "orders": JetStream keeps its position under this name.
	Name string
	// Database is how to connect to the one with the inbox. The consumer keeps one connection of its own.
	Database *pgx.ConnConfig
	Bus      *Bus
	// Handle handles one event, usually in [Once]; for an event of no interest it returns nil. After an error or a
	// panic it is called again until it succeeds. Events of different subjects are handled at the same time.
	Handle func(ctx context.Context, e Event) error
	// Tracer records the traces of events that are recorded where the events were made; nil: none.
	Tracer *telemetry.Tracer
	// Registry shows events_handled_total{result}, events_handle_delay_seconds, events_unhandled and events_stuck,
	// all with the labels service and consumer.
	Registry prometheus.Registerer
	Log      *slog.Logger
}

// Consumer handles the events of another service. Of the consumers with one name and one database one works; another
// takes over when it ends.
type Consumer struct {
	config ConsumerConfig
	turns  chan struct{}

	handled, failed, unreadable prometheus.Counter
	delay                       prometheus.Histogram
	unhandled, stuck            prometheus.Gauge
}

// NewConsumer prepares a consumer; Run runs it.
func NewConsumer(c ConsumerConfig) (*Consumer, error) {
	labels := prometheus.Labels{"service": c.Service, "consumer": c.Name}
	results := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "events_handled_total", Help: "Events handled; attempts that failed; messages that are no events.",
		ConstLabels: labels,
	}, []string{"result"})
	gauge := func(name, help string) prometheus.Gauge {
		return prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: help, ConstLabels: labels})
	}
	consumer := &Consumer{
		config: c, turns: make(chan struct{}, mostAtOnce),
		handled:    results.WithLabelValues("handled"),
		failed:     results.WithLabelValues("failed"),
		unreadable: results.WithLabelValues("unreadable"),
		delay: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "events_handle_delay_seconds", Help: "Time from an event to its having been handled.", ConstLabels: labels,
			Buckets: []float64{.05, .1, .25, .5, 1, 2, 5, 10, 60, 600, 3600},
		}),
		unhandled: gauge("events_unhandled",
			"Events in the stream that have not been handled; 0 on replicas that do not lead."),
		stuck: gauge("events_stuck", "Events that have failed five times or more and hold up those behind them."),
	}
	return consumer, register(c.Registry, results, consumer.delay, consumer.unhandled, consumer.stuck)
}

// Run handles events until ctx ends; an attempt that has begun is ended.
func (c *Consumer) Run(ctx context.Context) {
	lead(ctx, c.config.Database, "consumer "+c.config.Name+" of "+c.config.Service, c.config.Log, c.work)
}

func (c *Consumer) work(ctx context.Context, conn *pgx.Conn) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	held := make(chan error, 1)
	go func() {
		defer cancel()
		held <- hold(ctx, conn)
	}()
	defer c.unhandled.Set(0)
	failing := false
	for ctx.Err() == nil {
		err := c.read(ctx, func() {
			if failing {
				c.config.Log.InfoContext(ctx, "events of "+c.config.Service+" are read again")
			}
			failing = false
		})
		if ctx.Err() == nil && !failing {
			failing = true
			if errors.Is(err, jetstream.ErrStreamNotFound) { // The service has published nothing yet.
				c.config.Log.InfoContext(ctx, "waiting for the first event of "+c.config.Service)
			} else {
				c.config.Log.WarnContext(ctx, "events of "+c.config.Service+" cannot be read", slog.Any("error", err))
			}
		}
		pause(ctx, readRetry)
	}
	return <-held
}

// hold watches over the connection with the lock until it is lost or ctx ends, and purges the inbox now and then.
func hold(ctx context.Context, conn *pgx.Conn) error {
	var purged time.Time
	for {
		if time.Since(purged) > purgeEvery {
			full, err := purge(ctx, conn, purgeReceived)
			if err != nil {
				return err
			}
			if full {
				continue
			}
			purged = time.Now()
		}
		// No notification comes: a lost connection ends the wait.
		if _, err := postgres.AwaitNotification(ctx, conn, statementTimeout); err != nil {
			return err
		}
	}
}

// read reads the stream until that fails or ctx ends. It begins behind the last event before which all are handled:
// what a predecessor left comes first and in order, and what it handled beyond that comes again.
func (c *Consumer) read(ctx context.Context, reading func()) error {
	bus, err := c.config.Bus.jetStream()
	if err != nil {
		return err
	}
	consumer, err := bus.CreateOrUpdateConsumer(ctx, stream(c.config.Service), jetstream.ConsumerConfig{
		Durable: c.config.Name, DeliverPolicy: jetstream.DeliverAllPolicy, AckPolicy: jetstream.AckExplicitPolicy,
		AckWait: ackWait, MaxDeliver: -1, MaxAckPending: mostUnhandled,
	})
	if err != nil {
		return err
	}
	if _, err := bus.ResetConsumer(ctx, stream(c.config.Service), c.config.Name); err != nil {
		return err
	}
	messages, err := consumer.Messages(jetstream.PullMaxMessages(mostUnhandled))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	l := &lanes{consumer: c, waiting: map[uuid.UUID][]received{}}
	renewed := make(chan struct{})
	go func() {
		defer close(renewed)
		l.renew(ctx, consumer)
	}()
	defer func() {
		messages.Stop()
		cancel()
		l.working.Wait()
		<-renewed
	}()
	reading()
	for {
		message, err := messages.Next(jetstream.NextContext(ctx))
		if err != nil {
			return err
		}
		event, err := decode(message.Data())
		if err == nil && event.Source != source(c.config.Service) {
			err = fmt.Errorf("its source is not %s", source(c.config.Service))
		}
		if err != nil {
			c.refuse(ctx, message, err)
			continue
		}
		l.add(ctx, received{message: message, event: event})
	}
}

// refuse drops a message that is no event: no later attempt would make it one.
func (c *Consumer) refuse(ctx context.Context, message jetstream.Msg, reason error) {
	c.unreadable.Inc()
	var sequence uint64
	if metadata, err := message.Metadata(); err == nil {
		sequence = metadata.Sequence.Stream
	}
	c.config.Log.ErrorContext(ctx, "a message of the stream is no event and is dropped",
		slog.String("stream", stream(c.config.Service)), slog.Uint64("sequence", sequence), slog.Any("error", reason))
	_ = message.TermWithReason(reason.Error()) // When it is lost, the message comes again.
}

// received is an event with what acknowledges it.
type received struct {
	message jetstream.Msg
	event   Event
}

// lanes hold the events of each subject in order: behind one that fails, only those of its subject wait.
type lanes struct {
	consumer *Consumer
	working  sync.WaitGroup

	mu      sync.Mutex
	waiting map[uuid.UUID][]received // the first is being handled
}

// add puts an event behind those of its subject.
func (l *lanes) add(ctx context.Context, r received) {
	l.mu.Lock()
	defer l.mu.Unlock()
	before := l.waiting[r.event.Subject]
	l.waiting[r.event.Subject] = append(before, r)
	if len(before) == 0 {
		l.working.Go(func() { l.work(ctx, r) })
	}
}

// work handles the events of a subject until none is left or ctx ends.
func (l *lanes) work(ctx context.Context, r received) {
	for more := true; more; {
		if !l.consumer.handle(ctx, r.event) {
			return
		}
		_ = r.message.Ack() // When it is lost, the event comes again.
		r, more = l.next(r.event.Subject)
	}
}

// next removes the first event of a subject and gives the one behind it.
func (l *lanes) next(subject uuid.UUID) (received, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := l.waiting[subject][1:]
	if len(left) == 0 {
		delete(l.waiting, subject)
		return received{}, false
	}
	l.waiting[subject] = left
	return left[0], true
}

// renew tells JetStream at intervals that the events in memory are in progress, and counts those that are unhandled.
func (l *lanes) renew(ctx context.Context, consumer jetstream.Consumer) {
	tick := time.NewTicker(renewEvery)
	defer tick.Stop()
	for {
		if info, err := consumer.Info(ctx); err == nil {
			l.consumer.unhandled.Set(float64(info.NumPending) + float64(info.NumAckPending))
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		for _, r := range l.held() {
			_ = r.message.InProgress() // When it is lost, the event comes again.
		}
	}
}

func (l *lanes) held() []received {
	l.mu.Lock()
	defer l.mu.Unlock()
	var all []received
	for _, lane := range l.waiting {
		all = append(all, lane...)
	}
	return all
}

// handle calls Handle until it succeeds; false means that ctx ended before.
func (c *Consumer) handle(ctx context.Context, e Event) bool {
	stuck := false
	defer func() {
		if stuck {
			c.stuck.Dec()
		}
	}()
	for attempt := 1; ; attempt++ {
		select {
		case <-ctx.Done():
			return false
		case c.turns <- struct{}{}:
		}
		err := c.try(ctx, e)
		<-c.turns
		if err == nil {
			c.handled.Inc()
			c.delay.Observe(max(time.Since(e.Time).Seconds(), 0))
			return true
		}
		c.failed.Inc()
		level := slog.LevelWarn
		if attempt >= stuckAfter {
			level = slog.LevelError
			if !stuck {
				stuck = true
				c.stuck.Inc()
			}
		}
		c.config.Log.Log(ctx, level, "an event could not be handled and is tried again",
			slog.String("event_id", e.ID.String()), slog.String("type", e.Type),
			slog.String("subject", e.Subject.String()), slog.Int("attempt", attempt), slog.Any("error", err))
		if !pause(ctx, min(firstRetry<<min(attempt-1, 20), longestRetry)) {
			return false
		}
	}
}

// try makes one attempt, which is ended even when ctx ends meanwhile. Its lines in the log, and the calls that it
// makes, continue the event's trace.
func (c *Consumer) try(ctx context.Context, e Event) (err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), handleTimeout)
	defer cancel()
	scope := &telemetry.RequestScope{RequestID: e.ID.String()}
	ctx, span := c.config.Tracer.Begin(ctx, scope, trace.SpanKindConsumer, "process "+e.Type, e.Traceparent)
	describe(span, "process", stream(c.config.Service), e)
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the handler panicked: %v", r)
		}
		if err != nil {
			telemetry.Failed(span, "failed")
		}
		span.End()
	}()
	return c.config.Handle(telemetry.WithRequest(ctx, scope), e)
}
