package jobs_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/riverqueue/river"
	"github.com/riverqueue/river/rivertype"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/testkit/pgtest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(pgtest.M{M: m}) }

const patience = time.Minute // on a machine that is busy with other tests

// note is a job; the test says what it does.
type note struct {
	Text string `json:"text"`
}

func (note) Kind() string { return "note" }

// worker runs notes as a test says, and repeats failed ones at once.
type worker struct {
	river.WorkerDefaults[note]

	do      func(ctx context.Context, job *river.Job[note]) error
	timeout time.Duration
}

func (w *worker) Work(ctx context.Context, job *river.Job[note]) error { return w.do(ctx, job) }
func (w *worker) NextRetry(*river.Job[note]) time.Time                 { return time.Now() }
func (w *worker) Timeout(*river.Job[note]) time.Duration               { return w.timeout }

// lines is a log that a test can read.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// system is a database with a queue, and the state that a test looks at.
type system struct {
	pool     *pgxpool.Pool
	jobs     *jobs.Jobs
	log      *lines
	registry *prometheus.Registry
}

var nothing = fstest.MapFS{"00001_nothing.sql": &fstest.MapFile{Data: []byte("-- +goose Up\nSELECT 1;\n")}}

func database(t *testing.T) *pgxpool.Pool {
	t.Helper()
	return pgtest.New(t, nothing, jobs.Tables)
}

// replica starts one process of a service on the database, and stops it with the test.
func replica(t *testing.T, pool *pgxpool.Pool, w *worker, config jobs.Config) *system {
	t.Helper()
	s := &system{pool: pool, log: &lines{}, registry: prometheus.NewRegistry()}
	config.Pool, config.Registry, config.Log = pool, s.registry, telemetry.NewLogger(s.log,
		telemetry.LogOptions{Format: "json"}).Logger
	config.Workers = river.NewWorkers()
	river.AddWorker(config.Workers, w)
	var err error
	s.jobs, err = jobs.New(config)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	require.NoError(t, s.jobs.Start(ctx))
	cancel() // That alone ends nothing.
	t.Cleanup(func() { require.NoError(t, s.jobs.Stop(context.Background())) })
	return s
}

func start(t *testing.T, do func(ctx context.Context, job *river.Job[note]) error) *system {
	t.Helper()
	return replica(t, database(t), &worker{do: do}, jobs.Config{})
}

func (s *system) insert(ctx context.Context, t *testing.T, args river.JobArgs, opts *river.InsertOpts) {
	t.Helper()
	require.NoError(t, postgres.InTx(ctx, s.pool, func(tx pgx.Tx) error { return s.jobs.Insert(ctx, tx, args, opts) }))
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	require.Eventually(t, is, patience, 5*time.Millisecond, what)
}

// inState counts the jobs of a kind that are in a state.
func (s *system) inState(t *testing.T, kind string, state rivertype.JobState) int {
	t.Helper()
	var count int
	require.NoError(t,
		s.pool.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE kind = $1 AND state::text = $2", kind,
			string(state)).Scan(&count))
	return count
}

func TestMigrate(t *testing.T) {
	t.Parallel()
	pool := pgtest.New(t, nothing)
	url := pool.Config().ConnString()
	migrated, err := jobs.Migrated(t.Context(), pool)
	require.NoError(t, err)
	require.False(t, migrated)

	log := &lines{}
	results := make(chan error)
	for range 3 {
		go func() { results <- jobs.Migrate(t.Context(), url, slog.New(slog.NewTextHandler(log, nil))) }()
	}
	for range 3 {
		require.NoError(t, <-results)
	}
	require.Equal(t, 1, strings.Count(log.String(), "version=1 "), log.String())
	require.NotContains(t, log.String(), "CREATE TABLE")
	migrated, err = jobs.Migrated(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, migrated)

	require.NoError(t, jobs.Migrate(t.Context(), url, nil))

	// A later version's database serves this one.
	_, err = pool.Exec(t.Context(), "INSERT INTO river_migration (line, version) VALUES ('main', 1000)")
	require.NoError(t, err)
	require.NoError(t, jobs.Migrate(t.Context(), url, nil))
	migrated, err = jobs.Migrated(t.Context(), pool)
	require.NoError(t, err)
	require.True(t, migrated)
}

// A queue in another schema of the search_path is another service's.
func TestMigrateTheCurrentSchema(t *testing.T) {
	t.Parallel()
	pool := database(t)
	_, err := pool.Exec(t.Context(), "CREATE SCHEMA own")
	require.NoError(t, err)
	url := pool.Config().ConnString() + "&search_path=own,public"
	own := pgtest.Open(t, url)
	for _, want := range []bool{false, true} {
		migrated, err := jobs.Migrated(t.Context(), own)
		require.NoError(t, err)
		require.Equal(t, want, migrated)
		require.NoError(t, jobs.Migrate(t.Context(), url, nil))
	}
	var schema string
	const schemaOf = "SELECT relnamespace::regnamespace::text FROM pg_class WHERE oid = 'river_job'::regclass"
	require.NoError(t, own.QueryRow(t.Context(), schemaOf).Scan(&schema))
	require.Equal(t, "own", schema)
}

func TestMigrateWaitsNoLongerThanItsContext(t *testing.T) {
	t.Parallel()
	pool := database(t)
	holder, err := pool.Acquire(t.Context())
	require.NoError(t, err)
	defer holder.Release()
	_, err = holder.Exec(t.Context(), "SELECT pg_advisory_lock(7110402311)")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	migrated := make(chan error)
	go func() { migrated <- jobs.Migrate(ctx, pool.Config().ConnString(), nil) }()
	eventually(t, "it waits", func() bool {
		var waits bool
		require.NoError(t, holder.QueryRow(t.Context(),
			"SELECT EXISTS (SELECT FROM pg_stat_activity WHERE datname = current_database() AND query LIKE 'SELECT "+
				"pg_try_advisory_lock%')").Scan(&waits))
		return waits
	})
	cancel()
	require.ErrorIs(t, <-migrated, context.Canceled)
}

func TestAJobRunsWhenItsTransactionIsCommitted(t *testing.T) {
	t.Parallel()
	done := make(chan string, 10)
	s := start(t, func(_ context.Context, job *river.Job[note]) error {
		done <- job.Args.Text
		return nil
	})
	undone := errors.New("rolled back")
	require.ErrorIs(t, postgres.InTx(t.Context(), s.pool, func(tx pgx.Tx) error {
		require.NoError(t, s.jobs.Insert(t.Context(), tx, note{"never"}, nil))
		return undone
	}), undone)
	s.insert(t.Context(), t, note{"later"}, &river.InsertOpts{ScheduledAt: time.Now().Add(time.Hour)})
	s.insert(t.Context(), t, note{"now"}, nil)
	require.Equal(t, "now", <-done)
	eventually(t, "completed", func() bool { return s.inState(t, "note", rivertype.JobStateCompleted) == 1 })
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateScheduled))
	require.Empty(t, done)
}

// other is a job without a worker.
type other struct{}

func (other) Kind() string { return "other" }

func TestAJobThatNobodyDoesIsNotInserted(t *testing.T) {
	t.Parallel()
	s := start(t, func(context.Context, *river.Job[note]) error { return nil })
	require.Error(t,
		postgres.InTx(t.Context(), s.pool, func(tx pgx.Tx) error { return s.jobs.Insert(t.Context(), tx, other{}, nil) }))
}

func TestAFailureIsRepeated(t *testing.T) {
	t.Parallel()
	for name, fail := range map[string]func() error{
		"error": func() error { return errors.New("it is broken") },
		"panic": func() error { panic("it is broken") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			done := make(chan int, 10)
			s := start(t, func(_ context.Context, job *river.Job[note]) error {
				done <- job.Attempt
				if job.Attempt < 3 {
					return fail()
				}
				return nil
			})
			s.insert(t.Context(), t, note{"canary"}, nil)
			for attempt := 1; attempt <= 3; attempt++ {
				require.Equal(t, attempt, <-done)
			}
			eventually(t, "completed", func() bool { return s.inState(t, "note", rivertype.JobStateCompleted) == 1 })
			require.NoError(t, testutil.GatherAndCompare(s.registry, strings.NewReader(`
				# HELP jobs_total Runs of jobs here, by result.
				# TYPE jobs_total counter
				jobs_total{kind="note",result="completed"} 1
				jobs_total{kind="note",result="failed"} 2
			`), "jobs_total"))
			log := s.log.String()
			require.Equal(t, 2, strings.Count(log, `"level":"WARN","msg":"job failed"`), log)
			require.Contains(t, log, "it is broken")
			require.Equal(t, name == "panic", strings.Contains(log, `"stack":`), log)
			require.NotContains(t, log, "canary")
			require.Equal(t, 2, strings.Count(log, "\n"), "nothing but our own lines: %s", log)
		})
	}
}

func TestTheLastFailureIsAnError(t *testing.T) {
	t.Parallel()
	s := start(t, func(context.Context, *river.Job[note]) error { return errors.New("it is broken") })
	s.insert(t.Context(), t, note{"canary"}, &river.InsertOpts{MaxAttempts: 2})
	eventually(t, "given up", func() bool { return s.inState(t, "note", rivertype.JobStateDiscarded) == 1 })
	require.Equal(t, 1, strings.Count(s.log.String(), `"level":"ERROR","msg":"job given up"`), s.log.String())
	require.NoError(t, testutil.GatherAndCompare(s.registry, strings.NewReader(`
		# HELP jobs_depth Jobs in the database that are not completed, by state.
		# TYPE jobs_depth gauge
		jobs_depth{state="available"} 0
		jobs_depth{state="discarded"} 1
		jobs_depth{state="retryable"} 0
		jobs_depth{state="running"} 0
		jobs_depth{state="scheduled"} 0
		# HELP jobs_oldest_available_seconds Waiting time of the oldest job that could run.
		# TYPE jobs_oldest_available_seconds gauge
		jobs_oldest_available_seconds 0
		# HELP jobs_total Runs of jobs here, by result.
		# TYPE jobs_total counter
		jobs_total{kind="note",result="discarded"} 1
		jobs_total{kind="note",result="failed"} 1
	`), "jobs_depth", "jobs_oldest_available_seconds", "jobs_total"))
}

// TestAJobThatWasGivenUpCanRunAgain runs the statement of the operations guide.
func TestAJobThatWasGivenUpCanRunAgain(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ context.Context, job *river.Job[note]) error {
		if job.Attempt == 1 {
			return errors.New("it is broken")
		}
		return nil
	})
	s.insert(t.Context(), t, note{}, &river.InsertOpts{MaxAttempts: 1})
	eventually(t, "given up", func() bool { return s.inState(t, "note", rivertype.JobStateDiscarded) == 1 })
	_, err := s.pool.Exec(t.Context(),
		"UPDATE river_job SET state = 'available', finalized_at = NULL, max_attempts = attempt + 1, scheduled_at = now()")
	require.NoError(t, err)
	eventually(t, "completed", func() bool { return s.inState(t, "note", rivertype.JobStateCompleted) == 1 })
}

func TestAWorkerMayPutOffAndGiveUp(t *testing.T) {
	t.Parallel()
	s := start(t, func(_ context.Context, job *river.Job[note]) error {
		if job.Args.Text == "later" {
			return river.JobSnooze(time.Hour)
		}
		return river.JobCancel(errors.New("nothing to do"))
	})
	s.insert(t.Context(), t, note{"later"}, nil)
	s.insert(t.Context(), t, note{"never"}, nil)
	eventually(t, "both", func() bool {
		return s.inState(t, "note", rivertype.JobStateCancelled) == 1 &&
			s.inState(t, "note", rivertype.JobStateScheduled) == 1
	})
	require.Empty(t, s.log.String())
	require.NoError(t, testutil.GatherAndCompare(s.registry, strings.NewReader(`
		# HELP jobs_total Runs of jobs here, by result.
		# TYPE jobs_total counter
		jobs_total{kind="note",result="cancelled"} 1
		jobs_total{kind="note",result="snoozed"} 1
	`), "jobs_total"))
}

func TestArgumentsThatDoNotFitAreNotLogged(t *testing.T) {
	t.Parallel()
	s := start(t, func(context.Context, *river.Job[note]) error { return nil })
	_, err := s.pool.Exec(t.Context(), `
		INSERT INTO river_job (kind, args, max_attempts, queue, state)
		VALUES ('note', '{"text": 4242424242}', 1, 'default', 'available')`)
	require.NoError(t, err)
	eventually(t, "given up", func() bool { return s.inState(t, "note", rivertype.JobStateDiscarded) == 1 })
	require.Contains(t, s.log.String(), `"text\"`)
	require.NotContains(t, s.log.String(), "4242424242")
}

func TestARunIsBounded(t *testing.T) {
	t.Parallel()
	ended := make(chan error, 1)
	w := &worker{timeout: 50 * time.Millisecond, do: func(ctx context.Context, _ *river.Job[note]) error {
		<-ctx.Done()
		ended <- ctx.Err()
		return ctx.Err()
	}}
	s := replica(t, database(t), w, jobs.Config{})
	s.insert(t.Context(), t, note{}, &river.InsertOpts{MaxAttempts: 1})
	require.ErrorIs(t, <-ended, context.DeadlineExceeded)
	eventually(t, "given up", func() bool { return s.inState(t, "note", rivertype.JobStateDiscarded) == 1 })
}

// TestWhatADeadProcessLeftIsDone inserts the row of a job whose process was killed while it ran.
func TestWhatADeadProcessLeftIsDone(t *testing.T) {
	t.Parallel()
	done := make(chan int, 1)
	pool := database(t)
	_, err := pool.Exec(t.Context(), `
		INSERT INTO river_job (kind, args, max_attempts, queue, state, attempt, attempted_at, attempted_by)
		VALUES ('note', '{}', 25, 'default', 'running', 1, now() - interval '6 minutes', '{gone}'),
			('note', '{}', 25, 'default', 'running', 1, now() - interval '4 minutes', '{busy}')`)
	require.NoError(t, err)
	s := replica(t, pool, &worker{do: func(_ context.Context, job *river.Job[note]) error {
		done <- job.Attempt
		return nil
	}}, jobs.Config{})
	require.Equal(t, 2, <-done)
	eventually(t, "completed", func() bool { return s.inState(t, "note", rivertype.JobStateCompleted) == 1 })
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateRunning), "one that may still run is left alone")
}

func TestStopLetsJobsEnd(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	ended := atomic.Bool{}
	s := start(t, func(ctx context.Context, _ *river.Job[note]) error {
		close(begun)
		<-finish
		ended.Store(ctx.Err() == nil)
		return nil
	})
	s.insert(t.Context(), t, note{}, nil)
	<-begun
	stopped := make(chan error)
	go func() { stopped <- s.jobs.Stop(t.Context()) }()
	s.insert(t.Context(), t, note{}, nil)
	close(finish)
	require.NoError(t, <-stopped)
	require.True(t, ended.Load())
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateCompleted), "its end is written down")
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateAvailable), "no other has begun")
}

func TestStopCutsOffWhatTakesTooLong(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 1)
	w := &worker{do: func(ctx context.Context, _ *river.Job[note]) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	s := replica(t, database(t), w, jobs.Config{SoftStop: 50 * time.Millisecond, HardStop: patience})
	s.insert(t.Context(), t, note{}, nil)
	<-begun
	require.NoError(t, s.jobs.Stop(t.Context()))
	require.NotContains(t, s.log.String(), "job failed")
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateAvailable))

	// Another process runs it, as if for the first time.
	attempts := make(chan int, 1)
	replica(t, s.pool, &worker{do: func(_ context.Context, job *river.Job[note]) error {
		attempts <- job.Attempt
		return nil
	}}, jobs.Config{})
	require.Equal(t, 1, <-attempts)
}

// Where there is less time than SoftStop, jobs are told to end before it is over, and are written down.
func TestStopTellsJobsInTime(t *testing.T) {
	t.Parallel()
	begun := make(chan struct{}, 1)
	w := &worker{do: func(ctx context.Context, _ *river.Job[note]) error {
		begun <- struct{}{}
		<-ctx.Done()
		return ctx.Err()
	}}
	s := replica(t, database(t), w, jobs.Config{SoftStop: patience, HardStop: patience})
	s.insert(t.Context(), t, note{}, nil)
	<-begun
	ctx, cancel := context.WithTimeout(t.Context(), 6*time.Second)
	defer cancel()
	require.NoError(t, s.jobs.Stop(ctx))
	require.Equal(t, 1, s.inState(t, "note", rivertype.JobStateAvailable))
}

func TestStopDoesNotWaitForever(t *testing.T) {
	t.Parallel()
	begun, finish := make(chan struct{}), make(chan struct{})
	w := &worker{do: func(context.Context, *river.Job[note]) error {
		close(begun)
		<-finish
		return nil
	}}
	s := replica(t, database(t), w, jobs.Config{SoftStop: 20 * time.Millisecond, HardStop: 20 * time.Millisecond})
	s.insert(t.Context(), t, note{}, nil)
	<-begun
	require.ErrorIs(t, s.jobs.Stop(t.Context()), context.DeadlineExceeded)
	close(finish)
	eventually(t, "stopped", func() bool { return s.jobs.Stop(t.Context()) == nil })
}

// TestPeriodicJobsAreDoneByOneReplica stops the first replica and has a second one take over.
func TestPeriodicJobsAreDoneByOneReplica(t *testing.T) {
	t.Parallel()
	var runs atomic.Int64
	marked := make(chan struct{}, 10)
	w := &worker{do: func(_ context.Context, job *river.Job[note]) error {
		if job.Args.Text == "periodic" {
			runs.Add(1)
		} else {
			marked <- struct{}{}
		}
		return nil
	}}
	config := jobs.Config{Periodic: []*river.PeriodicJob{jobs.Every(time.Hour, note{"periodic"})}}
	pool := database(t)
	first := replica(t, pool, w, config)
	eventually(t, "the first has run it",
		func() bool { return first.inState(t, "note", rivertype.JobStateCompleted) == 1 })

	second := replica(t, pool, w, config)
	second.insert(t.Context(), t, note{"mark"}, nil)
	<-marked
	require.EqualValues(t, 1, runs.Load(), "the second does not")

	require.NoError(t, first.jobs.Stop(t.Context()))
	eventually(t, "the second has taken over", func() bool { return runs.Load() == 2 })
}

// Another job with the same interval shows how often the time of the long job has come, because both are checked
// together.
func TestAPeriodicJobDoesNotOvertakeItself(t *testing.T) {
	t.Parallel()
	const interval = 20 * time.Millisecond
	begun, finish, rounds := make(chan struct{}, 10), make(chan struct{}), make(chan struct{})
	w := &worker{do: func(ctx context.Context, job *river.Job[note]) error {
		if job.Args.Text == "long" {
			begun <- struct{}{}
			<-finish
			return nil
		}
		select {
		case rounds <- struct{}{}:
		case <-ctx.Done():
		case <-finish:
		}
		return nil
	}}
	s := replica(t, database(t), w,
		jobs.Config{Periodic: []*river.PeriodicJob{jobs.Every(interval, note{"long"}), jobs.Every(interval, note{"short"})}})
	letEnd := sync.OnceFunc(func() { close(finish) })
	t.Cleanup(letEnd)
	<-begun
	for range 3 {
		<-rounds
	}
	require.Empty(t, begun)
	var unfinished int
	require.NoError(t,
		s.pool.QueryRow(t.Context(), "SELECT count(*) FROM river_job WHERE args ->> 'text' = 'long'").Scan(&unfinished))
	require.Equal(t, 1, unfinished)
	letEnd()
	<-begun
}

func TestTheRequestGoesAlong(t *testing.T) {
	t.Parallel()
	seen := make(chan *telemetry.RequestScope, 1)
	s := start(t, func(ctx context.Context, _ *river.Job[note]) error {
		seen <- telemetry.Request(ctx)
		return errors.New("it is broken")
	})
	asked := &telemetry.RequestScope{RequestID: "a-request", TraceID: telemetry.NewTraceID(),
		SpanID: telemetry.NewSpanID(), Sampled: true}
	s.insert(telemetry.WithRequest(t.Context(), asked), t, note{},
		&river.InsertOpts{MaxAttempts: 1, Metadata: []byte(`{"kept": 1}`)})
	scope := <-seen
	require.Equal(t, "a-request", scope.RequestID)
	require.Equal(t, asked.TraceID, scope.TraceID)
	require.True(t, scope.Sampled)
	require.NotEqual(t, asked.SpanID, scope.SpanID)
	require.Equal(t, "note", scope.Operation())
	eventually(t, "the line", func() bool {
		return strings.Contains(s.log.String(), `"request_id":"a-request","trace_id":"`+asked.TraceID)
	})
	var kept bool
	require.NoError(t, s.pool.QueryRow(t.Context(), "SELECT metadata ? 'kept' FROM river_job").Scan(&kept))
	require.True(t, kept)

	s.insert(t.Context(), t, note{}, &river.InsertOpts{MaxAttempts: 1})
	alone := <-seen
	require.Empty(t, alone.RequestID)
	require.Len(t, alone.TraceID, 32)
	require.NotEqual(t, asked.TraceID, alone.TraceID)
}

func TestPausesGrow(t *testing.T) {
	t.Parallel()
	for failures, most := range map[int]time.Duration{
		0: 2 * time.Second, 1: 4 * time.Second, 5: 64 * time.Second, 9: 15 * time.Minute, 25: 15 * time.Minute,
		1000: 15 * time.Minute,
	} {
		job := &rivertype.JobRow{Errors: make([]rivertype.AttemptError, failures)}
		seen := map[time.Duration]bool{}
		for range 50 {
			before := time.Now()
			next := jobs.NextRetry(job)
			require.GreaterOrEqual(t, next.Sub(before), most/2)
			require.LessOrEqual(t, time.Until(next), most)
			seen[next.Sub(before).Round(time.Millisecond)] = true
		}
		require.Greater(t, len(seen), 25, "replicas do not repeat in step")
	}
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	t.Parallel()
	pool := database(t)
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{})
	for name, c := range map[string]jobs.Config{
		"no workers":                  {},
		"rescued while it still runs": {Workers: workers, Timeout: time.Hour},
		"no slots":                    {Workers: workers, Queues: map[string]int{"default": 0}},
	} {
		c.Pool = pool
		_, err := jobs.New(c)
		require.Error(t, err, name)
	}
	registry := prometheus.NewRegistry()
	_, err := jobs.New(jobs.Config{Pool: pool, Workers: workers, Registry: registry})
	require.NoError(t, err)
	_, err = jobs.New(jobs.Config{Pool: pool, Workers: workers, Registry: registry})
	require.Error(t, err)
}
