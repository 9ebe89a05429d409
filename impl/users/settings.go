package users

import (
	"log/slog"
	"time"

	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
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

func defaultDatabase() databaseSettings {
	return databaseSettings{LogFormat: "json"}
}

func defaultKeys() keySettings {
	p := hashing.DefaultParams()
	return keySettings{HashMemoryKiB: p.MemoryKiB, HashIterations: p.Iterations, HashParallelism: p.Parallelism}
}

func (k keySettings) hashing() hashing.Config {
	return hashing.Config{Params: hashing.Params{MemoryKiB: k.HashMemoryKiB, Iterations: k.HashIterations, Parallelism: k.HashParallelism}}
}

func defaultServe() serveSettings {
	return serveSettings{
		databaseSettings: defaultDatabase(), keySettings: defaultKeys(),
		Addr: "127.0.0.1:8080", OpsAddr: "127.0.0.1:9090",
		Issuer: "plumbline", Audience: []string{ownAudience, "orders"},
		Responses: httpapi.ResponsesSample, RateLimits: true, Shed: true, Migrate: true, MaxConns: 16,
		HashQueue: 64, HashWait: time.Second, Unready: 3 * time.Second, Drain: 20 * time.Second,
	}
}

func defaultAdmin() adminSettings {
	return adminSettings{databaseSettings: defaultDatabase(), keySettings: defaultKeys(), Name: "Administrator"}
}

func defaultRotate() rotateSettings {
	return rotateSettings{databaseSettings: defaultDatabase(), keySettings: defaultKeys()}
}
