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

// Places are where a test has binaries looked for.
type Places struct {
	Path  string
	Globs []string
	Cache string
}

func (p Places) places() places { return places{path: p.Path, globs: p.Globs, cache: p.Cache} }

// In confines the search for binaries.
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

// SharedFolder prepares a folder below one that everybody may write to.
func SharedFolder(dir string) error {
	acct, err := serverAccount()
	if err != nil {
		return err
	}
	return sharedFolder(dir, acct)
}

// BinDir is the folder of the binaries that a server runs.
func (s *Server) BinDir() string { return s.bin.dir }

// Pid is the process of postgres.
func (s *Server) Pid() int { return s.process.Pid }

// SocketDir is the folder of the server's socket.
func (s *Server) SocketDir() string { return s.socketDir }
