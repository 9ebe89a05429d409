package main

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	random "math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// drain is how long running requests may take to end.
const drain = 5 * time.Second

// prepare makes the data folder and the secrets in it.
func (d *development) prepare() error {
	// PostgreSQL, which does not run as root, passes through this folder; the secrets in it are closed.
	if err := os.MkdirAll(d.data, 0o755); err != nil { //nolint:gosec // as it says above
		return fmt.Errorf("the data folder cannot be made: %w; choose another with PLUMBLINE_DATA", err)
	}
	for _, s := range d.services {
		file := s.name + "-master-key"
		if s.name == "users" {
			file = "master-key" // from when there was no other
		}
		key, err := d.secret(file, masterKey)
		if err != nil {
			return err
		}
		d.environ[s.setting("MASTER_KEY")] = d.or(s.setting("MASTER_KEY"), key)
	}
	var err error
	if d.password = d.environ["PLUMBLINE_DEV_PASSWORD"]; d.password == "" {
		d.password, err = d.secret("dev-password", rand.Text)
	}
	return err
}

func masterKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // It never fails: crypto/rand ends the program instead.
	return base64.StdEncoding.EncodeToString(key)
}

// secret reads a file of the data folder that only its owner may read, and makes it when it is not there.
func (d *development) secret(name string, generate func() string) (string, error) {
	path := filepath.Join(d.data, name)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		text = []byte(generate())
		err = os.WriteFile(path, text, 0o600)
	}
	if err != nil {
		return "", fmt.Errorf("the data folder cannot be used: %w; choose another with PLUMBLINE_DATA", err)
	}
	return strings.TrimSpace(string(text)), nil
}

// settings are those of the services, where the caller has not set them.
func (d *development) settings(ctx context.Context) ([]string, error) {
	addrs, err := freeAddrs(ctx, 2*len(d.services))
	if err != nil {
		return nil, err
	}
	for i, s := range d.services {
		for name, value := range map[string]string{
			"ADDR":            addrs[2*i],
			"OPS_ADDR":        addrs[2*i+1],
			"RESPONSES":       "enforce",
			"TRUSTED_ORIGINS": "http://localhost:*,http://127.0.0.1:*",
			"TRUSTED_PROXIES": "127.0.0.1/32", // the front
			"UNREADY":         "200ms",        // for what the front has already taken
			"DRAIN":           drain.String(),
			"LOG_FORMAT":      "text",
		} {
			d.environ[s.setting(name)] = d.or(s.setting(name), value)
		}
		s.Addr, s.OpsAddr = d.environ[s.setting("ADDR")], d.environ[s.setting("OPS_ADDR")]
	}
	for name, value := range map[string]string{
		"USERS_MAIL":                    "off", // They stay here, see runUsers.
		"USERS_PUBLIC_URL":              "http://" + d.addr,
		"ORDERS_USERS_URL":              "http://" + d.environ["USERS_ADDR"],
		"ORDERS_ISSUER":                 d.or("USERS_ISSUER", "plumbline"),
		"ORDERS_WEBHOOKS_ALLOW_PRIVATE": "true", // A receiver in development is on this machine.
	} {
		d.environ[name] = d.or(name, value)
	}
	environ := make([]string, 0, len(d.environ))
	for name, value := range d.environ {
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}

// isFree refuses an address that is taken, before anything is started for nothing; variable is the way out.
func isFree(ctx context.Context, addr, variable string) error {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return fmt.Errorf("%s is in use by another program: stop it, or choose another address with %s", addr, variable)
	case err != nil:
		return fmt.Errorf("cannot listen on %s: %w; choose another address with %s", addr, err, variable)
	}
	return listener.Close()
}

// The ports that no system gives away by itself, so that one which is free now is still free when a service takes it.
const firstPort, endPort = 20_000, 32_000

// freeAddrs finds loopback addresses on which nobody listens.
func freeAddrs(ctx context.Context, count int) ([]string, error) {
	var config net.ListenConfig
	var found []string
	for range 1000 {
		if len(found) == count {
			return found, nil
		}
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+random.IntN(endPort-firstPort))) // No secret: a port to try.
		listener, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		defer listener.Close() //nolint:errcheck // It has served its purpose, which is to keep the address from being found twice.
		found = append(found, addr)
	}
	return nil, errors.New("there are no free ports on 127.0.0.1")
}
