package program

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"example.com/plumbline/impl/platform/clienttls"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/impl/platform/redis"
	"example.com/plumbline/impl/platform/telemetry"
)

// Redis holds the settings of the connection to Redis. Serving embeds it.
type Redis struct {
	RedisURL       telemetry.Secret `koanf:"redis_url" usage:"where replicas share caches and rate limits, as in rediss://user:password@host:6379/0; without it each replica has its own"`
	RedisCA        string           `koanf:"redis_ca" usage:"file in PEM with the authorities that may have signed the certificate of Redis; without it, those of the system"`
	RedisCert      string           `koanf:"redis_cert" usage:"file in PEM with the certificate that is shown to Redis"`
	RedisKey       string           `koanf:"redis_key" usage:"file in PEM with the key of redis_cert"`
	RedisTimeout   time.Duration    `koanf:"redis_timeout" usage:"how long a request waits for Redis at most; then it goes on without"`
	RedisKeepAlive time.Duration    `koanf:"redis_keepalive" usage:"interval of pings on a silent connection to Redis, and how long the answer may take"`
}

// DefaultRedis returns the defaults of Redis.
func DefaultRedis() Redis {
	return Redis{RedisTimeout: redis.DefaultTimeout, RedisKeepAlive: redis.DefaultKeepAlive}
}

// Validate refuses settings that cannot work, before anything is touched. Files are looked at with the findings.
// Without a URL the time-outs mean nothing.
func (r *Redis) Validate() error {
	if r.RedisURL.Reveal() == "" {
		return r.files().validate(false)
	}
	errs := []error{r.files().validate(true)}
	if r.RedisTimeout < time.Millisecond || r.RedisTimeout > time.Second {
		errs = append(errs, errors.New("redis_timeout is between 1ms and 1s"))
	}
	if r.RedisKeepAlive < 100*time.Millisecond || r.RedisKeepAlive > time.Minute {
		errs = append(errs, errors.New("redis_keepalive is between 100ms and 1m"))
	}
	if err := redis.CheckURL(r.RedisURL); err != nil {
		errs = append(errs, fmt.Errorf("redis_url: %w", err))
	} else if u, err := url.Parse(r.RedisURL.Reveal()); err == nil && u.Scheme == "redis" {
		for _, file := range []struct{ name, path string }{{"redis_ca", r.RedisCA}, {"redis_cert", r.RedisCert}} {
			if file.path != "" {
				errs = append(errs, errors.New(file.name+" is set and redis_url has no TLS: write rediss:// in place of redis://"))
			}
		}
	}
	return errors.Join(errs...)
}

// redisFindings adds those of Redis.
func (r *Redis) redisFindings(found *Findings) {
	r.files().find(found)
	u, err := url.Parse(r.RedisURL.Reveal())
	if err != nil || u.Host == "" || hosts.IsLoopback(u.Host) {
		return
	}
	found.Add(u.Scheme == "redis", "redis_url", "what is remembered, and the password, go to Redis in the clear",
		"rediss:// in place of redis://")
	_, hasPassword := u.User.Password()
	found.Add(!hasPassword && r.RedisCert == "", "redis_url",
		"whoever reaches Redis can change what callers are shown and how often they may call",
		"a user and a password, as in rediss://user:password@host:6379")
}

func (r *Redis) files() tlsFiles {
	return tlsFiles{clienttls.Files{CA: r.RedisCA, Cert: r.RedisCert, Key: r.RedisKey}, "redis", "Redis"}
}

func (r *Redis) redisConfig() redis.Config {
	return redis.Config{
		URL: r.RedisURL, CA: r.RedisCA, Cert: r.RedisCert, Key: r.RedisKey,
		Timeout: r.RedisTimeout, KeepAlive: r.RedisKeepAlive,
	}
}

// connectRedis makes the client of Redis, if the settings name one. A Redis that is away is no error.
func (p *Process) connectRedis(r *Redis) error {
	if r.RedisURL.Reveal() == "" {
		return nil
	}
	config := r.redisConfig()
	config.Name, config.Log, config.Registry = p.name, p.Log, p.Registry
	client, err := redis.New(config)
	if err != nil {
		return err
	}
	p.Redis = client
	p.DeferClose("connection to Redis", client.Close)
	p.Check(ops.Check{Name: "redis", Run: client.Check})
	return nil
}
