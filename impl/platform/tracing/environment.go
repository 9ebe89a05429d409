package tracing

import (
	"cmp"
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/telemetry"
)

// Environment is what the variables of OpenTelemetry say, as far as the SDK and its exporter do not read them
// themselves.
//
// Source: OpenTelemetry specification 1.50, "Environment Variable Specification" and "OTLP Exporter".
type Environment struct {
	// On says that traces are recorded and sent.
	On       bool
	Sampling telemetry.Sampling
	// InTheClear says that traces, and the secrets of OTEL_EXPORTER_OTLP_HEADERS, leave the operator's own network without
	// TLS.
	InTheClear bool
}

// FromEnvironment reads the variables. The sampling is that of the settings, which OTEL_TRACES_SAMPLER overrides. An
// error names the variable and what it may be; endpoints and headers are not quoted, because they may hold a secret.
// Files are looked at by [Environment.CheckFiles].
func FromEnvironment(sampling telemetry.Sampling) (Environment, error) {
	e := Environment{Sampling: sampling}
	off, err := strconv.ParseBool(cmp.Or(os.Getenv("OTEL_SDK_DISABLED"), "false"))
	if err != nil {
		return e, errors.New("OTEL_SDK_DISABLED is neither true nor false")
	}
	name := "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"
	if os.Getenv(name) == "" {
		name = "OTEL_EXPORTER_OTLP_ENDPOINT"
	}
	endpoint := os.Getenv(name)
	e.On = endpoint != "" && !off && os.Getenv("OTEL_TRACES_EXPORTER") != "none"
	if !e.On {
		return e, nil
	}
	u, err := url.Parse(endpoint)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return e, fmt.Errorf("%s is no http or https URL: write it as http://collector:4318", name)
	}
	e.InTheClear = u.Scheme == "http" && !hosts.IsInside(u.Host)
	return e, errors.Join(e.readExporter(), checkReceiver(), e.readSampler())
}

// readExporter refuses what this program cannot send by.
func (*Environment) readExporter() error {
	var errs []error
	if exporter := os.Getenv("OTEL_TRACES_EXPORTER"); exporter != "" && exporter != "otlp" {
		errs = append(errs, fmt.Errorf("OTEL_TRACES_EXPORTER is %q: write otlp or none", exporter))
	}
	for _, name := range []string{"OTEL_EXPORTER_OTLP_PROTOCOL", "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"} {
		switch protocol := os.Getenv(name); protocol {
		case "", "http/protobuf", "http/json":
		default:
			errs = append(errs, fmt.Errorf("%s is %q: write http/protobuf, which collectors take on port 4318", name, protocol))
		}
	}
	return errors.Join(errs...)
}

// readSampler reads OTEL_TRACES_SAMPLER. A parent that is not recorded is respected also without parentbased_, and one
// that is recorded except by always_off, which then records nothing.
func (e *Environment) readSampler() error {
	given := os.Getenv("OTEL_TRACES_SAMPLER")
	switch sampler := strings.TrimPrefix(given, "parentbased_"); sampler {
	case "":
	case "always_on":
		e.Sampling.Ratio = 1
	case "always_off":
		e.Sampling.Ratio = 0
		if given == sampler {
			e.Sampling.Callers = 0
		}
	case "traceidratio":
		ratio, err := strconv.ParseFloat(cmp.Or(os.Getenv("OTEL_TRACES_SAMPLER_ARG"), "1"), 64)
		if err != nil || (telemetry.Sampling{Ratio: ratio}).Validate() != nil {
			return errors.New("OTEL_TRACES_SAMPLER_ARG is no number from 0 to 1")
		}
		e.Sampling.Ratio = ratio
	default:
		return fmt.Errorf("OTEL_TRACES_SAMPLER is %q: write parentbased_traceidratio, parentbased_always_on or "+
			"parentbased_always_off", sampler)
	}
	return nil
}
