package front

import (
	"archive/tar"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"time"
)

// clientPath is the path that people install the packed client from. It redirects to a path that changes with the
// content.
const clientPath = "/clients/typescript.tgz"

// ClientPath returns the path of the packed client with these files.
func ClientPath(files fs.FS) (string, error) {
	body, err := pack(files)
	if err != nil {
		return "", fmt.Errorf("the client cannot be packed: %w", err)
	}
	return "/clients/" + nameOf(sha256.Sum256(body)), nil
}

// nameOf returns a name that differs for each content of a package.
func nameOf(sum [sha256.Size]byte) string { return fmt.Sprintf("typescript-%x.tgz", sum[:8]) }

// packed serves the files of an npm package as npm packs them, at a path that is derived from their bytes: a lockfile
// keeps the path together with a digest, and npm refuses other bytes there. It returns a handler for each path.
func packed(files fs.FS) (map[string]http.Handler, error) {
	body, err := pack(files)
	if err != nil {
		return nil, fmt.Errorf("the client cannot be packed: %w", err)
	}
	sum := sha256.Sum256(body)
	name := nameOf(sum)
	return map[string]http.Handler{
		clientPath: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Cache-Control", "no-cache")
			// Relative, so that it also works behind a proxy that serves this under another path.
			w.Header().Set("Location", name)
			w.WriteHeader(http.StatusFound)
		}),
		"/clients/" + name: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			h := w.Header()
			h.Set("Content-Type", "application/gzip")
			h.Set("X-Content-Type-Options", "nosniff")
			h.Set("Cache-Control", "public, max-age=31536000, immutable")
			h.Set("ETag", fmt.Sprintf(`"%x"`, sum))
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
		}),
	}, nil
}

// pack makes a tarball with all files in the folder package, where npm expects them.
func pack(files fs.FS) ([]byte, error) {
	var out bytes.Buffer
	zipped := gzip.NewWriter(&out)
	tarball := tar.NewWriter(zipped)
	err := fs.WalkDir(files, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(files, path)
		if err != nil {
			return err
		}
		// No time and no owner, which would differ between machines.
		header := &tar.Header{Name: "package/" + path, Mode: 0o644, Size: int64(len(text)), Format: tar.FormatUSTAR}
		if err := tarball.WriteHeader(header); err != nil {
			return err
		}
		_, err = tarball.Write(text)
		return err
	})
	err = errors.Join(err, tarball.Close(), zipped.Close())
	return out.Bytes(), err
}
