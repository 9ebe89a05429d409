package programtest

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// Live is a service that runs with a file of settings which a test changes.
type Live struct {
	*Served

	path     string
	settings map[string]string
	reloads  int
}

// The messages of the lines about settings that were read again.
const (
	Reloaded = "the settings have been read again"
	Refused  = "the settings are refused, the old ones stay"
)

// ServeLive is Serve with settings in a file, each as "name: value". variable is the one that names the file, as in
// USERS_CONFIG.
func ServeLive(t *testing.T, main Main, variable string, environ []string, settings ...string) *Live {
	t.Helper()
	l := &Live{path: filepath.Join(t.TempDir(), "settings.yaml"), settings: map[string]string{}}
	l.write(t, settings)
	l.Served = Serve(t, main, append(slices.Clone(environ), variable+"="+l.path))
	return l
}

// Set changes settings in the file, each as "name: value", and waits until they have taken effect. It returns what the
// log says of it.
func (l *Live) Set(settings ...string) map[string]any {
	l.t.Helper()
	l.write(l.t, settings)
	l.reloads++
	return l.Lines(Reloaded, l.reloads)[l.reloads-1]
}

// Write changes settings in the file and does not wait.
func (l *Live) Write(settings ...string) {
	l.t.Helper()
	l.write(l.t, settings)
}

// write puts another file in the place of the old one, as an editor does: half a file is never read.
func (l *Live) write(t *testing.T, settings []string) {
	t.Helper()
	for _, line := range settings {
		name, _, found := strings.Cut(line, ": ")
		require.True(t, found, line)
		l.settings[name] = line
	}
	text := strings.Join(slices.Sorted(maps.Values(l.settings)), "\n") + "\n"
	require.NoError(t, os.WriteFile(l.path+".new", []byte(text), 0o600))
	require.NoError(t, os.Rename(l.path+".new", l.path))
}
