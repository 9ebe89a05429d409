// Package programtest runs a service's program within a test, as its main function would.
package programtest

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds every wait; no wait normally comes near it.
const Patience = time.Minute

// NewMasterKey makes a master key, in the form of a service's settings.
func NewMasterKey() string {
	key := make([]byte, 32)
	_, _ = rand.Read(key) // It never fails: crypto/rand would end the program.
	return base64.StdEncoding.EncodeToString(key)
}

// Main is the type of a service's Run.
type Main func(ctx context.Context, args, environ []string, out io.Writer) error

// Command runs a command that ends by itself, and returns its output.
func Command(t *testing.T, main Main, environ []string, args ...string) (string, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), Patience)
	defer cancel()
	out := newOutput()
	err := main(ctx, args, environ, out)
	return out.String(), err
}

// Served is a service that runs until Stop is called or the test ends.
type Served struct {
	// URL is the address for callers, OpsURL that for operators.
	URL, OpsURL string
	Stop        context.CancelFunc

	t     *testing.T
	out   *output
	ended chan error
}

// Serve starts a service and waits until it serves. It adds free ports to environ.
func Serve(t *testing.T, main Main, environ []string) *Served {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	s := &Served{Stop: stop, t: t, out: newOutput(), ended: make(chan error, 1)}
	go func() { s.ended <- main(ctx, []string{"serve"}, environ, s.out) }()
	t.Cleanup(func() {
		stop()
		_ = s.End() // Tests that care call End themselves.
	})
	serving := s.Line("serving")
	s.URL, s.OpsURL = fmt.Sprintf("http://%s", serving["addr"]), fmt.Sprintf("http://%s", serving["ops_addr"])
	return s
}

// End waits for the program to end and returns its error.
func (s *Served) End() error {
	s.t.Helper()
	select {
	case err := <-s.ended:
		s.ended <- err
		return err
	case <-time.After(Patience):
		require.FailNow(s.t, "the program does not end", s.out)
		return nil
	}
}

// HasEnded reports whether the program has ended.
func (s *Served) HasEnded() bool { return len(s.ended) > 0 }

// Output returns what the program has written so far.
func (s *Served) Output() string { return s.out.String() }

// Line waits for a log line with that message and returns its members.
func (s *Served) Line(message string) map[string]any {
	s.t.Helper()
	return s.Lines(message, 1)[0]
}

// Lines waits for that many log lines with a message and returns the members of all that there are.
func (s *Served) Lines(message string, count int) []map[string]any {
	s.t.Helper()
	late := time.After(Patience)
	for {
		text, wrote := s.out.read()
		if found := linesOf(text, message); len(found) >= count {
			return found
		}
		select {
		case <-wrote:
		case err := <-s.ended:
			s.ended <- err
			if again, _ := s.out.read(); again == text {
				require.FailNow(s.t, "the program ended without the line "+message, "%v\n%s", err, text)
			}
		case <-late:
			require.FailNow(s.t, "never the line "+message, text)
		}
	}
}

// linesOf gives the members of the log lines with a message.
func linesOf(text, message string) (found []map[string]any) {
	for line := range strings.Lines(text) {
		var members map[string]any
		if json.Unmarshal([]byte(line), &members) == nil && members["msg"] == message {
			found = append(found, members)
		}
	}
	return found
}

// Get requests a page.
func Get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, http.NoBody)
	require.NoError(t, err)
	r.Close = true // No connection may outlive its test.
	answer, err := http.DefaultClient.Do(r)
	require.NoError(t, err)
	defer func() { _ = answer.Body.Close() }() // The body has been read.
	text, err := io.ReadAll(answer.Body)
	require.NoError(t, err)
	return answer.StatusCode, string(text)
}

// RequireSentence requires an error that a person can act on: one line, with the parts that name the solution.
func RequireSentence(t *testing.T, err error, parts ...string) {
	t.Helper()
	require.Error(t, err)
	text := strings.TrimPrefix(err.Error(), "settings:\n  ")
	require.NotContains(t, text, "\n")
	require.NotContains(t, text, "goroutine")
	require.Less(t, len(text), 400)
	for _, part := range parts {
		require.Contains(t, text, part)
	}
}

// RequireWarned requires that a program warned of exactly these settings, each once; "" stands for none.
func RequireWarned(t *testing.T, out string, settings ...string) {
	t.Helper()
	warned := []string{}
	for line := range strings.Lines(out) {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &members), line)
		if members["msg"] == "a setting to look at" {
			require.Equal(t, "WARN", members["level"])
			require.NotEmpty(t, members["follows"])
			require.NotEmpty(t, members["set"])
			warned = append(warned, members["setting"].(string))
		}
	}
	require.ElementsMatch(t, slices.DeleteFunc(settings, func(s string) bool { return s == "" }), warned)
}

// output collects what a program writes.
type output struct {
	mu    sync.Mutex
	text  bytes.Buffer
	wrote chan struct{} // closed and replaced at every write
}

func newOutput() *output { return &output{wrote: make(chan struct{})} }

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.wrote)
	o.wrote = make(chan struct{})
	return o.text.Write(p)
}

func (o *output) read() (text string, wrote <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.text.String(), o.wrote
}

func (o *output) String() string {
	text, _ := o.read()
	return text
}
