// Package natsserver runs a private NATS with JetStream inside a process, for development and for tests.
//
// It promises that only who knows the URL, which has a random token in it, can connect, that it listens on the
// loopback address alone, and that what it acknowledged is there after kill -9 of the process.
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
	// Dir is the folder of the streams. It is made when it is missing; one server at a time may use it.
	Dir string
	// Port is that of the loopback address; 0 takes a free one.
	Port int
	// Token is asked of who connects; "" makes a random one.
	Token string
	// Log is told what the server warns of; nil: nobody is.
	Log *slog.Logger
}

// Server is a running NATS.
type Server struct {
	server *server.Server
	token  string
	port   int
}

// Start runs a server and returns when it can be connected to. The caller stops it.
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
		NoSigs: true, // They are the owner's.
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

// ready waits until the server can be connected to, or says why it never will.
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

// Remove deletes the streams in a folder on which no server runs, and the folder itself when nothing else is in it.
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

// URL is how to connect, with the token in it.
func (s *Server) URL() telemetry.Secret {
	return telemetry.NewSecret("nats://" + s.token + "@" + net.JoinHostPort("127.0.0.1", strconv.Itoa(s.Port())))
}

// Port is where the server listens.
func (s *Server) Port() int { return s.port }

// Stop ends the server and returns when its files are closed.
func (s *Server) Stop() {
	s.server.Shutdown()
	s.server.WaitForShutdown()
}

// logger hands on what an operator of a private server wants to know: nothing of what goes well.
type logger struct {
	log   *slog.Logger
	fatal chan<- string // why the server cannot start
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
	default: // There is a reason already.
	}
}

// Errorf implements server.Logger.
func (l logger) Errorf(format string, v ...any) { l.say(slog.LevelError, format, v) }

// Debugf implements server.Logger.
func (l logger) Debugf(format string, v ...any) { l.say(slog.LevelDebug, format, v) }

// Tracef implements server.Logger.
func (l logger) Tracef(format string, v ...any) { l.say(slog.LevelDebug, format, v) }
