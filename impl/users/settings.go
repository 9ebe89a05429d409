package users

import (
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/platform/telemetry"
)

const settingsPrefix = "USERS_"

// databaseSettings are those of every subcommand.
type databaseSettings struct {
	DatabaseURL telemetry.Secret `koanf:"database_url" required:"true" usage:"the database, as in postgres://user:password@host:5432/users"`
	LogLevel    slog.Level       `koanf:"log_level" usage:"debug, info, warn or error"`
	LogFormat   string           `koanf:"log_format" usage:"json, or text for a person"`
}

// keySettings are those of the subcommands that touch secrets.
type keySettings struct {
	MasterKey telemetry.Secret `koanf:"master_key" required:"true" usage:"32 bytes in base64 that every secret is derived from; openssl rand -base64 32 makes one"`

	HashMemoryKiB   uint32 `koanf:"hash_memory_kib" usage:"memory of one password hash, in KiB (argon2id)"`
	HashIterations  uint32 `koanf:"hash_iterations" usage:"passes over that memory"`
	HashParallelism uint8  `koanf:"hash_parallelism" usage:"lanes of one password hash"`
}

type serveSettings struct {
	databaseSettings
	keySettings

	Addr           string               `koanf:"addr" usage:"where callers are served"`
	OpsAddr        string               `koanf:"ops_addr" usage:"where operators are: health, metrics, profiles; keep it from callers"`
	Issuer         string               `koanf:"issuer" usage:"the iss of access tokens"`
	Audience       []string             `koanf:"audience" usage:"the services that accept access tokens"`
	TrustedProxies []string             `koanf:"trusted_proxies" usage:"networks in CIDR form whose X-Forwarded-For is believed"`
	TrustedOrigins []string             `koanf:"trusted_origins" usage:"other origins whose pages may call, as in https://shop.example.com"`
	Responses      httpapi.ResponseMode `koanf:"responses" usage:"answers held against the document: off, sample or enforce"`
	RateLimits     bool                 `koanf:"rate_limits" usage:"whether the document's rate limits hold"`
	Shed           bool                 `koanf:"shed" usage:"whether work beyond capacity is refused at once"`
	Migrate        bool                 `koanf:"migrate" usage:"whether to migrate the database at start"`
	MaxConns       int32                `koanf:"max_conns" usage:"connections to the database at most"`
	HashQueue      int                  `koanf:"hash_queue" usage:"password hashes that may wait for their turn"`
	HashWait       time.Duration        `koanf:"hash_wait" usage:"how long they wait"`
	Unready        time.Duration        `koanf:"unready" usage:"how long to go on serving after readiness has been withdrawn"`
	Drain          time.Duration        `koanf:"drain" usage:"how long running requests may take to end"`
}

type adminSettings struct {
	databaseSettings
	keySettings

	Email string `koanf:"email" required:"true" usage:"the administrator's e-mail address"`
	Name  string `koanf:"name" usage:"the administrator's name"`
}

type rotateSettings struct {
	databaseSettings
	keySettings
}

// everySetting names those of all commands.
func everySetting() []string {
	return slices.Concat(settings.Names[serveSettings](), settings.Names[adminSettings]())
}

func (d *databaseSettings) validate() error {
	if d.LogFormat != "json" && d.LogFormat != "text" {
		return fmt.Errorf("log_format is %q: write json or text", d.LogFormat)
	}
	return nil
}

func (k *keySettings) validate() error {
	_, err := seal.NewMasterKey(serviceName, k.MasterKey)
	if err != nil {
		err = fmt.Errorf("master_key: %w", err)
	}
	return err
}

// Validate finds settings that cannot work, before anything is touched.
func (d *databaseSettings) Validate() error { return d.validate() }

// Validate finds settings that cannot work, before anything is touched.
func (c *serveSettings) Validate() error {
	errs := []error{c.databaseSettings.validate(), c.keySettings.validate()}
	refuse := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	refuse(!slices.Contains(c.Audience, serviceName), "audience lacks "+serviceName+": this service would refuse its own tokens")
	refuse(c.Addr == c.OpsAddr && !strings.HasSuffix(c.Addr, ":0"), "addr and ops_addr are the same: operators need one of their own")
	refuse(c.MaxConns < 1 || c.MaxConns > 1000, "max_conns is between 1 and 1000")
	refuse(c.HashQueue < 1 || c.HashWait <= 0, "hash_queue and hash_wait are more than nothing")
	refuse(c.Unready < 0 || c.Drain <= 0, "unready is not less than nothing, and drain is more")
	return errors.Join(errs...)
}

// Validate finds settings that cannot work, before anything is touched.
func (c *adminSettings) Validate() error {
	errs := []error{c.databaseSettings.validate(), c.keySettings.validate()}
	formats := format.All()
	if err := formats["email"].Validate(c.Email); err != nil {
		errs = append(errs, fmt.Errorf("email: %w", err))
	}
	if err := formats["line"].Validate(c.Name); err != nil || c.Name == "" || utf8.RuneCountInString(c.Name) > 100 {
		errs = append(errs, errors.New("name is one line of 1 to 100 characters that neither begins nor ends with a space"))
	}
	return errors.Join(errs...)
}

// Validate finds settings that cannot work, before anything is touched.
func (c *rotateSettings) Validate() error {
	return errors.Join(c.databaseSettings.validate(), c.keySettings.validate())
}

func defaultDatabase() databaseSettings {
	return databaseSettings{LogFormat: "json"}
}

func defaultKeys() keySettings {
	p := hashing.DefaultParams()
	return keySettings{HashMemoryKiB: p.MemoryKiB, HashIterations: p.Iterations, HashParallelism: p.Parallelism}
}

func (k *keySettings) hashing() hashing.Config {
	return hashing.Config{Params: hashing.Params{MemoryKiB: k.HashMemoryKiB, Iterations: k.HashIterations, Parallelism: k.HashParallelism}}
}

func defaultServe() serveSettings {
	return serveSettings{
		databaseSettings: defaultDatabase(), keySettings: defaultKeys(),
		Addr: "127.0.0.1:8080", OpsAddr: "127.0.0.1:9090",
		Issuer: "plumbline", Audience: []string{serviceName, "orders"},
		Responses: httpapi.ResponsesSample, RateLimits: true, Shed: true, Migrate: true, MaxConns: 16,
		HashQueue: 24, HashWait: time.Second, Unready: 3 * time.Second, Drain: 20 * time.Second,
	}
}

func defaultAdmin() adminSettings {
	return adminSettings{databaseSettings: defaultDatabase(), keySettings: defaultKeys(), Name: "Administrator"}
}

func defaultRotate() rotateSettings {
	return rotateSettings{databaseSettings: defaultDatabase(), keySettings: defaultKeys()}
}
