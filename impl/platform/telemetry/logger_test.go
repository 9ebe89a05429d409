package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"math"
	"strings"
	"sync"
	"testing"
	"testing/slogtest"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/require"
)

// output is a writer that a test can read while a logger writes.
type output struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buf.String()
}

func parse(t testing.TB, line string) map[string]any {
	t.Helper()
	var m map[string]any
	require.NoError(t, json.Unmarshal([]byte(line), &m), "line: %s", line)
	return m
}

func TestHandlerDoesWhatSlogAsks(t *testing.T) {
	t.Parallel()
	var out *output
	var log *Logger
	slogtest.Run(t, func(*testing.T) slog.Handler {
		out = &output{}
		log = NewLogger(out, LogOptions{})
		return log.Handler()
	}, func(t *testing.T) map[string]any {
		require.NoError(t, log.Close())
		return parse(t, out.String())
	})
}

func TestLine(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("UTC+8", 8*3600)
	at := time.Date(2026, 1, 2, 11, 4, 5, 6_000_000, zone)
	ctx := WithRequest(t.Context(), &RequestScope{RequestID: "r-1", TraceID: strings.Repeat("a", 32)})

	for format, want := range map[string]string{
		"json": `{"time":"2026-01-02T03:04:05.006Z","level":"WARN","msg":"a \"b\"","service":"orders","version":"1.0.0",` +
			`"request_id":"r-1","trace_id":"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa",` +
			`"bound":1,"outer":{"deep":true,"inner":{"text":"two words","nothing":null,"list":[1,"x"],` +
			`"took":1500000,"share":0.5,"size":7,` +
			`"at":"2026-01-02T11:04:05.006+08:00","error":"it broke","nan":"NaN"}}}` + "\n",
		"text": `2026-01-02T03:04:05.006Z WARN "a \"b\"" service=orders version=1.0.0 request_id=r-1 ` +
			`trace_id=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa ` +
			`bound=1 outer.deep=true outer.inner.text="two words" outer.inner.nothing=null outer.inner.list=[1,"x"] ` +
			`outer.inner.took=1500000 ` +
			`outer.inner.share=0.5 outer.inner.size=7 outer.inner.at=2026-01-02T11:04:05.006+08:00 ` +
			`outer.inner.error="it broke" outer.inner.nan=NaN` + "\n",
	} {
		out := &output{}
		log := NewLogger(out, LogOptions{Service: "orders", Version: "1.0.0", Format: format})
		r := slog.NewRecord(at, slog.LevelWarn, `a "b"`, 0)
		r.AddAttrs(
			slog.Group("inner", "text", "two words", "nothing", nil, "list", []any{1, "x"}, "took", 1500*time.Microsecond,
				"share", 0.5, "size", uint64(7), "at", at, "error", errors.New("it broke"), "nan", math.NaN()),
			slog.Group("empty"),
		)
		require.NoError(t, log.With("bound", 1).WithGroup("outer").With("deep", true).Handler().Handle(ctx, r))
		require.Equal(t, want, out.String())
	}
}

func TestLevelChangesAtRunTime(t *testing.T) {
	t.Parallel()
	var level slog.LevelVar
	out := &output{}
	log := NewLogger(out, LogOptions{Level: &level})
	log.Debug("one")
	level.Set(slog.LevelDebug)
	log.Debug("two")
	require.NoError(t, log.Close())
	require.NotContains(t, out.String(), "one")
	require.Contains(t, out.String(), "two")
}

// Siblings made from one logger share nothing that one of them could overwrite.
func TestDerivedLoggersAreIndependent(t *testing.T) {
	t.Parallel()
	out := &output{}
	log := NewLogger(out, LogOptions{})
	parent := log.With("parent", strings.Repeat("p", 37)).WithGroup("f").WithGroup("g").WithGroup("h")
	first, second := parent.WithGroup("first"), parent.WithGroup("second")
	first, second = first.With("a", strings.Repeat("a", 7)), second.With("a", strings.Repeat("a", 7))
	firstBound, secondBound := first.With("k", "first"), second.With("k", "second")
	firstBound.Info("1")
	secondBound.Info("2")
	require.NoError(t, log.Close())
	lines := strings.Split(strings.TrimSpace(out.String()), "\n")
	require.Len(t, lines, 2)
	for i, name := range []string{"first", "second"} {
		f := parse(t, lines[i])["f"].(map[string]any)
		require.Equal(
			t,
			map[string]any{"g": map[string]any{"h": map[string]any{name: map[string]any{"a": "aaaaaaa", "k": name}}}},
			f,
		)
	}
}

type failsToRender struct{ text *string }

func (f *failsToRender) Error() string { return *f.text }

func TestValuesThatCannotBeRendered(t *testing.T) {
	t.Parallel()
	out := &output{}
	log := NewLogger(out, LogOptions{})
	var missing *failsToRender
	log.Info("m", "panics", missing, "function", func() {}, "channel", make(chan int), "after", 1)
	require.NoError(t, log.Close())
	line := parse(t, out.String())
	require.Contains(t, line["panics"], "!PANIC")
	require.Contains(t, line["function"], "!ERROR")
	require.EqualValues(t, 1, line["after"])
}

func TestWhenLinesAreWritten(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{}
		log := NewLogger(out, LogOptions{FlushEvery: time.Second})

		log.Info("patient")
		require.Empty(t, out.String(), "an ordinary line waits")
		time.Sleep(time.Second - time.Millisecond)
		synctest.Wait()
		require.Empty(t, out.String(), "until the interval ends")
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Contains(t, out.String(), "patient")

		log.Info("before")
		log.Warn("urgent")
		require.Contains(t, out.String(), "urgent", "a warning is written at once")
		require.Contains(t, out.String(), "before", "in its place")

		log.Info("again")
		time.Sleep(time.Second)
		synctest.Wait()
		require.Contains(t, out.String(), "again", "the interval starts anew")

		written := len(out.String())
		log.Info("long", "text", strings.Repeat("x", fullAt))
		require.Greater(t, len(out.String()), written+fullAt, "a full buffer is written at once")

		log.Info("flushed")
		require.NoError(t, log.Flush())
		require.Contains(t, out.String(), "flushed")

		log.Info("last")
		require.NoError(t, log.Close())
		require.Contains(t, out.String(), "last")
		log.Info("late")
		require.Contains(t, out.String(), "late", "a line after Close is not lost")
	})
}

func TestConcurrentLinesStayWhole(t *testing.T) {
	t.Parallel()
	const goroutines, each = 8, 400
	out := &output{}
	log := NewLogger(out, LogOptions{FlushEvery: time.Millisecond})
	var done sync.WaitGroup
	for g := range goroutines {
		done.Go(func() {
			for i := range each {
				level := slog.LevelInfo
				if i%50 == 0 {
					level = slog.LevelError
				}
				log.Log(t.Context(), level, "m", "g", g, "i", i, "text", strings.Repeat("x", i%300))
			}
		})
	}
	done.Wait()
	require.NoError(t, log.Close())
	next := make(map[float64]float64)
	lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	require.Len(t, lines, goroutines*each)
	for _, line := range lines {
		m := parse(t, line)
		g, i := m["g"].(float64), m["i"].(float64)
		require.Equal(t, next[g], i, "the lines of one goroutine keep their order")
		next[g]++
	}
}

type writerFunc func(p []byte) (int, error)

func (f writerFunc) Write(p []byte) (int, error) { return f(p) }

func TestFailingWriters(t *testing.T) {
	t.Parallel()
	for name, w := range map[string]writerFunc{
		"error":  func([]byte) (int, error) { return 0, errors.New("disk full") },
		"panic":  func([]byte) (int, error) { panic("disk full") },
		"silent": func([]byte) (int, error) { return 0, nil },
		"absurd": func([]byte) (int, error) { return -1, errors.New("disk full") },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			log := NewLogger(w, LogOptions{})
			log.Error("one")
			log.Info("two")
			require.Error(t, log.Close())
			require.EqualValues(t, 2, log.Lost())
			require.NoError(t, log.Flush(), "a loss is reported once")
		})
	}
}

func TestCutLineEndsBeforeTheNext(t *testing.T) {
	t.Parallel()
	out := &output{}
	fail := true
	log := NewLogger(writerFunc(func(p []byte) (int, error) {
		if fail {
			fail = false
			n, _ := out.Write(p[:10])
			return n, io.ErrClosedPipe
		}
		return out.Write(p)
	}), LogOptions{})
	log.Error("cut")
	log.Error("whole")
	require.ErrorIs(t, log.Close(), io.ErrClosedPipe)
	_, rest, _ := strings.Cut(out.String(), "\n")
	require.Equal(t, "whole", parse(t, rest)["msg"])
	require.EqualValues(t, 1, log.Lost())
}

func TestWriterThatHangs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		out := &output{}
		release := make(chan struct{})
		log := NewLogger(writerFunc(func(p []byte) (int, error) {
			<-release
			return out.Write(p)
		}), LogOptions{})

		go log.Error("held") // the one goroutine that waits
		synctest.Wait()
		for range 2 * mostWaiting / 1000 {
			log.Error("m", "text", strings.Repeat("x", 1000))
		}
		require.Positive(t, log.Lost(), "memory is bounded")
		log.lines.mu.Lock()
		require.LessOrEqual(t, len(log.lines.waiting), mostWaiting)
		log.lines.mu.Unlock()

		start := time.Now()
		require.Error(t, log.Close())
		require.Equal(t, closeWait, time.Since(start), "Close waits, but not for ever")

		lost := log.Lost()
		close(release)
		synctest.Wait()
		time.Sleep(time.Millisecond)
		synctest.Wait()
		require.Contains(t, out.String(), "held")
		require.EqualValues(
			t,
			2*mostWaiting/1000+1,
			uint64(strings.Count(out.String(), "\n"))+lost,
			"a line is written or counted as lost",
		)
	})
}

func TestRequestScope(t *testing.T) {
	t.Parallel()
	scope := &RequestScope{
		RequestID: "r",
		TraceID:   strings.Repeat("a", 32),
		SpanID:    strings.Repeat("b", 16),
		Sampled:   true,
	}
	ctx := WithRequest(t.Context(), scope)
	require.Equal(t, "00-"+scope.TraceID+"-"+scope.SpanID+"-01", Request(ctx).Traceparent())

	var done sync.WaitGroup
	for range 4 {
		done.Go(func() {
			Request(ctx).SetOperation("cancelOrder")
			Request(ctx).SetCaller(Caller{Kind: "user", ID: "1"})
			_, _ = Request(ctx).Operation(), Request(ctx).Caller()
		})
	}
	done.Wait()
	require.Equal(t, "cancelOrder", scope.Operation())
	require.Equal(t, Caller{Kind: "user", ID: "1"}, scope.Caller())

	none := Request(context.Background())
	require.Nil(t, none)
	none.SetOperation("x")
	none.SetCaller(Caller{ID: "x"})
	require.Empty(t, none.Operation())
	require.Empty(t, none.Caller())
	require.Empty(t, none.Traceparent())
	require.Empty(t, (&RequestScope{}).Traceparent())
}

// Whatever is logged, a line is one line of JSON that gives the text back.
func FuzzLine(f *testing.F) {
	for _, s := range []string{
		"plain", "", "new\nline", `quo"te\`, "\xff\x00", "\u2028", "<b>", "名前", "a@b.c", "eyJhbGciOi.e30.x",
	} {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, key, value string) {
		out := &output{}
		log := NewLogger(out, LogOptions{})
		log.Error(value, slog.String("k"+key, value), slog.Any("any", map[string]string{key: value}))
		line := out.String()
		require.Equal(t, 1, strings.Count(line, "\n"))
		m := parse(t, line)
		require.Equal(t, strings.ToValidUTF8(scrub(value), "\ufffd"), collapse(m["msg"].(string)))
	})
}

// collapse joins runs of replacement characters, which encoders count differently.
func collapse(s string) string {
	for strings.Contains(s, "\ufffd\ufffd") {
		s = strings.ReplaceAll(s, "\ufffd\ufffd", "\ufffd")
	}
	return s
}
