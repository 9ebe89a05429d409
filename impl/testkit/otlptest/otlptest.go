// Package otlptest is a receiver of traces, as a collector of OpenTelemetry is: OTLP over HTTP, in protobuf.
package otlptest

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	collector "go.opentelemetry.io/proto/otlp/collector/trace/v1"
	common "go.opentelemetry.io/proto/otlp/common/v1"
	tracev1 "go.opentelemetry.io/proto/otlp/trace/v1"
	"google.golang.org/protobuf/proto"
)

// patience bounds every wait; no wait normally comes near it.
const patience = time.Minute

// Span is a span as it was received, with the service that sent it.
type Span struct {
	*tracev1.Span

	Service string
}

// Trace is the id of the span's trace in hexadecimal digits.
func (s Span) Trace() string { return hex.EncodeToString(s.GetTraceId()) }

// ID is the id of the span in hexadecimal digits.
func (s Span) ID() string { return hex.EncodeToString(s.GetSpanId()) }

// Parent is the id of the span's parent; "" where it has none.
func (s Span) Parent() string { return hex.EncodeToString(s.GetParentSpanId()) }

// Attribute returns the value of an attribute as text; "" where the span has none.
func (s Span) Attribute(name string) string {
	for _, a := range s.GetAttributes() {
		if a.GetKey() == name {
			return text(a.GetValue())
		}
	}
	return ""
}

// text spells the value of an attribute that is a text or a whole number.
func text(v *common.AnyValue) string {
	if _, whole := v.GetValue().(*common.AnyValue_IntValue); whole {
		return strconv.FormatInt(v.GetIntValue(), 10)
	}
	return v.GetStringValue()
}

// Receiver takes the traces of the test's programs until the test ends.
type Receiver struct {
	// URL is the value of OTEL_EXPORTER_OTLP_ENDPOINT.
	URL string

	mu       sync.Mutex
	status   int           // with which exports are refused; 0: they are taken
	hanging  chan struct{} // closed when exports are answered again; nil: they are
	spans    []Span
	bytes    bytes.Buffer
	headers  []http.Header
	received chan struct{} // closed and replaced at every export
}

// New starts a receiver on a port of its own.
func New(t testing.TB) *Receiver {
	t.Helper()
	r := &Receiver{received: make(chan struct{})}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, in *http.Request) { r.serve(t, w, in) }))
	r.URL = server.URL
	t.Cleanup(func() {
		r.Recover()
		server.Close()
	})
	return r
}

func (r *Receiver) serve(t testing.TB, w http.ResponseWriter, in *http.Request) {
	t.Helper()
	body, err := io.ReadAll(in.Body)
	if err != nil { // The sender has given up.
		return
	}
	r.mu.Lock()
	status, hanging := r.status, r.hanging
	close(r.received)
	r.received = make(chan struct{})
	r.headers = append(r.headers, in.Header)
	r.mu.Unlock()
	if hanging != nil {
		select {
		case <-hanging:
		case <-in.Context().Done():
			return
		}
	}
	if status != 0 {
		w.WriteHeader(status)
		return
	}
	var export collector.ExportTraceServiceRequest
	if in.URL.Path != "/v1/traces" || in.Header.Get("Content-Type") != "application/x-protobuf" {
		t.Errorf("%s with %s is no export of traces", in.URL.Path, in.Header.Get("Content-Type"))
	} else if err := proto.Unmarshal(body, &export); err != nil {
		t.Errorf("an export cannot be read: %v", err)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.bytes.Write(body)
	for _, of := range export.GetResourceSpans() {
		service := ""
		for _, a := range of.GetResource().GetAttributes() {
			if a.GetKey() == "service.name" {
				service = text(a.GetValue())
			}
		}
		for _, in := range of.GetScopeSpans() {
			for _, span := range in.GetSpans() {
				r.spans = append(r.spans, Span{Span: span, Service: service})
			}
		}
	}
	close(r.received)
	r.received = make(chan struct{})
	w.Header().Set("Content-Type", "application/x-protobuf")
}

// Refuse answers exports with a status from now on.
func (r *Receiver) Refuse(status int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.status = status
}

// Hang answers exports no more, until Recover.
func (r *Receiver) Hang() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hanging == nil {
		r.hanging = make(chan struct{})
	}
}

// Recover takes exports again.
func (r *Receiver) Recover() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.hanging != nil {
		close(r.hanging)
	}
	r.status, r.hanging = 0, nil
}

// Asked returns the headers of all exports, those that were refused among them.
func (r *Receiver) Asked() []http.Header {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.headers)
}

// Spans returns what has been received so far.
func (r *Receiver) Spans() []Span {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.Clone(r.spans)
}

// Bytes returns the bodies of all exports that were taken.
func (r *Receiver) Bytes() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	return bytes.Clone(r.bytes.Bytes())
}

// Await waits until what was received or asked is enough.
func (r *Receiver) Await(t testing.TB, enough func() bool) {
	t.Helper()
	late := time.After(patience)
	for {
		r.mu.Lock()
		received := r.received
		r.mu.Unlock()
		if enough() {
			return
		}
		select {
		case <-received:
		case <-late:
			require.FailNow(t, "never enough spans", Tree(r.Spans()))
		}
	}
}

// Of returns the spans of one trace.
func Of(spans []Span, trace string) []Span {
	return slices.DeleteFunc(slices.Clone(spans), func(s Span) bool { return s.Trace() != trace })
}

// at converts a time of a span.
func at(unixNano uint64) time.Time {
	return time.Unix(0, int64(unixNano)) //nolint:gosec // It overflows in 2262.
}

// Tree draws spans as a tree, by the time when they began: one line each, with its service, its duration and how it
// failed.
func Tree(spans []Span) string {
	spans = slices.SortedStableFunc(slices.Values(spans), func(a, b Span) int {
		return cmp.Compare(a.GetStartTimeUnixNano(), b.GetStartTimeUnixNano())
	})
	known := map[string]bool{}
	for _, s := range spans {
		known[s.ID()] = true
	}
	var out strings.Builder
	var draw func(parent, indent string)
	draw = func(parent, indent string) {
		children := slices.DeleteFunc(slices.Clone(spans), func(s Span) bool {
			if parent == "" {
				return known[s.Parent()]
			}
			return s.Parent() != parent
		})
		for i, s := range children {
			branch, below := "├─ ", "│  "
			if i == len(children)-1 {
				branch, below = "└─ ", "   "
			}
			failed := s.Attribute("error.type")
			if failed != "" {
				failed = "  ! " + failed
			}
			took := at(s.GetEndTimeUnixNano()).Sub(at(s.GetStartTimeUnixNano())).Round(10 * time.Microsecond)
			fmt.Fprintf(&out, "%s%s%s  [%s, %s]%s\n", indent, branch, s.GetName(), s.Service, took, failed)
			draw(s.ID(), indent+below)
		}
	}
	draw("", "")
	return out.String()
}
