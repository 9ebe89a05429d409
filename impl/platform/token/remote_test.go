package token_test

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/token"
)

const keySetURL = "https://users.example.com/.well-known/jwks.json"

// An issuer answers for the other service, in a bubble of synctest: no network, no real time.
type issuingService struct {
	calls  atomic.Int64
	answer atomic.Pointer[func(*http.Request) (*http.Response, error)]
}

func (s *issuingService) RoundTrip(r *http.Request) (*http.Response, error) {
	s.calls.Add(1)
	return (*s.answer.Load())(r)
}

func (s *issuingService) answers(f func(*http.Request) (*http.Response, error)) { s.answer.Store(&f) }

func (s *issuingService) publishes(t *testing.T, keys ...token.PrivateKey) {
	t.Helper()
	signer := token.NewSigner(time.Now)
	require.NoError(t, signer.SetKeys(keys))
	s.answers(func(*http.Request) (*http.Response, error) { return answer(http.StatusOK, string(signer.JWKS())), nil })
}

func (s *issuingService) isDown() {
	s.answers(func(*http.Request) (*http.Response, error) { return nil, errors.New("connection refused") })
}

// hangs answers nothing until the request is given up.
func (s *issuingService) hangs() {
	s.answers(func(r *http.Request) (*http.Response, error) {
		<-r.Context().Done()
		return nil, r.Context().Err()
	})
}

func answer(status int, body string) *http.Response {
	return &http.Response{StatusCode: status, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(body))}
}

func newRemote(t *testing.T, service *issuingService) *token.RemoteKeys {
	t.Helper()
	remote, err := token.NewRemoteKeys(
		keySetURL,
		&http.Client{Transport: service},
		time.Now,
		slog.New(slog.DiscardHandler),
	)
	require.NoError(t, err)
	return remote
}

func TestRemoteKeysVerify(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t, time.Now())
		service := &issuingService{}
		service.publishes(t, key)
		remote := newRemote(t, service)
		defer remote.Close()
		remote.Start(t.Context())
		remote.Start(t.Context())
		synctest.Wait()
		require.EqualValues(t, 1, service.calls.Load(), "fetched before it is needed, once")

		signer := token.NewSigner(time.Now)
		require.NoError(t, signer.SetKeys([]token.PrivateKey{key}))
		raw, err := signer.Sign(goodClaims(time.Now()))
		require.NoError(t, err)
		v, err := token.NewVerifier(token.VerifierConfig{Issuer: issuer, Audience: audience, Keys: remote})
		require.NoError(t, err)
		for range 3 {
			_, err = v.Verify(t.Context(), raw)
			require.NoError(t, err)
		}
		require.EqualValues(t, 1, service.calls.Load())

		time.Sleep(time.Hour)
		synctest.Wait()
		require.LessOrEqual(t, service.calls.Load(), int64(1+12), "started twice, fetched once")
	})
}

func TestRemoteKeysAreFetchedNowAndThen(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		first, second := newKey(t, time.Now()), newKey(t, time.Now())
		service := &issuingService{}
		service.publishes(t, first)
		remote := newRemote(t, service)
		defer remote.Close()
		remote.Start(t.Context())
		synctest.Wait()

		service.publishes(t, second)
		time.Sleep(5*time.Minute - time.Nanosecond)
		synctest.Wait()
		_, err := remote.Key(t.Context(), first.KID())
		require.NoError(t, err)
		require.EqualValues(t, 1, service.calls.Load())

		time.Sleep(time.Minute) // the interval and a tenth of it at most
		synctest.Wait()
		require.EqualValues(t, 2, service.calls.Load())
		_, err = remote.Key(t.Context(), second.KID())
		require.NoError(t, err)
		_, err = remote.Key(t.Context(), first.KID())
		require.ErrorIs(t, err, token.ErrUnknownKey, "a withdrawn key goes")
	})
}

func TestRemoteKeysOutliveTheirService(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known, coming := newKey(t, time.Now()), newKey(t, time.Now())
		service := &issuingService{}
		service.isDown()
		remote := newRemote(t, service)
		defer remote.Close()
		remote.Start(t.Context())
		synctest.Wait()
		_, err := remote.Key(t.Context(), known.KID())
		require.ErrorContains(t, err, "connection refused")
		require.NotErrorIs(t, err, token.ErrUnknownKey, "nobody can tell")

		service.publishes(t, known)
		time.Sleep(11 * time.Second)
		synctest.Wait()
		require.EqualValues(t, 2, service.calls.Load(), "soon again after a failure, unasked")
		_, err = remote.Key(t.Context(), known.KID())
		require.NoError(t, err)

		service.isDown()
		time.Sleep(24 * time.Hour)
		synctest.Wait()
		_, err = remote.Key(t.Context(), known.KID())
		require.NoError(t, err, "the last good set stays")
		_, err = remote.Key(t.Context(), coming.KID())
		require.Error(t, err)
		require.NotErrorIs(t, err, token.ErrUnknownKey)
	})
}

// Until there is a key set it is fetched every second, and logged every 10 s; then every 10 s after a failure.
func TestRemoteKeysAreFetchedOftenUntilThereAreAny(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key, next := newKey(t, time.Now()), newKey(t, time.Now())
		service := &issuingService{}
		service.isDown()
		var log bytes.Buffer
		remote, err := token.NewRemoteKeys(keySetURL, &http.Client{Transport: service}, time.Now,
			slog.New(slog.NewTextHandler(&log, nil)))
		require.NoError(t, err)
		defer remote.Close()
		registry := prometheus.NewPedanticRegistry()
		registry.MustRegister(remote.Collectors()...)
		values := func() [2]float64 {
			families, err := registry.Gather()
			require.NoError(t, err)
			require.Len(t, families, 2)
			require.Equal(t, "token_keys", families[0].GetName())
			require.Equal(t, "token_keys_age_seconds", families[1].GetName())
			return [2]float64{
				families[0].GetMetric()[0].GetGauge().GetValue(), families[1].GetMetric()[0].GetGauge().GetValue(),
			}
		}
		remote.Start(t.Context())
		time.Sleep(time.Minute)
		synctest.Wait()
		require.InDelta(t, 57, service.calls.Load(), 4, "a pause is 1 s, and a tenth more at most")
		require.InDelta(t, 6, strings.Count(log.String(), "key set not fetched, and there is none yet"), 1)
		require.False(t, remote.Has())
		require.ErrorIs(t, remote.Check(t.Context()), token.NoKeys)
		require.Equal(t, [2]float64{0, 60}, values())

		service.publishes(t, key, next)
		time.Sleep(2 * time.Second)
		synctest.Wait()
		require.True(t, remote.Has())
		require.NoError(t, remote.Check(t.Context()))
		service.isDown()
		calls, at := service.calls.Load(), values()[1]
		require.LessOrEqual(t, at, 2.)
		time.Sleep(time.Hour)
		synctest.Wait()
		require.Equal(t, [2]float64{2, at + 3600}, values(), "the last good set stays, and ages")
		require.NoError(t, remote.Check(t.Context()))
		require.InDelta(t, 55*60/10.5, service.calls.Load()-calls, 20)
	})
}

func TestRemoteKeysLookUpAnUnknownKeySeldom(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		known, coming := newKey(t, time.Now()), newKey(t, time.Now())
		service := &issuingService{}
		service.publishes(t, known)
		remote := newRemote(t, service)
		defer remote.Close()
		remote.Start(t.Context())
		synctest.Wait()

		time.Sleep(10*time.Second - time.Nanosecond)
		service.publishes(t, known, coming)
		for i := range 100 {
			_, err := remote.Key(t.Context(), fmt.Sprint(i))
			require.ErrorIs(t, err, token.ErrUnknownKey)
		}
		_, err := remote.Key(t.Context(), coming.KID())
		require.ErrorIs(t, err, token.ErrUnknownKey)
		require.EqualValues(t, 1, service.calls.Load())

		time.Sleep(time.Nanosecond)
		got, err := remote.Key(t.Context(), coming.KID())
		require.NoError(t, err)
		require.Equal(t, secretOf(t, coming).Public(), got)
		for i := range 100 {
			_, err := remote.Key(t.Context(), fmt.Sprint(i))
			require.ErrorIs(t, err, token.ErrUnknownKey)
		}
		require.EqualValues(t, 2, service.calls.Load())
	})
}

// One fetch serves all who wait for it, whoever asked first, and goes on when that one gives up.
func TestRemoteKeysAreFetchedForAllAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t, time.Now())
		service := &issuingService{}
		service.publishes(t, key)
		published := *service.answer.Load()
		release := make(chan struct{})
		service.answers(func(r *http.Request) (*http.Response, error) {
			select {
			case <-release:
				return published(r)
			case <-r.Context().Done():
				return nil, r.Context().Err()
			}
		})
		remote := newRemote(t, service)
		defer remote.Close()

		impatient, giveUp := context.WithCancel(t.Context())
		first := make(chan error)
		go func() { _, err := remote.Key(impatient, key.KID()); first <- err }()
		synctest.Wait()
		others := make(chan error, 50)
		for range cap(others) {
			go func() { _, err := remote.Key(t.Context(), key.KID()); others <- err }()
		}
		synctest.Wait()
		giveUp()
		require.ErrorIs(t, <-first, context.Canceled)
		close(release)
		for range cap(others) {
			require.NoError(t, <-others)
		}
		require.EqualValues(t, 1, service.calls.Load())
	})
}

func TestRemoteKeysWaitIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		release := make(chan struct{})
		service := &issuingService{}
		service.answers(func(*http.Request) (*http.Response, error) {
			<-release // whatever the request's time-out
			return nil, errors.New("late")
		})
		remote := newRemote(t, service)
		defer remote.Close()
		defer close(release)
		began := time.Now()
		_, err := remote.Key(t.Context(), "x")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		require.Equal(t, 3*time.Second, time.Since(began), "of the bubble's time")
	})
}

func TestRemoteKeysFetchIsBounded(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		key := newKey(t, time.Now())
		service := &issuingService{}
		service.hangs()
		remote := newRemote(t, service)
		defer remote.Close()
		_, err := remote.Key(t.Context(), key.KID())
		require.Error(t, err)

		service.publishes(t, key)
		time.Sleep(7 * time.Second)
		_, err = remote.Key(t.Context(), key.KID())
		require.NoError(t, err, "the first fetch is still under way")
	})
}

func TestRemoteKeysEnd(t *testing.T) {
	t.Parallel()
	for name, end := range map[string]func(remote *token.RemoteKeys, cancel context.CancelFunc){
		"by Close":         func(remote *token.RemoteKeys, _ context.CancelFunc) { remote.Close() },
		"by their context": func(_ *token.RemoteKeys, cancel context.CancelFunc) { cancel() },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				service := &issuingService{}
				service.hangs()
				remote := newRemote(t, service)
				defer remote.Close()
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				remote.Start(ctx)
				synctest.Wait()
				began := time.Now()
				end(remote, cancel)
				synctest.Wait()
				require.Zero(t, time.Since(began), "a fetch under way is given up")
				calls := service.calls.Load()

				remote.Start(t.Context())
				_, err := remote.Key(t.Context(), "x")
				require.Error(t, err)
				require.NotErrorIs(t, err, token.ErrUnknownKey)
				time.Sleep(time.Hour)
				_, err = remote.Key(t.Context(), "x")
				require.Error(t, err)
				require.Equal(t, calls, service.calls.Load())
			})
		})
	}
}

// Every answer that is no key set leaves the last good one in use.
func TestRemoteKeysRefuseBadSets(t *testing.T) {
	t.Parallel()
	x := base64.RawURLEncoding.EncodeToString(bytes.Repeat([]byte{9}, ed25519.PublicKeySize))
	good := fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","kid":"new","x":%q}`, x)
	set := func(keys ...string) string { return `{"keys":[` + strings.Join(keys, ",") + `]}` }
	without := func(old, with string) string { return strings.Replace(good, old, with, 1) }
	for name, tc := range map[string]struct {
		status int
		body   string
		works  bool
	}{
		"good":                   {body: set(good), works: true},
		"good, with use and alg": {body: set(without(`{`, `{"use":"sig","alg":"EdDSA",`)), works: true},
		"good, with members":     {body: `{"issuer":"x",` + set(good)[1:], works: true},
		"good, beside other kinds": {
			body:  set(`{"kty":"RSA","n":"AQAB"}`, `{"kty":"OKP","crv":"X25519"}`, `{"kty":1}`, good),
			works: true,
		},
		"good, 64 KiB":            {body: set(good) + strings.Repeat(" ", 64<<10-len(set(good))), works: true},
		"a byte more":             {body: set(good) + strings.Repeat(" ", 64<<10-len(set(good))+1)},
		"an error status":         {status: http.StatusInternalServerError, body: set(good)},
		"another success":         {status: http.StatusNonAuthoritativeInfo, body: set(good)},
		"empty":                   {body: ""},
		"no JSON":                 {body: "<html>"},
		"trailing data":           {body: set(good) + "{}"},
		"an array":                {body: "[" + good + "]"},
		"no keys member":          {body: `{}`},
		"keys null":               {body: `{"keys":null}`},
		"keys an object":          {body: `{"keys":` + good + `}`},
		"keys twice":              {body: `{"keys":[],` + set(good)[1:]},
		"no keys":                 {body: set()},
		"a key that is no object": {body: set("1", good)},
		"a key with names twice":  {body: set(without(`{`, `{"kid":"x",`))},
		"two keys of one id":      {body: set(good, good)},
		"other kinds only":        {body: set(`{"kty":"RSA"}`)},
		"for encryption":          {body: set(without(`{`, `{"use":"enc",`))},
		"use null":                {body: set(without(`{`, `{"use":null,`))},
		"for another algorithm":   {body: set(without(`{`, `{"alg":"HS256",`))},
		"a private key":           {body: set(without(`{`, `{"d":"`+x+`",`))},
		"no id":                   {body: set(without(`"kid":"new",`, ``))},
		"an empty id":             {body: set(without(`"new"`, `""`))},
		"no value":                {body: set(without(`,"x":"`+x+`"`, ``))},
		"a short value":           {body: set(without(x, x[:40]))},
		"a long value":            {body: set(without(x, x+"AAAA"))},
		"a padded value":          {body: set(without(x, x+"="))},
		"a zero value":            {body: set(without(x, strings.Repeat("A", 43)))},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				known := newKey(t, time.Now())
				service := &issuingService{}
				service.publishes(t, known)
				remote := newRemote(t, service)
				defer remote.Close()
				_, err := remote.Key(t.Context(), known.KID())
				require.NoError(t, err)

				status := tc.status
				if status == 0 {
					status = http.StatusOK
				}
				service.answers(func(*http.Request) (*http.Response, error) { return answer(status, tc.body), nil })
				time.Sleep(10 * time.Second)
				_, err = remote.Key(t.Context(), "new")
				if tc.works {
					require.NoError(t, err)
					return
				}
				require.Error(t, err)
				require.NotErrorIs(t, err, token.ErrUnknownKey)
				require.NotContains(t, err.Error(), x)
				_, err = remote.Key(t.Context(), known.KID())
				require.NoError(t, err)
			})
		})
	}
}

// Over a real connection: a redirect is not followed, wherever it leads.
func TestRemoteKeysFollowNoRedirect(t *testing.T) {
	t.Parallel()
	key := newKey(t, newClock().Now())
	signer := token.NewSigner(time.Now)
	require.NoError(t, signer.SetKeys([]token.PrivateKey{key}))
	var elsewhere atomic.Int64
	mux := http.NewServeMux()
	mux.HandleFunc("/keys", func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write(signer.JWKS()) })
	mux.HandleFunc("/elsewhere", func(w http.ResponseWriter, _ *http.Request) {
		elsewhere.Add(1)
		_, _ = w.Write(signer.JWKS())
	})
	mux.Handle("/moved", http.RedirectHandler("/elsewhere", http.StatusFound))
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)

	for path, works := range map[string]bool{"/keys": true, "/moved": false, "/missing": false} {
		remote, err := token.NewRemoteKeys(server.URL+path, server.Client(), time.Now, slog.New(slog.DiscardHandler))
		require.NoError(t, err)
		remote.Start(t.Context())
		_, err = remote.Key(t.Context(), key.KID())
		remote.Close()
		require.Equal(t, works, err == nil, "%s: %v", path, err)
	}
	require.Zero(t, elsewhere.Load())
	require.Nil(t, server.Client().CheckRedirect, "the caller's client is left as it was")
}

func TestNewRemoteKeysRefusesBadAddresses(t *testing.T) {
	t.Parallel()
	for _, address := range []string{
		"", "users", "/jwks.json", "file:///etc/keys", "ftp://users.example.com/", "https://",
		"https://u:p@users.example.com/", "https://h/#x", "https://h/\x00",
	} {
		_, err := token.NewRemoteKeys(address, http.DefaultClient, time.Now, slog.New(slog.DiscardHandler))
		require.Error(t, err, address)
		require.NotContains(t, err.Error(), "u:p", address)
	}
}
