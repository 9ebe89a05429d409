package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
)

// FuzzChain sends whatever net/http lets through. Nothing makes the chain panic or answer with a server's failure,
// and every failure has the one shape. The answers are checked, so a failure that breaks the document becomes a 500.
func FuzzChain(f *testing.F) {
	id := ada.String()
	for _, seed := range []struct{ method, target, headers, body string }{
		{"GET", "/public?limit=3&name=a%20b", "X-Level: 2\r\nCookie: visit=" + id, ""},
		{"GET", "/public?limit=x&name=%00&a;b", "", ""},
		{"POST", "/roles", "Authorization: Bearer admin\r\nContent-Type: application/json", `{"name":"ab"}`},
		{"POST", "/roles", "Authorization: Bearer ada\r\nContent-Type: application/json", `{"name":"ab"}`},
		{"PUT", "/people/" + id + "/things",
			"Authorization: Bearer ada\r\nContent-Type: application/json; charset=utf-8", `{"name":"ab"}`},
		{"PUT", "/people/%30%2f/things", "Authorization: Bearer support\r\nContent-Type: text/plain", `{"name":"ab"}`},
		{"GET", "/self", "Authorization: Bearer ada\r\nTransfer-Encoding: chunked", ""},
		{"POST", "/cookie", "Cookie: session=abc\r\nOrigin: https://evil.test\r\nSec-Fetch-Site: cross-site", ""},
		{"POST", "/echo", "Content-Type: application/json",
			`{"name":"ab","tags":["a","b"],"orders":[{"quantity":1e0}],"counts":{"a":1},"either":1,"ratio":0.5,` +
				`"count":12}`},
		{"POST", "/echo", "Content-Type: application/json",
			`{"name":"a","Name":"b","tags":[1],"a/b~c é":null,"\ud800":1}`},
		{"DELETE", "/empty", "Content-Length: 1", "x"},
		{"GET", "/old/" + id,
			"Traceparent: 00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01\r\nX-Request-Id: a b", ""},
		{"OPTIONS", "/roles", "Origin: https://shop.test\r\nAccess-Control-Request-Method: PUT", ""},
		{"GET", "//evil.test/%zz", "X-Forwarded-For: 1.2.3.4, ::1", ""},
		{"GET", "http://other.test/stream", "", ""},
		{"CONNECT", "example.com:443", "", ""},
		{"BREW", "*", "", ""},
	} {
		f.Add(seed.method, seed.target, seed.headers, []byte(seed.body))
	}
	s := start(f, nil, func(o *Options) {
		o.Shed = true
		o.TrustedOrigins, o.TrustedProxies = []string{"https://shop.test", "http://127.0.0.1:*"},
			[]string{"192.0.2.0/24"}
		o.Log = slog.New(slog.DiscardHandler)
		o.Observe = func(o *contract.Operation, answered contract.Problem, violations []fault.Violation) {
			if len(violations) > 0 {
				f.Errorf("%s answers %d: %v", o.ID, answered.Status, violations)
			}
		}
	})
	f.Fuzz(func(t *testing.T, method, target, headers string, body []byte) {
		head := method + " " + target + " HTTP/1.1\r\nHost: example.com\r\n" + headers + "\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(body))))
		if err != nil {
			return // net/http answers it.
		}
		if r.ContentLength == 0 && len(body) > 0 && r.TransferEncoding == nil {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		r.RemoteAddr = "192.0.2.1:1234"
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r.WithContext(t.Context()))
		if slices.Contains(strings.Split(r.Header.Get("Authorization"), " "), "lost") &&
			w.Code == http.StatusInternalServerError {
			return
		}
		if w.Code >= 500 {
			t.Fatalf("%d: %s", w.Code, w.Body)
		}
		if w.Code >= 400 {
			p := problemIn(t, w)
			for _, v := range p.Errors {
				if v.Pointer == "" || v.Keyword == "" || v.Detail == "" {
					t.Fatal(w.Body)
				}
			}
			return
		}
		if body := w.Body.Bytes(); strings.Contains(w.Header().Get("Content-Type"), "json") && !json.Valid(body) {
			t.Fatalf("no JSON: %s", body)
		}
	})
}
