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

	"example.com/plumbline/impl/platform/hosts"
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
		file := s.name() + "-master-key"
		if s.name() == accounts {
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
			"addr":                   addrs[2*i],
			"ops_addr":               addrs[2*i+1],
			"responses":              "enforce",
			"trusted_origins":        "http://localhost:*,http://127.0.0.1:*",
			"trusted_proxies":        "127.0.0.1/32", // the front
			"unready":                "200ms",        // for what the front has already taken
			"drain":                  drain.String(),
			"log_format":             "text",
			"mail":                   "off", // They stay here: see ProgramWith.
			"public_url":             "http://" + local(d.addr),
			"users_url":              "http://" + d.services[0].Addr,
			"issuer":                 d.or("USERS_ISSUER", "plumbline"),
			"webhooks_allow_private": "true", // A receiver in development is on this machine.
		} {
			if s.program.Takes(name) {
				variable := s.setting(strings.ToUpper(name))
				d.environ[variable] = d.or(variable, value)
			}
		}
		s.Addr, s.OpsAddr = d.environ[s.setting("ADDR")], d.environ[s.setting("OPS_ADDR")]
	}
	environ := make([]string, 0, len(d.environ))
	for name, value := range d.environ {
		environ = append(environ, name+"="+value)
	}
	return environ, nil
}

// names are those that PLUMBLINE_HOSTS lists, and the hosts that callers and operators are served on.
func (d *development) names() hosts.Allowed {
	named := hosts.Allowed(strings.Split(d.environ["PLUMBLINE_HOSTS"], ","))
	for i := range named {
		named[i] = strings.TrimSpace(named[i])
	}
	for _, addr := range []string{d.addr, d.opsAddr} {
		if !hosts.IsEverywhere(addr) {
			named = append(named, hosts.Of(addr))
		}
	}
	return named
}

// local is an address as this machine reaches it: nobody can call one that stands for all.
func local(addr string) string {
	_, port, err := net.SplitHostPort(addr)
	if err != nil || !hosts.IsEverywhere(addr) {
		return addr
	}
	return net.JoinHostPort("127.0.0.1", port)
}

// warning says what others can do when they reach this machine; it is empty when they do not.
func (d *development) warning() string {
	if hosts.IsLoopback(d.addr) && hosts.IsLoopback(d.opsAddr) {
		return ""
	}
	return "WARNING: others reach this. Whoever is in a network of this machine " +
		"can sign in as every persona without a password, as an administrator\n" +
		"too, read every mail, turn the clock, throw the data away and take profiles. " +
		"PLUMBLINE_ADDR and PLUMBLINE_OPS_ADDR on 127.0.0.1 keep\n" +
		"them out. Browsers call by the host of these or by a name in PLUMBLINE_HOSTS; any other is refused.\n\n"
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
		// A port to try is no secret.
		addr := net.JoinHostPort("127.0.0.1", strconv.Itoa(firstPort+random.IntN(endPort-firstPort)))
		listener, err := config.Listen(ctx, "tcp", addr)
		if err != nil {
			continue
		}
		defer listener.Close() //nolint:errcheck // It only keeps the address from being found twice.
		found = append(found, addr)
	}
	return nil, errors.New("there are no free ports on 127.0.0.1")
}
