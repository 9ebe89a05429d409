// Package natsserver runs a private NATS with JetStream inside a process, for development and for tests.
//
// It promises that only those who know the URL, which contains a random token, can connect; that it listens on the
// loopback address alone; and that acknowledged messages survive kill -9 of the process.
package natsserver

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	startTimeout = 10 * time.Second
	startPoll    = 20 * time.Millisecond
)

// Options says where a server keeps its data and where it listens.
type Options struct {
	// Dir is the folder of the streams. It is created if missing; one server at a time may use it.
	Dir string
	// Port is the loopback port; 0 takes a free one.
	Port int
	// Token is the token that clients must present; "" makes a random one.
	Token string
	// Log receives the server's warnings; nil discards them.
	Log *slog.Logger
}

// Server is a running NATS.
type Server struct {
	server *server.Server
	token  string
	port   int
}

// Start runs a server and returns when clients can connect. The caller stops it.
func Start(ctx context.Context, o Options) (*Server, error) {
	if o.Dir == "" {
		return nil, errors.New("no folder is given for the private NATS")
	}
	if err := os.MkdirAll(o.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("folder of the private NATS: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Token == "" {
		o.Token = rand.Text()
	}
	if o.Port == 0 {
		o.Port = server.RANDOM_PORT
	}
	s, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: o.Port, Authorization: o.Token,
		JetStream: true, StoreDir: o.Dir, DisableJetStreamBanner: true,
		NoSigs: true, // The owner handles signals.
	})
	if err != nil {
		return nil, fmt.Errorf("start the private NATS: %w", err)
	}
	fatal := make(chan string, 1)
	s.SetLoggerV2(logger{log: o.Log, fatal: fatal}, false, false, false)
	s.Start()
	started := &Server{server: s, token: o.Token}
	if err := started.ready(ctx, fatal); err != nil {
		started.Stop()
		return nil, fmt.Errorf("start the private NATS in %s: %w", o.Dir, err)
	}
	started.port = s.Addr().(*net.TCPAddr).Port
	return started, nil
}

// ready waits until clients can connect, or returns why they never will.
func (s *Server) ready(ctx context.Context, fatal <-chan string) error {
	for deadline := time.Now().Add(startTimeout); ; {
		if s.server.ReadyForConnections(startPoll) && s.server.JetStreamEnabled() {
			return nil
		}
		select {
		case reason := <-fatal:
			return errors.New(reason)
		case <-ctx.Done():
			return ctx.Err()
		default:
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("it is not ready after %v", startTimeout)
		}
	}
}

// Remove deletes the streams in a folder that no server uses, and the folder itself if nothing else is in it.
func Remove(dir string) error {
	if err := os.RemoveAll(filepath.Join(dir, server.JetStreamStoreDir)); err != nil {
		return fmt.Errorf("data of the private NATS: %w", err)
	}
	switch err := os.Remove(dir); {
	case err == nil, errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ENOTEMPTY):
		return nil
	default:
		return fmt.Errorf("folder of the private NATS: %w", err)
	}
}

// URL returns the URL to connect to, with the token.
func (s *Server) URL() telemetry.Secret {
	return telemetry.NewSecret("nats://" + s.token + "@" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port())))
}

// Port returns the port of the server.
func (s *Server) Port() int { return s.port }

// Stop ends the server and returns when its files are closed.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// logger passes on warnings and errors, which are all that the operator of a private server needs.
type logger struct {
	log   *slog.Logger
	fatal chan<- string // receives why the server cannot start
}

func (l logger) say(level slog.Level, format string, v []any) {
	l.log.Log(context.Background(), level, "nats-server: "+strings.TrimSpace(fmt.Sprintf(format, v...)))
}

// Noticef implements server.Logger.
func (l logger) Noticef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Warnf implements server.Logger.
func (l logger) Warnf(format string, v ...any) { l.say(slog.LevelWarn, format, v) }

// Fatalf implements server.Logger.
func (l logger) Fatalf(format string, v ...any) {
	select {
	case l.fatal <- fmt.Sprintf(format, v...):
	default: // There already is a reason.
	}
}

// Errorf implements server.Logger.
func (l logger) Errorf(format string, v ...any) { l.say(slog.LevelError, format, v) }

// Debugf implements server.Logger.
func (l logger) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Tracef implements server.Logger.
func (l logger) Tracef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
