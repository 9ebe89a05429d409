package events_test

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

const (
	// patience bounds what happens by itself; a machine that is busy takes its time.
	patience = 30 * time.Second
	every    = 10 * time.Millisecond
)

// endLeaders ends the connections that lead, and counts them.
const endLeaders = `SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted
	AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`

// These make the test binary a process that relays and handles, for tests that kill one.
const (
	processDatabase = "EVENTS_TEST_DATABASE"
	processBus      = "EVENTS_TEST_BUS"
)

func TestMain(m *testing.M) {
	if os.Getenv(processDatabase) != "" {
		bus := telemetry.NewSecret(os.Getenv(processBus))
		if err := process(context.Background(), os.Getenv(processDatabase), bus); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(pgtest.M{M: m})
}

func process(ctx context.Context, database string, url telemetry.Secret) error {
	log := slog.New(slog.NewTextHandler(os.Stdout, nil))
	pool, err := postgres.Open(ctx, postgres.Config{URL: database})
	if err != nil {
		return err
	}
	bus, err := events.Connect(events.Server{URLs: url}, "process", log)
	if err != nil {
		return err
	}
	relay, err := events.NewRelay(events.RelayConfig{
		Service: "shop", Database: pool.Config().ConnConfig, Bus: bus, Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		return err
	}
	w := &world{pool: pool}
	consumer, err := events.NewConsumer(events.ConsumerConfig{
		Service: "shop", Name: "reader", Database: pool.Config().ConnConfig, Bus: bus, Handle: w.once,
		Registry: prometheus.NewRegistry(), Log: log,
	})
	if err != nil {
		return err
	}
	go relay.Run(ctx)
	consumer.Run(ctx)
	return nil
}

// effectsTable makes the table of what a handler does.
var effectsTable = fstest.MapFS{"00001_create_effects.sql": {Data: []byte(`-- +goose Up
CREATE TABLE effects (
	n bigint GENERATED ALWAYS AS IDENTITY, event uuid NOT NULL, subject uuid NOT NULL, number int NOT NULL
);
`)}}

// world is a service's database with a bus beside it.
type world struct {
	url  string
	pool *pgxpool.Pool
	nats *natsserver.Server
	dir  string
	port int
	log  *logged
}

func start(t testing.TB) *world {
	t.Helper()
	return startOn(t, pgtest.Patient(pgtest.URL(t, effectsTable, events.Tables)))
}

func startOn(t testing.TB, url string) *world {
	t.Helper()
	w := &world{url: url, dir: t.TempDir(), log: &logged{}}
	var err error
	w.pool, err = postgres.Open(t.Context(), postgres.Config{URL: w.url, MaxConns: 8, AcquireTimeout: patience})
	require.NoError(t, err)
	t.Cleanup(w.pool.Close)
	w.startBus(t)
	t.Cleanup(func() { w.nats.Stop() })
	return w
}

// startBus starts the bus, on the same port when it has run before.
func (w *world) startBus(t testing.TB) {
	t.Helper()
	w.startBusWith(t, "for-tests")
}

func (w *world) startBusWith(t testing.TB, token string) {
	t.Helper()
	var err error
	options := natsserver.Options{Dir: w.dir, Port: w.port, Token: token, Log: w.log.logger()}
	w.nats, err = natsserver.Start(t.Context(), options)
	require.NoError(t, err)
	w.port = w.nats.Port()
}

func (w *world) connect(t testing.TB) *events.Bus {
	t.Helper()
	url := telemetry.NewSecret(fmt.Sprintf("nats://for-tests@127.0.0.1:%d", w.port))
	bus, err := events.Connect(events.Server{URLs: url}, t.Name(), w.log.logger())
	require.NoError(t, err)
	t.Cleanup(bus.Close)
	return bus
}

// running is something that runs until it is stopped.
type running struct {
	relay    *events.Relay
	registry *prometheus.Registry
	stop     func()
}

func (w *world) run(t testing.TB, run func(context.Context)) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		run(ctx)
	}()
	stop = func() {
		cancel()
		<-ended
	}
	t.Cleanup(stop)
	return stop
}

func (w *world) relay(t testing.TB, bus *events.Bus) running {
	t.Helper()
	return w.relayOver(t, w.pool.Config().ConnConfig, bus)
}

// relayOver is relay with the relay's own way to the database.
func (w *world) relayOver(t testing.TB, database *pgx.ConnConfig, bus *events.Bus) running {
	t.Helper()
	r := running{registry: prometheus.NewRegistry()}
	var err error
	r.relay, err = events.NewRelay(events.RelayConfig{
		Service: "shop", Database: database, Bus: bus, Types: []string{"thing.changed"},
		Registry: r.registry, Log: w.log.logger(),
	})
	require.NoError(t, err)
	r.stop = w.run(t, r.relay.Run)
	return r
}

func (w *world) consumer(
	t testing.TB, bus *events.Bus, handle func(ctx context.Context, e events.Event) error,
) running {
	t.Helper()
	r := running{registry: prometheus.NewRegistry()}
	consumer, err := events.NewConsumer(events.ConsumerConfig{
		Service: "shop", Name: "reader", Database: w.pool.Config().ConnConfig, Bus: bus, Handle: handle,
		Registry: r.registry, Log: w.log.logger(),
	})
	require.NoError(t, err)
	r.stop = w.run(t, consumer.Run)
	return r
}

// once has the effect of a handler: a row for the event.
func (w *world) once(ctx context.Context, e events.Event) error {
	return events.Once(ctx, w.pool, e, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "INSERT INTO effects (event, subject, number) VALUES ($1, $2, $3)", e.ID, e.Subject, number(e))
		return err
	})
}

func number(e events.Event) int {
	var data struct{ Number int }
	_ = json.Unmarshal(e.Data, &data) // 0 is no number of a test.
	return data.Number
}

// write commits one event and gives its id.
func (w *world) write(t testing.TB, subject uuid.UUID, number int, more ...string) uuid.UUID {
	t.Helper()
	id := uuid.New()
	data := map[string]any{"number": number, "more": strings.Join(more, "")}
	require.NoError(t, insert(t.Context(), w.pool, id, subject, data))
	return id
}

func insert(ctx context.Context, db interface {
	Exec(ctx context.Context, sql string, args ...any) (pgconn.CommandTag, error)
}, id, subject uuid.UUID, data map[string]any) error {
	_, err := db.Exec(ctx, `INSERT INTO outbox (id, type, subject, data, occurred_at)
		VALUES ($1, 'thing.changed', $2, $3, now())`, id, subject, data)
	return err
}

func (w *world) count(t testing.TB, query string, args ...any) int {
	t.Helper()
	var n int
	require.NoError(t, w.pool.QueryRow(t.Context(), query, args...).Scan(&n))
	return n
}

func (w *world) eventually(t testing.TB, want int, query string, args ...any) {
	t.Helper()
	require.Eventually(t, func() bool {
		var n int
		return w.pool.QueryRow(t.Context(), query, args...).Scan(&n) == nil && n == want
	}, patience, every, query)
}

const (
	unpublished = "SELECT count(*) FROM outbox WHERE published_at IS NULL"
	effects     = "SELECT count(*) FROM effects"
)

// effectsOf gives the numbers of a subject's effects in the order in which they took place.
func (w *world) effectsOf(t testing.TB, subject uuid.UUID) []int {
	t.Helper()
	rows, err := w.pool.Query(t.Context(), "SELECT number FROM effects WHERE subject = $1 ORDER BY n", subject)
	require.NoError(t, err)
	numbers, err := pgx.CollectRows(rows, pgx.RowTo[int])
	require.NoError(t, err)
	return numbers
}

// stream gives the stream of the events, without the code under test.
func (w *world) stream(t testing.TB) jetstream.JetStream {
	t.Helper()
	conn, err := nats.Connect(w.nats.URL().Reveal())
	require.NoError(t, err)
	t.Cleanup(conn.Close)
	js, err := jetstream.New(conn)
	require.NoError(t, err)
	return js
}

// published gives the numbers of every subject in the order in which they are in the stream.
func (w *world) published(t testing.TB) map[uuid.UUID][]int {
	t.Helper()
	stream, err := w.stream(t).Stream(t.Context(), "SHOP")
	require.NoError(t, err)
	info, err := stream.Info(t.Context())
	require.NoError(t, err)
	found := map[uuid.UUID][]int{}
	for sequence := info.State.FirstSeq; sequence <= info.State.LastSeq; sequence++ {
		message, err := stream.GetMsg(t.Context(), sequence)
		require.NoError(t, err)
		var e events.Event
		require.NoError(t, json.Unmarshal(message.Data, &e))
		found[e.Subject] = append(found[e.Subject], number(e))
	}
	return found
}

// value reads one series of a registry; labels are those that it must have, as in "type=thing.changed".
func value(t testing.TB, registry *prometheus.Registry, name string, labels ...string) float64 {
	t.Helper()
	families, err := registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, metric := range family.GetMetric() {
			var have []string
			for _, label := range metric.GetLabel() {
				have = append(have, label.GetName()+"="+label.GetValue())
			}
			if !slices.ContainsFunc(labels, func(wanted string) bool { return !slices.Contains(have, wanted) }) {
				observed := float64(metric.GetHistogram().GetSampleCount())
				return metric.GetGauge().GetValue() + metric.GetCounter().GetValue() + observed
			}
		}
	}
	require.Fail(t, "there is no such series", "%s %v", name, labels)
	return 0
}

// logged keeps what is logged.
type logged struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logged) logger() *slog.Logger { return slog.New(slog.NewTextHandler(io.Writer(l), nil)) }

func (l *logged) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logged) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// upTo gives 1, 2, 3 … n.
func upTo(n int) []int {
	numbers := make([]int, n)
	for i := range numbers {
		numbers[i] = i + 1
	}
	return numbers
}
