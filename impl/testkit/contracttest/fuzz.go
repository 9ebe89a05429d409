package contracttest

import (
	"bufio"
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/contract"
)

// Fuzz sends anything that net/http accepts to the whole service, starting from a good request of each operation.
// Nothing makes the service fail, every failure has the one shape, and every answer is checked against the document.
func Fuzz(f *testing.F, s *Service) {
	f.Helper()
	server := s.Start(f)
	for _, op := range s.Document.Operations {
		r, by := s.Fitting(f, server, op)
		f.Add(r.Method, r.Target, strings.Join(r.Header, "\r\n"), []byte(r.Body))
		f.Add(r.Method, r.Target+"?limit=1&x=%00", "Authorization: Bearer "+by.AccessToken()+"x",
			[]byte(`{"a":[1e9,"\ud800"]}`))
	}
	f.Fuzz(func(t *testing.T, method, target, header string, body []byte) {
		head := method + " " + target + " HTTP/1.1\r\nHost: service.test\r\n" + header + "\r\n\r\n"
		r, err := http.ReadRequest(bufio.NewReader(io.MultiReader(strings.NewReader(head), bytes.NewReader(body))))
		if err != nil {
			return // net/http answers it itself.
		}
		if r.ContentLength == 0 && len(body) > 0 && r.TransferEncoding == nil {
			r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
		}
		if strings.Contains(strings.ToLower(r.Header.Get("Accept")), eventStream) {
			return // A stream would be read until it ends.
		}
		r.RemoteAddr = "192.0.2.1:1234"
		w := httptest.NewRecorder()
		server.Web.Config.Handler.ServeHTTP(w, r.WithContext(t.Context()))
		if w.Code < http.StatusBadRequest {
			return
		}
		p := ProblemIn(t, w.Result(), w.Body.String())
		require.True(t, w.Code < http.StatusInternalServerError || p.Code == contract.ErrTimeout.Code, "%d: %s",
			w.Code, w.Body)
		for _, v := range p.Errors {
			require.NotEmpty(t, v.Pointer, w.Body)
			require.NotEmpty(t, v.Keyword, w.Body)
			require.NotEmpty(t, v.Detail, w.Body)
		}
	})
}
