package front

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"example.com/plumbline/impl/platform/ops"
)

// askTimeout is longer than a service's checks take, and shorter than a prober waits.
const askTimeout = 5 * time.Second

// operators serves the operators' pages of all services as one.
func operators(services []Service, transport http.RoundTripper, log *slog.Logger) http.Handler {
	client := &http.Client{Transport: transport, Timeout: askTimeout}
	var metrics prometheus.Gatherers
	for _, s := range services {
		metrics = append(metrics, prometheus.GathererFunc(func() ([]*dto.MetricFamily, error) { return gather(client, s) }))
	}
	own := ops.New(ops.Options{Registry: metrics, Log: log})
	mux := http.NewServeMux()
	mux.Handle("/", own.Handler())
	mux.HandleFunc("GET /readyz", func(w http.ResponseWriter, r *http.Request) {
		status, body := readiness(r.Context(), client, services)
		answer(w, status, body)
	})
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, r *http.Request) {
		report := health(r.Context(), client, services)
		status := http.StatusOK
		if report.Status == ops.Unhealthy {
			status = http.StatusServiceUnavailable
		}
		answer(w, status, report)
	})
	return mux
}

// readiness returns the readiness of the first service that is not ready.
func readiness(ctx context.Context, client *http.Client, services []Service) (status int, body map[string]string) {
	for _, s := range services {
		said := map[string]string{}
		status, err := ask(ctx, client, s, "/readyz", &said)
		if err != nil {
			said = map[string]string{"status": "not_ready", "reason": string(ops.Unreachable)}
		}
		if status != http.StatusOK {
			said["service"] = s.Document.Name
			return http.StatusServiceUnavailable, said
		}
	}
	return http.StatusOK, map[string]string{"status": "ready"}
}

// health returns the worst of the services' states, with all their dependencies.
func health(ctx context.Context, client *http.Client, services []Service) ops.Report {
	reports := make([]ops.Report, len(services))
	var done sync.WaitGroup
	for i, s := range services {
		done.Go(func() { reports[i] = healthOf(ctx, client, s) })
	}
	done.Wait()
	all := ops.Report{Status: ops.Healthy}
	order := []ops.Status{ops.Healthy, ops.Degraded, ops.Unhealthy}
	for _, r := range reports {
		all.Status = slices.MaxFunc([]ops.Status{all.Status, r.Status}, func(a, b ops.Status) int {
			return cmp.Compare(slices.Index(order, a), slices.Index(order, b))
		})
		all.Dependencies = append(all.Dependencies, r.Dependencies...)
	}
	return all
}

// healthOf returns the report of one service, each dependency prefixed with the service's name. A service that does not
// report counts as unhealthy.
func healthOf(ctx context.Context, client *http.Client, s Service) ops.Report {
	var report ops.Report
	if _, err := ask(ctx, client, s, "/healthz", &report); err != nil {
		now := time.Now().UTC()
		return ops.Report{Status: ops.Unhealthy, Dependencies: []ops.Dependency{{
			Name: s.Document.Name, Status: ops.Unhealthy, Critical: true, Since: now, CheckedAt: now, Reason: ops.Unreachable,
		}}}
	}
	for i := range report.Dependencies {
		report.Dependencies[i].Name = s.Document.Name + "/" + report.Dependencies[i].Name
	}
	return report
}

// ask fetches a page of a service's operators.
func ask(ctx context.Context, client *http.Client, s Service, path string, into any) (status int, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+s.OpsAddr+path, http.NoBody)
	if err != nil {
		return 0, err
	}
	got, err := client.Do(r)
	if err != nil {
		return 0, err
	}
	err = json.NewDecoder(got.Body).Decode(into)
	return got.StatusCode, errors.Join(err, got.Body.Close())
}

// gather reads the metrics of a service and adds the service's name to each as the label service.
func gather(client *http.Client, s Service) (families []*dto.MetricFamily, err error) {
	r, err := http.NewRequestWithContext(context.Background(), http.MethodGet, "http://"+s.OpsAddr+"/metrics", http.NoBody)
	if err != nil {
		return nil, err
	}
	// The only format that loses nothing, exemplars and native histograms included.
	r.Header.Set("Accept", string(expfmt.NewFormat(expfmt.TypeProtoDelim)))
	got, err := client.Do(r)
	if err != nil {
		return nil, fmt.Errorf("metrics of %s: %w", s.Document.Name, err)
	}
	defer func() { err = errors.Join(err, got.Body.Close()) }()
	decoder := expfmt.NewDecoder(got.Body, expfmt.ResponseFormat(got.Header))
	for {
		family := &dto.MetricFamily{}
		switch err := decoder.Decode(family); {
		case errors.Is(err, io.EOF):
			return families, nil
		case err != nil:
			return nil, fmt.Errorf("metrics of %s: %w", s.Document.Name, err)
		}
		for _, m := range family.GetMetric() {
			label(m, "service", s.Document.Name)
		}
		families = append(families, family)
	}
}

// label adds a label to a metric that lacks it. Labels are sorted by name.
func label(m *dto.Metric, name, value string) {
	labels := m.GetLabel()
	i, found := slices.BinarySearchFunc(labels, name,
		func(l *dto.LabelPair, name string) int { return cmp.Compare(l.GetName(), name) })
	if !found {
		m.Label = slices.Insert(labels, i, &dto.LabelPair{Name: &name, Value: &value})
	}
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.Header().Set("X-Content-Type-Options", "nosniff")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) //nolint:errchkjson // A report or two words; the prober may have gone.
}
