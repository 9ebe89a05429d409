package pgserver

import (
	"context"
	"io"
	"syscall"
)

// What the tests see besides the exported API.

const ShortSocketLimit = longestSocket

// ServerAttributes makes a command run as the account of private servers.
func ServerAttributes() (*syscall.SysProcAttr, error) {
	acct, err := serverAccount()
	return acct.attributes(), err
}

// Places are the places where a test looks for binaries.
type Places struct {
	Path  string
	Globs []string
	Cache string
}

func (p Places) places() places { return places{path: p.Path, globs: p.Globs, cache: p.Cache} }

// In restricts the search for binaries.
func (o Options) In(p Places) Options {
	o.places = p.places()
	return o
}

// Find returns the folder of the binaries that would be used.
func Find(ctx context.Context, p Places, binDir string, major int) (string, error) {
	acct, err := serverAccount()
	if err != nil {
		return "", err
	}
	opts := Options{BinDir: binDir, Progress: io.Discard, places: p.places()}
	i, err := findOrFetch(ctx, opts, acct, "the-data", major)
	return i.dir, err
}

// SharedFolder prepares a folder below a world-writable one.
func SharedFolder(dir string) error {
	acct, err := serverAccount()
	if err != nil {
		return err
	}
	return sharedFolder(dir, acct)
}

// BinDir returns the folder of the binaries that a server runs.
func (s *Server) BinDir() string { return s.bin.dir }

// Pid returns the process id of postgres.
func (s *Server) Pid() int { return s.process.Pid }

// SocketDir returns the folder of the server's socket.
func (s *Server) SocketDir() string { return s.socketDir }
