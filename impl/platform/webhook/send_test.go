package webhook_test

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/webhook"
	"example.com/plumbline/impl/testkit/webhooktest"
)

var silent = log.New(io.Discard, "", 0)

const patience = time.Minute // on a machine that is busy with other tests

var message = webhook.Message{ID: "0197f0a1-5c3e-7d2b-9f00-3a1b2c4d5e6f", Payload: []byte(`{"type":"order.placed"}`)}

func newSender(t *testing.T, c webhook.Config) *webhook.Sender {
	t.Helper()
	s := webhook.NewSender(c)
	t.Cleanup(s.Close)
	return s
}

// receiver counts the connections that it got, and answers as a test says.
func receiver(t *testing.T, secured bool, answer http.HandlerFunc) (*httptest.Server, *atomic.Int64) {
	t.Helper()
	var connections atomic.Int64
	server := httptest.NewUnstartedServer(answer)
	server.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	server.Config.ErrorLog = silent
	if secured {
		server.StartTLS()
	} else {
		server.Start()
	}
	t.Cleanup(server.Close)
	return server, &connections
}

func send(t *testing.T, s *webhook.Sender, url string) webhook.Result {
	t.Helper()
	result, err := s.Send(t.Context(), url, message, webhook.NewSecret())
	require.NoError(t, err)
	return result
}

func TestAMessageArrives(t *testing.T) {
	t.Parallel()
	now := time.Unix(1767225600, 0)
	secrets := []telemetry.Secret{webhook.NewSecret(), webhook.NewSecret()}
	verified := make(chan error, 2)
	server, connections := receiver(t, false, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		err = errors.Join(err, webhooktest.Verify(r.Header, body, now, secrets[1]))
		if r.Method != http.MethodPost || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("User-Agent") != "Plumbline-Webhooks" ||
			r.Header.Get("Cookie") != "" || string(body) != string(message.Payload) ||
			r.Header.Get("webhook-id") != message.ID {
			err = errors.Join(err, fmt.Errorf("%s %v %s", r.Method, r.Header, body))
		}
		verified <- err
		http.SetCookie(w, &http.Cookie{Name: "session", Value: "1"})
		_, _ = io.WriteString(w, "thank you")
	})
	s := newSender(t, webhook.Config{AllowPrivate: true, Clock: func() time.Time { return now }})
	for range 2 {
		result, err := s.Send(t.Context(), server.URL+"/hook?key=1", message, secrets...)
		require.NoError(t, err)
		require.Empty(t, result.Reason)
		require.Equal(t, http.StatusOK, result.Status)
		require.Positive(t, result.Duration)
		require.NoError(t, <-verified)
	}
	require.EqualValues(t, 1, connections.Load(), "the connection serves again")
	require.False(t, s.HasProxy())
}

func TestWhatAnswersMean(t *testing.T) {
	t.Parallel()
	var status atomic.Int64
	server, _ := receiver(t, false, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(int(status.Load())) })
	s := newSender(t, webhook.Config{AllowPrivate: true})
	for code, want := range map[int]webhook.Reason{
		200: "", 201: "", 202: "", 204: "", 299: "",
		301: webhook.Redirected, 302: webhook.Redirected, 304: webhook.Redirected, 307: webhook.Redirected,
		308: webhook.Redirected,
		400: webhook.Refused, 401: webhook.Refused, 404: webhook.Refused, 410: webhook.Gone, 429: webhook.Refused,
		500: webhook.Refused, 503: webhook.Refused,
	} {
		status.Store(int64(code))
		result := send(t, s, server.URL)
		require.Equal(t, want, result.Reason, code)
		require.Equal(t, code, result.Status)
	}
}

func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	inside, connections := receiver(t, false, func(http.ResponseWriter, *http.Request) {})
	server, _ := receiver(t, false, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, inside.URL, http.StatusTemporaryRedirect)
	})
	require.Equal(t, webhook.Redirected, send(t, newSender(t, webhook.Config{AllowPrivate: true}), server.URL).Reason)
	require.Zero(t, connections.Load())
}

func TestAReceiverHasLittleTime(t *testing.T) {
	t.Parallel()
	for name, answer := range map[string]http.HandlerFunc{
		"hangs": func(_ http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body) // or the server would not see that the sender has gone
			<-r.Context().Done()
		},
		"drips": func(w http.ResponseWriter, r *http.Request) {
			_, _ = io.Copy(io.Discard, r.Body)
			for r.Context().Err() == nil {
				_, _ = io.WriteString(w, ".")
				_ = http.NewResponseController(w).Flush()
				time.Sleep(10 * time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server, _ := receiver(t, false, answer)
			result := send(t, newSender(t, webhook.Config{AllowPrivate: true, Timeout: 200 * time.Millisecond}), server.URL)
			require.Equal(t, webhook.TimedOut, result.Reason)
			require.Zero(t, result.Status)
			require.GreaterOrEqual(t, result.Duration, 200*time.Millisecond)
			require.Less(t, result.Duration, patience)
		})
	}
}

func TestALongAnswerIsCutOff(t *testing.T) {
	t.Parallel()
	sent := make(chan int, 1)
	server, _ := receiver(t, false, func(w http.ResponseWriter, _ *http.Request) {
		total := 0
		for {
			n, err := w.Write(make([]byte, 1<<20))
			if total += n; err != nil || total > 1<<30 {
				sent <- total
				return
			}
		}
	})
	result := send(t, newSender(t, webhook.Config{AllowPrivate: true, Timeout: patience}), server.URL)
	require.Empty(t, result.Reason)
	require.Less(t, <-sent, 1<<30)
}

func TestConnectionsThatFail(t *testing.T) {
	t.Parallel()
	s := newSender(t, webhook.Config{AllowPrivate: true, Timeout: patience})
	closed, _ := receiver(t, false, nil)
	closed.Close()
	require.Equal(t, webhook.Unreached, send(t, s, closed.URL).Reason)

	cut, _ := receiver(t, false, func(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) })
	require.Equal(t, webhook.Unreached, send(t, s, cut.URL).Reason)

	plain, _ := receiver(t, false, func(http.ResponseWriter, *http.Request) {})
	require.Equal(t, webhook.Untrusted, send(t, s, strings.Replace(plain.URL, "http:", "https:", 1)).Reason)

	unknown, _ := receiver(t, true, func(http.ResponseWriter, *http.Request) {})
	require.Equal(t, webhook.Untrusted, send(t, s, unknown.URL).Reason)

	outdated := httptest.NewUnstartedServer(http.NotFoundHandler())
	outdated.TLS = &tls.Config{MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}
	outdated.Config.ErrorLog = silent
	outdated.StartTLS()
	t.Cleanup(outdated.Close)
	require.Equal(t, webhook.Untrusted, send(t, s, outdated.URL).Reason)

	trusting := newSender(t, webhook.Config{AllowPrivate: true, Timeout: patience})
	roots := x509.NewCertPool()
	roots.AddCert(unknown.Certificate())
	trusting.Trust(&tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12})
	require.Empty(t, send(t, trusting, unknown.URL).Reason)
}

// resolver answers every look-up with the next of the addresses, and with the last ones for ever.
func resolver(answers ...string) *net.Resolver {
	var asked atomic.Int64
	return &net.Resolver{PreferGo: true, Dial: func(context.Context, string, string) (net.Conn, error) {
		here, there := net.Pipe()
		go func() {
			defer there.Close()
			var length uint16
			if binary.Read(there, binary.BigEndian, &length) != nil {
				return
			}
			query := make([]byte, length)
			if _, err := io.ReadFull(there, query); err != nil {
				return
			}
			end := 12
			for query[end] != 0 {
				end += int(query[end]) + 1
			}
			question := query[12 : end+5]
			kind := binary.BigEndian.Uint16(question[len(question)-4:])
			reply := append([]byte{query[0], query[1], 0x81, 0x80, 0, 1, 0, 0, 0, 0, 0, 0}, question...)
			if len(answers) > 0 {
				address := netip.MustParseAddr(answers[min(int(asked.Load()), len(answers)-1)])
				if value := address.AsSlice(); kind == 1 && len(value) == 4 || kind == 28 && len(value) == 16 {
					asked.Add(1)
					reply[7] = 1
					reply = append(reply, 0xc0, 12, 0, byte(kind), 0, 1, 0, 0, 0, 0, 0, byte(len(value)))
					reply = append(reply, value...)
				}
			} else {
				reply[3] |= 3 // there is no such name
			}
			_ = binary.Write(there, binary.BigEndian, uint16(len(reply)))
			_, _ = there.Write(reply)
		}()
		return here, nil
	}}
}

// TestNamesThatLeadInside connects to nothing, although someone listens there.
func TestNamesThatLeadInside(t *testing.T) {
	t.Parallel()
	server, connections := receiver(t, true, func(http.ResponseWriter, *http.Request) {})
	port := netip.MustParseAddrPort(server.Listener.Addr().String()).Port()
	url := fmt.Sprintf("https://hooks.example.com:%d/", port)
	require.NoError(t, webhook.ValidateURL(url, false), "the name itself has no flaw")

	for _, inside := range []string{
		"127.0.0.1", "127.8.9.10", "0.0.0.0", "10.0.0.1", "169.254.169.254",
		"::1", "::", "::ffff:127.0.0.1", "64:ff9b::7f00:1", "fd00::1", "fe80::1",
	} {
		s := newSender(t, webhook.Config{Timeout: patience})
		s.ResolveWith(resolver(inside))
		require.Equal(t, webhook.Forbidden, send(t, s, url).Reason, inside)
	}
	// A name that led elsewhere when it was looked at leads inside when it is connected to.
	rebinding := resolver("8.8.8.8", "127.0.0.1")
	addresses, err := rebinding.LookupNetIP(t.Context(), "ip4", "hooks.example.com")
	require.NoError(t, err)
	require.True(t, webhook.IsPublic(addresses[0]))
	s := newSender(t, webhook.Config{Timeout: patience})
	s.ResolveWith(rebinding)
	require.Equal(t, webhook.Forbidden, send(t, s, url).Reason)
	require.Zero(t, connections.Load())

	// The same way is open where it may be: it was not the resolver that failed.
	open := newSender(t, webhook.Config{AllowPrivate: true, Timeout: patience})
	open.ResolveWith(resolver("127.0.0.1"))
	require.Equal(t, webhook.Untrusted, send(t, open, url).Reason)
	require.EqualValues(t, 1, connections.Load())

	nowhere := newSender(t, webhook.Config{Timeout: patience})
	nowhere.ResolveWith(resolver())
	require.Equal(t, webhook.Unresolved, send(t, nowhere, url).Reason)
}

func TestURLsWithAFlawAreNotSentTo(t *testing.T) {
	t.Parallel()
	server, connections := receiver(t, false, func(http.ResponseWriter, *http.Request) {})
	s := newSender(t, webhook.Config{})
	for _, url := range []string{
		server.URL, strings.Replace(server.URL, "http:", "https:", 1), "https://localhost/", "https://2130706433/", "",
	} {
		require.Equal(t, webhook.Result{Reason: webhook.BadURL}, send(t, s, url), url)
	}
	require.Zero(t, connections.Load())
}

func TestSendFailsWithItsCaller(t *testing.T) {
	t.Parallel()
	reached := make(chan struct{}, 1)
	server, _ := receiver(t, false, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		reached <- struct{}{}
		<-r.Context().Done()
	})
	s := newSender(t, webhook.Config{AllowPrivate: true, Timeout: patience})
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		<-reached
		cancel()
	}()
	_, err := s.Send(ctx, server.URL, message, webhook.NewSecret())
	require.ErrorIs(t, err, context.Canceled)

	_, err = s.Send(t.Context(), server.URL, message)
	require.Error(t, err, "no secret")
	_, err = s.Send(t.Context(), server.URL, message, telemetry.NewSecret("whsec_canary"))
	require.Error(t, err)
	require.NotContains(t, err.Error(), "canary")
}
