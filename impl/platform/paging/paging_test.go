package paging

import (
	"encoding/base64"
	"math"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

var sample = Position{
	Time: time.Date(2026, 11, 23, 9, 30, 0, 123_456_000, time.UTC),
	ID:   uuid.MustParse("019324d2-3a5e-7c10-8f4e-2b6d1a9c0e77"),
}

// Clients hold cursors beyond a deployment, so the spelling must not change by accident.
const sampleCursor = "AQAGYO484PhAAZMk0jpefBCPTittGpwOdw"

func TestEncodeKeepsItsSpelling(t *testing.T) {
	t.Parallel()
	require.Equal(t, sampleCursor, Encode(sample))
	require.Len(t, sampleCursor, length)
}

func TestRoundTrip(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		zone := time.FixedZone("", rapid.IntRange(-14*3600, 14*3600).Draw(t, "offset"))
		micros := rapid.Int64Range(earliest.UnixMicro(), latest.UnixMicro()).Draw(t, "micros")
		nanos := rapid.Int64Range(0, 999).Draw(t, "nanos")
		id := uuid.UUID(rapid.SliceOfN(rapid.Byte(), 16, 16).Draw(t, "id"))

		cut := time.UnixMicro(micros).UTC()
		cursor := Encode(Position{Time: cut.Add(time.Duration(nanos)).In(zone), ID: id})
		require.Len(t, cursor, length)

		got, err := Decode(cursor)
		require.NoError(t, err)
		require.Equal(t, Position{Time: cut, ID: id}, got)
	})
}

func TestNewestIsAPosition(t *testing.T) {
	t.Parallel()
	got, err := Decode(Encode(Newest()))
	require.NoError(t, err)
	require.Equal(t, Newest(), got)
}

func TestDecodeRefuses(t *testing.T) {
	t.Parallel()
	valid := sampleCursor
	at := func(micros int64) string {
		return Encode(Position{Time: time.UnixMicro(micros), ID: sample.ID})
	}
	raw, err := base64.RawURLEncoding.DecodeString(valid)
	require.NoError(t, err)
	raw[0] = 2

	for name, cursor := range map[string]string{
		"nothing":                     "",
		"one character less":          valid[:length-1],
		"one character more":          valid + "A",
		"padding":                     valid + "==",
		"padding in place":            valid[:length-2] + "==",
		"set bits behind the end":     valid[:length-1] + "x",
		"a line break":                valid[:8] + "\n" + valid[9:],
		"two line breaks":             valid[:8] + "\n\n" + valid[10:],
		"a line break more":           valid[:8] + "\n" + valid[8:],
		"the alphabet with + and /":   valid[:8] + "+/" + valid[10:],
		"a space":                     valid[:8] + " " + valid[9:],
		"not ASCII":                   valid[:8] + "é" + valid[10:],
		"another version":             base64.RawURLEncoding.EncodeToString(raw),
		"the year 0":                  at(earliest.UnixMicro() - 1),
		"the year 10000":              at(latest.UnixMicro() + 1),
		"PostgreSQL's infinity":       at(math.MaxInt64),
		"PostgreSQL's minus infinity": at(math.MinInt64),
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, err := Decode(cursor)
			require.ErrorIs(t, err, errMalformed)
			require.Zero(t, got)
		})
	}
}

func TestPage(t *testing.T) {
	t.Parallel()
	row := func(second int) Position {
		return Position{Time: sample.Time.Add(time.Duration(second) * time.Second), ID: sample.ID}
	}
	rows := []Position{row(3), row(2), row(1)}
	itself := func(p Position) Position { return p }
	second := Encode(row(2))

	for name, c := range map[string]struct {
		rows  []Position
		limit int
		items []Position
		next  *string
	}{
		"no rows":             {rows: nil, limit: 2, items: nil},
		"fewer than the page": {rows: rows[:1], limit: 2, items: rows[:1]},
		"exactly the page":    {rows: rows[:2], limit: 2, items: rows[:2]},
		"one more":            {rows: rows, limit: 2, items: rows[:2], next: &second},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			items, next := Page(c.rows, c.limit, itself)
			require.Equal(t, c.items, items)
			require.Equal(t, c.next, next)
		})
	}
}

// Following the cursors returns every row once, whatever the page size.
func TestPagesShowEveryRowOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		total := rapid.IntRange(0, 50).Draw(t, "total")
		limit := rapid.IntRange(1, 10).Draw(t, "limit")
		all := make([]Position, total)
		for i := range all {
			// Two rows share each instant, so that the id decides.
			all[i] = Position{Time: sample.Time.Add(-time.Duration(i/2) * time.Microsecond), ID: uuid.UUID{15: byte(200 - i)}}
		}
		behind := func(p Position) []Position {
			for i, row := range all {
				if row.Time.Before(p.Time) || row.Time.Equal(p.Time) && strings.Compare(row.ID.String(), p.ID.String()) < 0 {
					return all[i:min(i+limit+1, total)]
				}
			}
			return nil
		}

		var seen []Position
		for at := Newest(); ; {
			items, next := Page(behind(at), limit, func(p Position) Position { return p })
			seen = append(seen, items...)
			if next == nil {
				break
			}
			var err error
			at, err = Decode(*next)
			require.NoError(t, err)
			require.LessOrEqual(t, len(seen), total)
		}
		require.Len(t, seen, total)
		for i := range seen {
			require.Equal(t, all[i], seen[i])
		}
	})
}

// Every accepted cursor has this one spelling.
func FuzzDecode(f *testing.F) {
	f.Add(sampleCursor)
	f.Add(Encode(Newest()))
	f.Add(sampleCursor[:length-1] + "x")
	f.Add(sampleCursor[:8] + "\n" + sampleCursor[9:])
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := Decode(cursor)
		if err != nil {
			require.Zero(t, p)
			return
		}
		require.Equal(t, cursor, Encode(p))
	})
}

func BenchmarkDecode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Decode(sampleCursor); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEncode(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		_ = Encode(sample)
	}
}
