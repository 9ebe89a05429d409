// Package keyset makes the opaque cursors of keyset pagination.
//
// A cursor names the last row of a page; the next page is what comes behind that row in the
// order (time, id). A cursor has one spelling only, so two cursors that differ name two positions.
// It is neither secret nor signed: whoever makes one up gets no row that the query would not
// have shown.
package keyset

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// Length is the number of characters of every cursor.
const Length = 34

const (
	version = 1
	size    = 1 + 8 + 16 // version, microseconds since 1970 in big-endian order, UUID
)

var encoding = base64.RawURLEncoding.Strict()

var (
	earliest = time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC)
	latest   = time.Date(9999, 12, 31, 23, 59, 59, 999_999_000, time.UTC)
)

var errMalformed = errors.New("must be a cursor that an earlier page gave")

// Position is the place of one row in the order (time, id).
//
// Time counts to the microsecond, as a timestamp of PostgreSQL does: what is finer is cut off.
// Its year, in UTC, is 1 to 9999.
type Position struct {
	Time time.Time
	ID   uuid.UUID
}

// Newest is a position above every row: the first page of a list that shows the newest first
// starts behind it.
func Newest() Position {
	return Position{Time: latest, ID: uuid.Max}
}

// After gives the position that a page starts behind: that of a cursor, which the document has checked, or Newest where
// there is none.
func After(cursor *string) Position {
	if cursor != nil {
		if p, err := Decode(*cursor); err == nil {
			return p
		}
	}
	return Newest()
}

// Encode gives the cursor of a position: base64url without padding (RFC 4648, section 5),
// Length characters.
func Encode(p Position) string {
	raw := make([]byte, 0, size)
	raw = append(raw, version)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Time.UnixMicro()))
	raw = append(raw, p.ID[:]...)
	return encoding.EncodeToString(raw)
}

// Decode gives the position that a cursor names, its time in UTC. It fails on everything that
// Encode cannot have made of a valid position; the error does not contain the cursor.
func Decode(cursor string) (Position, error) {
	if len(cursor) != Length {
		return Position{}, errMalformed
	}
	var raw [size]byte
	// The decoder skips line breaks, which leaves too few bytes.
	n, err := encoding.Decode(raw[:], []byte(cursor))
	if err != nil || n != size || raw[0] != version {
		return Position{}, errMalformed
	}
	micros := int64(binary.BigEndian.Uint64(raw[1:9])) //nolint:gosec // two's complement, as Encode wrote it
	at := time.UnixMicro(micros).UTC()
	// Times outside of these make PostgreSQL refuse the whole query.
	if at.Before(earliest) || at.After(latest) {
		return Position{}, errMalformed
	}
	return Position{Time: at, ID: uuid.UUID(raw[9:])}, nil
}

// Page cuts the answer to "limit + 1 rows, please" to a page. The page has at most limit rows, limit
// being 1 or more; next is the cursor of its last row, or nil when no row is left behind it.
func Page[T any](rows []T, limit int, at func(T) Position) (items []T, next *string) {
	if len(rows) <= limit {
		return rows, nil
	}
	cursor := Encode(at(rows[limit-1]))
	return rows[:limit], &cursor
}
