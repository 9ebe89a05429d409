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

// clientPath is where the packed client is, as `npm install` is told.
const clientPath = "/clients/typescript.tgz"

// packed serves the files of an npm package as npm packs them. The same files give the same bytes, by which npm knows them again.
func packed(files fs.FS) (http.Handler, error) {
	body, err := pack(files)
	if err != nil {
		return nil, fmt.Errorf("the client cannot be packed: %w", err)
	}
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Type", "application/gzip")
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Cache-Control", "no-cache")
		h.Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}), nil
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
