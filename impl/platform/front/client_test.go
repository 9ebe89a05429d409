package front

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestTheClientIsGivenAway(t *testing.T) {
	t.Parallel()
	addr, _ := start(t, behind(t, "users", []string{"/a"}, says("users")))
	answer, text := send(t, addr, http.MethodGet, "/clients/typescript.tgz", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Empty(t, answer.Header.Get("Service"))
	require.Equal(t, "application/gzip", answer.Header.Get("Content-Type"))
	require.Empty(t, answer.Header.Get("Content-Encoding"))

	found := map[string]string{}
	zipped, err := gzip.NewReader(strings.NewReader(text))
	require.NoError(t, err)
	for tarball := tar.NewReader(zipped); ; {
		header, err := tarball.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		require.NoError(t, err)
		body, err := io.ReadAll(tarball)
		require.NoError(t, err)
		require.EqualValues(t, 0o644, header.Mode)
		found[header.Name] = string(body)
	}
	require.Equal(t, map[string]string{"package/package.json": `{"name":"client"}`, "package/lib/index.js": "export {};\n"}, found)

	// The same files are the same package, for every server and for ever.
	again, err := pack(client)
	require.NoError(t, err)
	require.Equal(t, text, string(again))
	answer, _ = send(t, addr, http.MethodGet, "/clients/typescript.tgz", "", func(r *http.Request) {
		r.Header.Set("If-None-Match", answer.Header.Get("ETag"))
	})
	require.Equal(t, http.StatusNotModified, answer.StatusCode)
	answer, _ = send(t, addr, http.MethodHead, "/clients/typescript.tgz", "")
	require.Equal(t, http.StatusOK, answer.StatusCode)
}
