package jobs

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/prometheus/client_golang/prometheus"
)

// depth counts unfinished jobs by state, with the age of the oldest that could run.
const depth = `
SELECT state::text AS state, count(*) AS count,
  coalesce(extract(epoch FROM now() - min(scheduled_at)), 0)::float8 AS age
FROM river_job
WHERE state IN ('available', 'running', 'retryable', 'scheduled', 'discarded')
GROUP BY state`

// depthTimeout bounds the query of a scrape.
const depthTimeout = time.Second

// metrics count runs.
type metrics struct {
	runs     *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers jobs_total{kind,result}, jobs_duration_seconds{kind}, jobs_depth{state} and
// jobs_oldest_available_seconds. The last two query the database, and are missing when it does not answer.
func newMetrics(registry prometheus.Registerer, pool *pgxpool.Pool) (*metrics, error) {
	m := &metrics{
		runs: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "jobs_total", Help: "Runs of jobs here, by result.",
		}, []string{"kind", "result"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "jobs_duration_seconds", Help: "Duration of runs of jobs.",
			Buckets: []float64{.005, .025, .1, .25, .5, 1, 2.5, 5, 10, 30, 60},
		}, []string{"kind"}),
	}
	queue := &queue{
		pool: pool,
		depth: prometheus.NewDesc("jobs_depth", "Jobs in the database that are not completed, by state.",
			[]string{"state"}, nil),
		oldest: prometheus.NewDesc("jobs_oldest_available_seconds",
			"Waiting time of the oldest job that could run.", nil, nil),
	}
	if err := errors.Join(registry.Register(m.runs), registry.Register(m.duration), registry.Register(queue)); err != nil {
		return nil, fmt.Errorf("jobs: register the metrics, once per registry: %w", err)
	}
	return m, nil
}

func (m *metrics) observe(kind, result string, took time.Duration) {
	m.runs.WithLabelValues(kind, result).Inc()
	m.duration.WithLabelValues(kind).Observe(took.Seconds())
}

// queue collects metrics from the database.
type queue struct {
	pool          *pgxpool.Pool
	depth, oldest *prometheus.Desc
}

// Describe implements prometheus.Collector.
func (q *queue) Describe(ch chan<- *prometheus.Desc) {
	ch <- q.depth
	ch <- q.oldest
}

// Collect implements prometheus.Collector.
func (q *queue) Collect(ch chan<- prometheus.Metric) {
	ctx, cancel := context.WithTimeout(context.Background(), depthTimeout)
	defer cancel()
	rows, err := q.pool.Query(ctx, depth)
	if err != nil {
		return
	}
	states, err := pgx.CollectRows(rows, pgx.RowToStructByName[state])
	if err != nil {
		return
	}
	counts, oldest := map[string]int64{"available": 0, "running": 0, "retryable": 0, "scheduled": 0, "discarded": 0}, 0.0
	for _, s := range states {
		counts[s.State] = s.Count
		if s.State == "available" {
			oldest = max(s.Age, 0)
		}
	}
	for name, count := range counts {
		ch <- prometheus.MustNewConstMetric(q.depth, prometheus.GaugeValue, float64(count), name)
	}
	ch <- prometheus.MustNewConstMetric(q.oldest, prometheus.GaugeValue, oldest)
}

type state struct {
	State string
	Count int64
	Age   float64
}
