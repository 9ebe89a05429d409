package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"math"
	"slices"
	"strconv"
	"sync"
	"time"
)

// handler is a slog.Handler that masks values while it encodes: one pass, and no value reaches the output in another
// way. In an unfinished line every member is followed by a comma; the end of the object replaces the last one.
type handler struct {
	lines *lineBuffer
	level slog.Leveler
	names names
	text  bool
	fixed []byte // service and version

	bound   []byte   // what WithAttrs and WithGroup added, encoded
	open    int      // groups that bound leaves open
	pending []string // groups to open before the next attribute
	hidden  bool     // inside a group with a sensitive name
}

func newHandler(lines *lineBuffer, opts LogOptions) *handler {
	h := &handler{lines: lines, level: opts.Level, names: newNames(opts.Sensitive), text: opts.Format == "text"}
	if opts.Service != "" {
		h.fixed = appendMember(h.fixed, "service", opts.Service)
	}
	if opts.Version != "" {
		h.fixed = appendMember(h.fixed, "version", opts.Version)
	}
	return h
}

// Enabled implements slog.Handler.
func (h *handler) Enabled(_ context.Context, level slog.Level) bool {
	return level >= h.level.Level()
}

// WithGroup implements slog.Handler.
func (h *handler) WithGroup(name string) slog.Handler {
	if name == "" {
		return h
	}
	with := *h
	with.pending = append(slices.Clip(h.pending), name)
	with.hidden = h.hidden || h.names.kind(name) != shown
	return &with
}

// WithAttrs implements slog.Handler.
func (h *handler) WithAttrs(attrs []slog.Attr) slog.Handler {
	b := h.appendPending(slices.Clip(h.bound))
	empty := len(b)
	for _, a := range attrs {
		b = h.names.appendAttr(b, a, h.hidden)
	}
	if len(b) == empty {
		return h
	}
	with := *h
	with.bound, with.open, with.pending = b, h.open+len(h.pending), nil
	return &with
}

// appendPending opens the groups that have no attribute yet.
func (h *handler) appendPending(b []byte) []byte {
	for _, name := range h.pending {
		b = append(appendKey(b, name), '{')
	}
	return b
}

// buffers keeps the memory of lines for later records.
var buffers = sync.Pool{New: func() any {
	b := make([]byte, 0, 1024)
	return &b
}}

// mostKept is the largest buffer that is kept for later records.
const mostKept = 16 << 10

// Handle implements slog.Handler; it always returns nil.
func (h *handler) Handle(ctx context.Context, r slog.Record) error {
	buf := buffers.Get().(*[]byte)
	line := h.appendLine(ctx, (*buf)[:0], r)
	urgent := r.Level >= slog.LevelWarn
	if h.text {
		h.lines.add(appendText(nil, line), urgent)
	} else {
		h.lines.add(line, urgent)
	}
	if cap(line) <= mostKept {
		*buf = line
		buffers.Put(buf)
	}
	return nil
}

func (h *handler) appendLine(ctx context.Context, b []byte, r slog.Record) []byte {
	b = append(b, '{')
	if !r.Time.IsZero() {
		b = append(b, `"time":"`...)
		b = append(appendMillis(b, r.Time), `",`...)
	}
	b = append(b, `"level":"`...)
	b = append(b, r.Level.String()...)
	b = append(b, `",`...)
	b = appendMember(b, "msg", r.Message)
	b = append(b, h.fixed...)
	b = Request(ctx).appendTo(b)

	b = append(b, h.bound...)
	open, before := h.open+len(h.pending), len(b)
	b = h.appendPending(b)
	empty := len(b)
	r.Attrs(func(a slog.Attr) bool {
		b = h.names.appendAttr(b, a, h.hidden)
		return true
	})
	if len(b) == empty {
		// Groups without members are left out.
		b, open = b[:before], h.open
	}
	for range open {
		b[len(b)-1] = '}'
		b = append(b, ',')
	}
	b[len(b)-1] = '}'
	return append(b, '\n')
}

// appendAttr appends `"key":value,`, masked, or nothing for an empty attribute or group.
func (n names) appendAttr(b []byte, a slog.Attr, hidden bool) []byte {
	v := a.Value.Resolve()
	group := v.Kind() == slog.KindGroup
	switch {
	case group && a.Key == "":
		for _, member := range v.Group() {
			b = n.appendAttr(b, member, hidden)
		}
		return b
	case group && len(v.Group()) == 0, a.Key == "" && v.Kind() == slog.KindAny && v.Any() == nil:
		return b
	}

	kind := n.kind(a.Key)
	if hidden {
		kind = whole
	}
	if group && kind == shown {
		return n.appendGroup(b, a.Key, v.Group())
	}
	b = appendKey(b, a.Key)
	switch {
	case kind == address && v.Kind() == slog.KindString:
		b = appendString(b, maskEmail(v.String()))
	case kind != shown:
		b = appendString(b, redacted)
	default:
		b = n.appendValue(b, v)
	}
	return append(b, ',')
}

func (n names) appendGroup(b []byte, key string, members []slog.Attr) []byte {
	before := len(b)
	b = append(appendKey(b, key), '{')
	empty := len(b)
	for _, member := range members {
		b = n.appendAttr(b, member, false)
	}
	if len(b) == empty {
		return b[:before]
	}
	b[len(b)-1] = '}'
	return append(b, ',')
}

func (n names) appendValue(b []byte, v slog.Value) []byte {
	switch v.Kind() {
	case slog.KindString:
		return appendString(b, v.String())
	case slog.KindInt64:
		return strconv.AppendInt(b, v.Int64(), 10)
	case slog.KindUint64:
		return strconv.AppendUint(b, v.Uint64(), 10)
	case slog.KindBool:
		return strconv.AppendBool(b, v.Bool())
	case slog.KindDuration:
		return strconv.AppendInt(b, int64(v.Duration()), 10)
	case slog.KindFloat64:
		return appendFloat(b, v.Float64())
	case slog.KindTime:
		b = append(b, '"')
		b = v.Time().AppendFormat(b, time.RFC3339Nano)
		return append(b, '"')
	default:
		return n.appendAny(b, v.Any())
	}
}

// appendAny appends the text of an error and the JSON of any other value, masked by property name at any depth. A
// value that panics while it is rendered, such as a nil pointer with methods, is replaced by a remark.
func (n names) appendAny(b []byte, v any) (out []byte) {
	before := len(b)
	defer func() {
		if recover() != nil {
			out = append(b[:before], `"!PANIC while rendering the value"`...) //nolint:gocritic // The rest is dropped.
		}
	}()
	if err, ok := v.(error); ok {
		return appendString(b, err.Error())
	}
	data, err := json.Marshal(v)
	if err != nil {
		return append(b, `"!ERROR the value has no JSON form"`...)
	}
	switch data[0] {
	case '{', '[', '"':
		return append(b, n.maskJSON(data)...)
	default:
		return append(b, data...) // a number, a boolean or null
	}
}

// maskJSON returns the JSON value with sensitive properties and texts masked.
func (n names) maskJSON(data []byte) []byte {
	var tree any
	dec := json.NewDecoder(bytes.NewReader(data))
	dec.UseNumber()
	if err := dec.Decode(&tree); err != nil {
		return []byte(`"!ERROR the value has no JSON form"`)
	}
	masked, err := json.Marshal(n.maskTree(tree))
	if err != nil {
		return []byte(`"!ERROR the value has no JSON form"`)
	}
	return masked
}

func (n names) maskTree(tree any) any {
	switch v := tree.(type) {
	case string:
		return scrub(v)
	case []any:
		for i := range v {
			v[i] = n.maskTree(v[i])
		}
		return v
	case map[string]any:
		masked := make(map[string]any, len(v))
		for name, value := range v {
			text, isText := value.(string)
			switch kind := n.kind(name); {
			case kind == shown:
				value = n.maskTree(value)
			case kind == address && isText:
				value = maskEmail(text)
			default:
				value = redacted
			}
			masked[scrub(name)] = value
		}
		return masked
	default:
		return v
	}
}

func appendKey(b []byte, key string) []byte {
	return append(appendString(b, key), ':')
}

func appendMember(b []byte, key, value string) []byte {
	return append(appendString(appendKey(b, key), value), ',')
}

// appendString appends s, scrubbed, as a JSON string. Most strings are plain; one look at each byte shows it.
func appendString(b []byte, s string) []byte {
	var found charClass
	for i := range len(s) {
		found |= charClasses[s[i]]
	}
	if found&^escaped != 0 {
		s = scrubSuspect(s, found)
	}
	if found&escaped != 0 {
		quoted, err := json.Marshal(s)
		if err != nil {
			return append(b, `""`...)
		}
		return append(b, quoted...)
	}
	b = append(b, '"')
	b = append(b, s...)
	return append(b, '"')
}

// appendFloat appends a JSON number, or a string for NaN and infinities.
func appendFloat(b []byte, f float64) []byte {
	if math.IsNaN(f) || math.IsInf(f, 0) {
		b = append(b, '"')
		b = strconv.AppendFloat(b, f, 'g', -1, 64)
		return append(b, '"')
	}
	return strconv.AppendFloat(b, f, 'g', -1, 64)
}

// appendMillis appends t in UTC as RFC 3339 with exactly three decimals. Package time has a fast path for the layout
// without decimals.
func appendMillis(b []byte, t time.Time) []byte {
	ms := t.Nanosecond() / int(time.Millisecond)
	b = t.UTC().AppendFormat(b, time.RFC3339)
	b = append(b[:len(b)-1], '.', byte('0'+ms/100), byte('0'+ms/10%10), byte('0'+ms%10)) //nolint:gosec // Digits.
	return append(b, 'Z')
}
