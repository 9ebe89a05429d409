package orders

import (
	"errors"
	"net/url"
	"time"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

type serveSettings struct {
	program.Serving

	MasterKey            telemetry.Secret `koanf:"master_key" required:"true" usage:"32 bytes in base64 that every secret is derived from; openssl rand -base64 32 makes one"`
	UsersURL             string           `koanf:"users_url" required:"true" usage:"where the users service is, as in http://users:8080; its keys and accounts are asked for there"`
	Issuer               string           `koanf:"issuer" usage:"the iss of access tokens"`
	PayWithin            time.Duration    `koanf:"pay_within" usage:"how long an order waits for its payment"`
	SearchTimeout        time.Duration    `koanf:"search_timeout" usage:"how long each statement of a search for products may take"`
	WebhooksAllowPrivate bool             `koanf:"webhooks_allow_private" usage:"whether webhooks may lead into private networks and over plain http; for development"`
}

// Validate finds settings that cannot work, before anything is touched.
func (c *serveSettings) Validate() error {
	errs := []error{c.Serving.Validate()}
	if _, err := seal.NewMasterKey(name, c.MasterKey); err != nil {
		errs = append(errs, err)
	}
	if u, err := url.Parse(c.UsersURL); err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		errs = append(errs, errors.New("users_url is no http or https address without user, query and fragment"))
	}
	if c.PayWithin <= 0 {
		errs = append(errs, errors.New("pay_within is more than nothing"))
	}
	if c.SearchTimeout < time.Millisecond || c.SearchTimeout > 10*time.Second {
		errs = append(errs, errors.New("search_timeout is between 1ms and 10s"))
	}
	return errors.Join(errs...)
}

func defaultServe() serveSettings {
	c := serveSettings{Serving: program.DefaultServing(), Issuer: "plumbline", PayWithin: 30 * time.Minute, SearchTimeout: 500 * time.Millisecond}
	c.Addr, c.OpsAddr = "127.0.0.1:8081", "127.0.0.1:9091"
	return c
}
