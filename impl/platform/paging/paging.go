// Package paging makes the opaque cursors of keyset pagination.
//
// A cursor names the last row of a page; the next page begins behind that row in the order (time, id). A cursor has one
// spelling only, so two different cursors name two positions. It is neither secret nor signed: a forged one yields no
// row that the query would not have returned.
package paging

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"time"

	"github.com/google/uuid"
)

// length is the number of characters of every cursor.
const length = 34

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

// Position is the place of a row in the order (time, id).
//
// Time has microseconds, as a timestamp of PostgreSQL; finer digits are cut off. Its year, in UTC, is 1 to 9999.
type Position struct {
	Time time.Time
	ID   uuid.UUID
}

// Newest is a position above every row: the first page of a list with the newest first begins behind it.
func Newest() Position {
	return Position{Time: latest, ID: uuid.Max}
}

// After returns the position that a page begins behind: that of a cursor, which the chain has checked against the
// document, or Newest without one.
func After(cursor *string) Position {
	if cursor != nil {
		if p, err := Decode(*cursor); err == nil {
			return p
		}
	}
	return Newest()
}

// Encode returns the cursor of a position: base64url without padding (RFC 4648, section 5), 34 characters.
func Encode(p Position) string {
	raw := make([]byte, 0, size)
	raw = append(raw, version)
	raw = binary.BigEndian.AppendUint64(raw, uint64(p.Time.UnixMicro()))
	raw = append(raw, p.ID[:]...)
	return encoding.EncodeToString(raw)
}

// Decode returns the position of a cursor, its time in UTC. It refuses everything that Encode cannot have made of a
// valid position. The error does not contain the cursor.
func Decode(cursor string) (Position, error) {
	if len(cursor) != length {
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
	// PostgreSQL refuses a query with a time outside of these.
	if at.Before(earliest) || at.After(latest) {
		return Position{}, errMalformed
	}
	return Position{Time: at, ID: uuid.UUID(raw[9:])}, nil
}

// Page cuts rows, which were queried with a limit of limit+1, to a page of at most limit rows; limit is at least 1.
// next is the cursor of the page's last row, nil when there is no further row.
func Page[T any](rows []T, limit int, at func(T) Position) (items []T, next *string) {
	if len(rows) <= limit {
		return rows, nil
	}
	cursor := Encode(at(rows[limit-1]))
	return rows[:limit], &cursor
}
