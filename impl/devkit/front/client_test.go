package front

import (
	"archive/tar"
	"compress/gzip"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
)

func TestTheClientIsGivenAway(t *testing.T) {
	t.Parallel()
	addr, _ := start(t, behind(t, "users", []string{"/a"}, says("users")))
	answer, _ := send(t, addr, http.MethodGet, "/clients/typescript.tgz", "")
	require.Equal(t, http.StatusFound, answer.StatusCode)
	require.Equal(t, "no-cache", answer.Header.Get("Cache-Control"))
	lasting := "/clients/" + answer.Header.Get("Location")
	require.Regexp(t, `^/clients/typescript-[0-9a-f]{16}\.tgz$`, lasting)
	told, err := ClientPath(client)
	require.NoError(t, err)
	require.Equal(t, lasting, told)
	answer, text := send(t, addr, http.MethodGet, lasting, "")
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
	require.Equal(t,
		map[string]string{"package/package.json": `{"name":"client"}`, "package/lib/index.js": "export {};\n"}, found)

	// The same files are the same package, on every server and for ever.
	again, err := pack(client)
	require.NoError(t, err)
	require.Equal(t, text, string(again))
	answer, _ = send(t, addr, http.MethodGet, lasting, "", func(r *http.Request) {
		r.Header.Set("If-None-Match", answer.Header.Get("ETag"))
	})
	require.Equal(t, http.StatusNotModified, answer.StatusCode)
	answer, _ = send(t, addr, http.MethodHead, lasting, "")
	require.Equal(t, http.StatusOK, answer.StatusCode)

	// Other files are another package, at another address.
	paths := func(text string) []string {
		handlers, err := packed(fstest.MapFS{"index.js": {Data: []byte(text)}})
		require.NoError(t, err)
		return slices.Sorted(maps.Keys(handlers))
	}
	one, same, other := paths("1"), paths("1"), paths("2")
	require.Contains(t, one, "/clients/typescript.tgz")
	require.Equal(t, one, same)
	require.NotEqual(t, one, other)
}
