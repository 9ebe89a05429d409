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

// clientPath is where the packed client is for whoever installs it by hand. It leads on to an address of its own for
// each content.
const clientPath = "/clients/typescript.tgz"

// ClientPath is where the packed client is as long as its files are these.
func ClientPath(files fs.FS) (string, error) {
	body, err := pack(files)
	if err != nil {
		return "", fmt.Errorf("the client cannot be packed: %w", err)
	}
	return "/clients/" + nameOf(sha256.Sum256(body)), nil
}

// nameOf tells the contents of a package apart.
func nameOf(sum [sha256.Size]byte) string { return fmt.Sprintf("typescript-%x.tgz", sum[:8]) }

// packed serves the files of an npm package as npm packs them, at an address that follows from their bytes: a lockfile
// has the address together with a digest, and npm refuses other bytes there. It gives a handler for each path.
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
			// Relative, so that it holds also behind a proxy that has put this under another path.
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

// pack makes a tarball with everything in the folder package, where npm looks for it.
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
		// No time and no owner: they would differ from machine to machine.
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
