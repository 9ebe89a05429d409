package httpapi

import (
	"bytes"
	"encoding/json"
	"strings"
	"sync"
	"testing"

	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/require"
)

// lines are what was logged.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// of gives the lines with that message.
func (l *lines) of(t testing.TB, message string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(l.String()) {
		var members map[string]any
		require.NoError(t, json.Unmarshal([]byte(line), &members))
		if members["msg"] == message {
			found = append(found, members)
		}
	}
	return found
}

// metric gives the sum of a metric over the series that have these label values.
func (s *service) metric(t testing.TB, name string, labels map[string]string) (sum float64) {
	t.Helper()
	families, err := s.registry.Gather()
	require.NoError(t, err)
	for _, family := range families {
		if family.GetName() != name {
			continue
		}
		for _, m := range family.GetMetric() {
			if hasLabels(m, labels) {
				sum += m.GetCounter().GetValue() + m.GetGauge().GetValue()
			}
		}
	}
	return sum
}

func hasLabels(m *dto.Metric, labels map[string]string) bool {
	matching := 0
	for _, l := range m.GetLabel() {
		if labels[l.GetName()] == l.GetValue() {
			matching++
		}
	}
	return matching == len(labels)
}
