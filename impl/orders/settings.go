package orders

import (
	"errors"
	"time"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
)

type serveSettings struct {
	resource.Settings

	PayWithin            time.Duration `koanf:"pay_within" reload:"true" usage:"how long an order waits for its payment"`
	OpenOrders           int           `koanf:"open_orders" unit:"orders" usage:"how many unpaid orders a customer may have"`
	ReservedUnits        int           `koanf:"reserved_units" unit:"units" usage:"how many units, of all products together, a customer may have in unpaid orders"`
	SearchTimeout        time.Duration `koanf:"search_timeout" usage:"how long each statement of a search for products may take"`
	ProductCache         time.Duration `koanf:"product_cache" reload:"true" usage:"how long products are remembered for callers without a token, and so how old their available units may be; 0 reads each time"`
	WarmUp               time.Duration `koanf:"warm_up" usage:"how long the start may wait for the newest products to be remembered; 0 does not wait"`
	WebhooksAllowPrivate bool          `koanf:"webhooks_allow_private" usage:"whether webhooks may lead into private networks and over plain http; for development"`
}

// Validate refuses settings that cannot work, before anything is started.
func (c *serveSettings) Validate() error {
	errs := []error{c.Settings.Validate()}
	if c.PayWithin <= 0 {
		errs = append(errs, errors.New("pay_within is more than nothing"))
	}
	if c.OpenOrders < 1 {
		errs = append(errs, errors.New("open_orders is at least 1, or nobody can order"))
	}
	if c.ReservedUnits < 1 {
		errs = append(errs, errors.New("reserved_units is at least 1, or nobody can order"))
	}
	if c.SearchTimeout < time.Millisecond || c.SearchTimeout > 10*time.Second {
		errs = append(errs, errors.New("search_timeout is between 1ms and 10s"))
	}
	if c.ProductCache < 0 || c.ProductCache > 10*time.Minute {
		errs = append(errs, errors.New("product_cache is between 0 and 10m"))
	}
	if c.WarmUp < 0 || c.WarmUp > 30*time.Second {
		errs = append(errs, errors.New("warm_up is between 0 and 30s"))
	}
	return errors.Join(errs...)
}

// Findings adds the findings of webhooks.
func (c *serveSettings) Findings() program.Findings {
	found := c.Settings.Findings()
	for i := range found {
		if found[i].Setting == "nats_url" && c.NATSURL.Reveal() == "" {
			found[i].Follows += "; webhooks get nothing"
		}
	}
	found.Add(
		c.WebhooksAllowPrivate, "webhooks_allow_private",
		"whoever manages webhooks reaches your own networks with them, also over plain http", "false",
	)
	return found
}

func defaultServe() serveSettings {
	return serveSettings{
		Settings:  resource.DefaultSettings("127.0.0.1:8081", "127.0.0.1:9091"),
		PayWithin: 30 * time.Minute, OpenOrders: 10, ReservedUnits: 100, SearchTimeout: 500 * time.Millisecond,
		ProductCache: 5 * time.Second, WarmUp: 2 * time.Second,
	}
}
