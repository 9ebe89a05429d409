package webhook

import (
	"bytes"
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"syscall"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

const (
	defaultTimeout  = 10 * time.Second
	connectTimeout  = 5 * time.Second
	idleTimeout     = 15 * time.Second
	maxIdle         = 64
	maxAnswerBytes  = 64 << 10 // read so that the connection can be reused
	maxAnswerHeader = 32 << 10
)

// Config configures a Sender. A zero value means the default.
type Config struct {
	// AllowPrivate allows http and private addresses. It is for development.
	AllowPrivate bool
	// Timeout bounds an attempt, from resolving the name to the end of the answer. Default: 10 s.
	Timeout time.Duration
	// UserAgent names the sender to receivers. Default: "Plumbline-Webhooks".
	UserAgent string
	// Clock returns the time in signatures. Default: time.Now.
	Clock func() time.Time
}

// Sender sends messages; it is safe for concurrent use.
type Sender struct {
	config    Config
	dialer    *net.Dialer
	transport *http.Transport
}

// Message is the content of a delivery, the same at every attempt.
type Message struct {
	// ID identifies the message; a receiver that has seen it already has the message.
	ID string
	// Payload is JSON.
	Payload []byte
}

// Reason is why an attempt failed, in one word; empty if it succeeded.
type Reason string

// The reasons. None of them reveals an address.
const (
	BadURL     Reason = "bad_url"     // the URL has a Flaw
	Forbidden  Reason = "forbidden"   // the name resolves to a private or special address
	Unresolved Reason = "unresolved"  // the name does not resolve
	Unreached  Reason = "unreachable" // no connection, or it broke
	Untrusted  Reason = "tls"         // no trusted TLS connection
	TimedOut   Reason = "timeout"     // no complete answer in time
	Redirected Reason = "redirected"  // the status was a redirect, which is not followed
	Refused    Reason = "refused"     // any other status but 2xx
	Gone       Reason = "gone"        // the status was 410: the receiver wants no more messages
)

// Result is the outcome of one attempt.
type Result struct {
	// Status is that of the answer; 0 if there was none.
	Status   int
	Duration time.Duration
	Reason   Reason
}

// NewSender returns a sender. It keeps a few idle connections until Close.
func NewSender(c Config) *Sender {
	c.Timeout = cmp.Or(c.Timeout, defaultTimeout)
	c.UserAgent = cmp.Or(c.UserAgent, "Plumbline-Webhooks")
	if c.Clock == nil {
		c.Clock = time.Now
	}
	s := &Sender{config: c, dialer: &net.Dialer{Timeout: connectTimeout}}
	if !c.AllowPrivate {
		s.dialer.ControlContext = onlyPublic
	}
	// No proxy is used: the proxy would resolve names and connect.
	s.transport = &http.Transport{
		DialContext:            s.dialer.DialContext,
		TLSHandshakeTimeout:    connectTimeout,
		ForceAttemptHTTP2:      true,
		DisableCompression:     true,
		MaxIdleConns:           maxIdle,
		IdleConnTimeout:        idleTimeout,
		MaxResponseHeaderBytes: maxAnswerHeader,
	}
	return s
}

// Close closes idle connections.
func (s *Sender) Close() { s.transport.CloseIdleConnections() }

var errForbidden = errors.New("a private or special address")

// onlyPublic checks each resolved address just before the connection is made. A look-up before that would leave time
// for another answer.
func onlyPublic(_ context.Context, network, address string, _ syscall.RawConn) error {
	peer, err := netip.ParseAddrPort(address)
	if err != nil || network != "tcp4" && network != "tcp6" || !isPublic(peer.Addr()) {
		return errForbidden
	}
	return nil
}

// Send makes one attempt, signed with every secret in force. It returns an error if the message cannot be signed or
// the caller has gone away; a failure of the receiver is a Result.
func (s *Sender) Send(ctx context.Context, url string, message Message, secrets ...telemetry.Secret) (Result, error) {
	now := s.config.Clock()
	signatures, err := Sign(message.ID, now, message.Payload, secrets...)
	if err != nil {
		return Result{}, err
	}
	start := time.Now()
	attempt, cancel := context.WithTimeout(ctx, s.config.Timeout)
	defer cancel()
	request, err := http.NewRequestWithContext(attempt, http.MethodPost, url, bytes.NewReader(message.Payload))
	if err != nil || ValidateURL(url, s.config.AllowPrivate) != nil {
		return Result{Reason: BadURL}, nil
	}
	request.Header.Set(IDHeader, message.ID)
	request.Header.Set(TimestampHeader, strconv.FormatInt(now.Unix(), 10))
	request.Header.Set(SignatureHeader, signatures)
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("User-Agent", s.config.UserAgent)
	_, span := telemetry.Start(ctx, trace.SpanKindClient, "POST webhook") // Its URL is a secret of the receiver.
	defer span.End()
	status, err := s.exchange(request)
	result := Result{Status: status, Duration: time.Since(start), Reason: reasonOf(status)}
	if err != nil {
		result.Reason = failureOf(attempt, err)
	}
	describe(span, result)
	if ctx.Err() != nil && result.Reason == TimedOut {
		return result, fmt.Errorf("webhook: %w", ctx.Err())
	}
	return result, nil
}

// describe fills in the span of an attempt.
func describe(span trace.Span, result Result) {
	if !span.IsRecording() {
		return
	}
	span.SetAttributes(attribute.String("http.request.method", http.MethodPost))
	if result.Status != 0 {
		span.SetAttributes(attribute.Int("http.response.status_code", result.Status))
	}
	if result.Reason != "" {
		telemetry.Failed(span, string(result.Reason))
	}
}

// exchange does not use http.Client, which would follow redirects.
func (s *Sender) exchange(request *http.Request) (int, error) {
	answer, err := s.transport.RoundTrip(request)
	if err != nil {
		return 0, err
	}
	defer func() { _ = answer.Body.Close() }()
	// A longer answer is cut off; an answer that does not end counts as none.
	if _, err = io.Copy(io.Discard, io.LimitReader(answer.Body, maxAnswerBytes)); err != nil {
		return 0, err
	}
	return answer.StatusCode, nil
}

func reasonOf(status int) Reason {
	switch {
	case status == http.StatusGone:
		return Gone
	case 300 <= status && status < 400:
		return Redirected
	case 200 <= status && status < 300:
		return ""
	default:
		return Refused
	}
}

func failureOf(ctx context.Context, err error) Reason {
	_, unresolved := errors.AsType[*net.DNSError](err)
	_, untrusted := errors.AsType[*tls.CertificateVerificationError](err)
	operation, isOperation := errors.AsType[*net.OpError](err)
	alert := isOperation && (operation.Op == "remote error" || operation.Op == "local error") // as in crypto/tls
	_, noTLS := errors.AsType[tls.RecordHeaderError](err)
	network, isNetwork := errors.AsType[net.Error](err)
	switch {
	case errors.Is(err, errForbidden):
		return Forbidden
	case ctx.Err() != nil || isNetwork && network.Timeout():
		return TimedOut
	case unresolved:
		return Unresolved
	case untrusted || alert || noTLS:
		return Untrusted
	default:
		return Unreached
	}
}
