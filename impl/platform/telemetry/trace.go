package telemetry

import (
	"encoding/binary"
	"encoding/hex"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/google/uuid"
)

const (
	// traceparentLen is the length of version 00: 2+1+32+1+16+1+2.
	traceparentLen = 55
	traceIDLen     = 32
	spanIDLen      = 16
)

// ParseTraceparent parses a traceparent header: the trace id (32 lower-case hexadecimal digits), the caller's span id
// (16), and whether the caller records the trace. ok is false for an invalid header; fields that a later version adds
// at the end are ignored, as the standard requires.
//
// Source: W3C Trace Context, level 1, sections 3.2 and 4.3.
func ParseTraceparent(h string) (traceID, spanID string, sampled, ok bool) {
	if len(h) < traceparentLen || h[2] != '-' || h[35] != '-' || h[52] != '-' {
		return "", "", false, false
	}
	version, trace, span, flags := h[:2], h[3:35], h[36:52], h[53:55]
	switch {
	case !isHex(version) || version == "ff" || !isHex(flags),
		version == "00" && len(h) != traceparentLen,
		len(h) > traceparentLen && h[traceparentLen] != '-',
		!isHex(trace) || trace == strings.Repeat("0", traceIDLen),
		!isHex(span) || span == strings.Repeat("0", spanIDLen):
		return "", "", false, false
	}
	low := flags[1]
	odd := (low <= '9' && (low-'0')&1 == 1) || (low > '9' && (low-'a'+10)&1 == 1)
	return trace, span, odd, true
}

func isHex(s string) bool {
	for i := range len(s) {
		if c := s[i]; (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// NewTraceID returns 32 random hexadecimal digits, never all zero.
func NewTraceID() string {
	var id [16]byte
	binary.BigEndian.PutUint64(id[:8], rand.Uint64()|1)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64())
	return hex.EncodeToString(id[:])
}

// NewSpanID returns 16 random hexadecimal digits, never all zero.
func NewSpanID() string {
	var id [8]byte
	binary.BigEndian.PutUint64(id[:], rand.Uint64()|1)
	return hex.EncodeToString(id[:])
}

// NewRequestID returns a UUIDv7 (RFC 9562, section 5.7). Its random part is unpredictable (ChaCha8, seeded by the
// system), but no secret depends on it.
func NewRequestID() string {
	var id uuid.UUID
	binary.BigEndian.PutUint64(id[:8], uint64(time.Now().UnixMilli())<<16|rand.Uint64()&0x0fff|0x7000)
	binary.BigEndian.PutUint64(id[8:], rand.Uint64()&^(3<<62)|2<<62)
	return id.String()
}

// ValidRequestID reports whether a caller's request id is usable: 1 to 128 of the characters A-Z a-z 0-9 '.' '_' '-'.
func ValidRequestID(s string) bool {
	if s == "" || len(s) > 128 {
		return false
	}
	for i := range len(s) {
		c := s[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && (c < '0' || c > '9') && c != '.' && c != '_' && c != '-' {
			return false
		}
	}
	return true
}
