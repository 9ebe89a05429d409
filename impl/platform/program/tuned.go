package program

import (
	"errors"
	"fmt"

	"example.com/plumbline/impl/platform/httpapi"
)

// Tuned holds the settings of the chain that change at run time. Serving embeds it.
type Tuned struct {
	TrustedOrigins  []string             `koanf:"trusted_origins" reload:"true" usage:"other origins whose pages may call, as in https://shop.example.com"`
	Responses       httpapi.ResponseMode `koanf:"responses" reload:"true" usage:"answers held against the document: off, sample or enforce"`
	ResponsesSample float64              `koanf:"responses_sample" reload:"true" unit:"share" usage:"share of the answers that sample checks, above 0 and up to 1"`
	RateLimits      bool                 `koanf:"rate_limits" reload:"true" usage:"whether the document's rate limits hold"`
	RateLimitFactor float64              `koanf:"rate_limit_factor" reload:"true" unit:"factor" usage:"what the requests of each x-rate-limit are multiplied by, 0.01 to 100; limits of failed tries stay"`
	Shed            bool                 `koanf:"shed" reload:"true" usage:"whether work beyond capacity is refused at once"`
	SlowFactor      float64              `koanf:"slow_factor" reload:"true" unit:"factor" usage:"what the duration from which an operation is slow is multiplied by, 0.01 to 100"`
}

// DefaultTuned returns the defaults of Tuned.
func DefaultTuned() Tuned {
	return Tuned{
		Responses: httpapi.ResponsesSample, ResponsesSample: 0.01, RateLimits: true, RateLimitFactor: 1, Shed: true,
		SlowFactor: 1,
	}
}

// The bounds of a factor.
const leastFactor, mostFactor = 0.01, 100

// Validate refuses settings that cannot work.
func (t *Tuned) Validate() error {
	var errs []error
	if err := httpapi.CheckOrigins(t.TrustedOrigins); err != nil {
		errs = append(errs, fmt.Errorf("trusted_origins: %w", err))
	}
	if t.ResponsesSample <= 0 || t.ResponsesSample > 1 {
		errs = append(errs, errors.New("responses_sample is above 0 and at most 1"))
	}
	for _, factor := range []struct {
		name  string
		value float64
	}{{"rate_limit_factor", t.RateLimitFactor}, {"slow_factor", t.SlowFactor}} {
		if factor.value < leastFactor || factor.value > mostFactor {
			errs = append(errs, fmt.Errorf("%s is between %v and %v", factor.name, leastFactor, mostFactor))
		}
	}
	return errors.Join(errs...)
}

// tuning is what the chain makes of the settings.
func (t *Tuned) tuning() httpapi.Tuning {
	return httpapi.Tuning{
		TrustedOrigins: t.TrustedOrigins, Responses: t.Responses, ResponsesSample: t.ResponsesSample,
		RateLimits: t.RateLimits, RateLimitFactor: t.RateLimitFactor, Shed: t.Shed, SlowFactor: t.SlowFactor,
	}
}
