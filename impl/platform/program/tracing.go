package program

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/tracing"
)

// Tracing says which traces are recorded. Where they are sent is said by the variables of OpenTelemetry, OTEL_….
type Tracing struct {
	TraceRatio   float64 `koanf:"trace_ratio" reload:"true" unit:"share" usage:"share of requests whose trace is recorded, from 0 to 1, once OTEL_EXPORTER_OTLP_ENDPOINT says where traces are sent; OTEL_TRACES_SAMPLER takes precedence"`
	TraceCallers int     `koanf:"trace_callers" reload:"true" unit:"traces a second" usage:"traces per second that are recorded beyond that because the caller records them"`
}

// DefaultTracing returns the defaults of Tracing.
func DefaultTracing() Tracing { return Tracing{TraceRatio: 0.01, TraceCallers: 20} }

func (t *Tracing) sampling() telemetry.Sampling {
	return telemetry.Sampling{Ratio: t.TraceRatio, Callers: t.TraceCallers}
}

// Validate refuses settings that cannot work, and variables of OpenTelemetry that are not understood.
func (t *Tracing) Validate() error {
	var errs []error
	if t.TraceRatio < 0 || t.TraceRatio > 1 {
		errs = append(errs, fmt.Errorf("trace_ratio is %v: write a number from 0 to 1", t.TraceRatio))
	}
	if t.TraceCallers < 0 {
		errs = append(errs, errors.New("trace_callers is not less than 0"))
	}
	_, err := tracing.FromEnvironment(t.sampling())
	return errors.Join(append(errs, err)...)
}

// addTracing adds the findings of the variables of OpenTelemetry.
func (t *Tracing) addTracing(found *Findings) {
	environment, err := tracing.FromEnvironment(t.sampling())
	found.Add(err == nil && environment.InTheClear, "OTEL_EXPORTER_OTLP_ENDPOINT",
		"traces, and the secrets of OTEL_EXPORTER_OTLP_HEADERS, leave your network in the clear",
		"an https address, or one within your own network")
	if err != nil {
		return // Validate has refused it.
	}
	for _, file := range environment.CheckFiles() {
		found.refuseFile(file.Variable, errors.New(file.Why))
	}
}

// startTraces starts sending traces, where the environment says so.
func (t *Tracing) startTraces(
	ctx context.Context, service string, log *slog.Logger, registry prometheus.Registerer,
) (*tracing.Traces, error) {
	environment, err := tracing.FromEnvironment(t.sampling())
	if err != nil {
		return nil, err
	}
	return tracing.Start(ctx, tracing.Config{
		Environment: environment, Service: service, Version: version(), Log: log, Registry: registry,
	})
}

// retune gives a running tracer the sampling of the settings; nil records nothing.
func (t *Tracing) retune(tracer *telemetry.Tracer) {
	// The environment does not change, and has been understood at the start.
	if environment, err := tracing.FromEnvironment(t.sampling()); err == nil && tracer != nil {
		tracer.SetSampling(environment.Sampling)
	}
}
