// Package clienttls reads the files by which a client knows a server over TLS, and proves who it is itself.
//
// It promises that
//   - what [Files.Roots], [Files.Certificate] and [Files.Config] return is what the files hold now, so that they can be
//     renewed while the program runs;
//   - an error names the file and shows nothing of what is in it.
package clienttls

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Files are paths of files in PEM.
type Files struct {
	// CA holds the authorities that sign the server's certificate; "" stands for the system's.
	CA string
	// Cert and Key hold the client's certificate and its key; both are "" where it shows none.
	Cert, Key string
}

// Given tells whether there is any file.
func (f Files) Given() bool { return f != Files{} }

// Roots returns the authorities; nil stands for the system's.
func (f Files) Roots() (*x509.CertPool, error) {
	if f.CA == "" {
		return nil, nil //nolint:nilnil // as it says above
	}
	text, err := os.ReadFile(f.CA)
	if err != nil {
		return nil, Unreadable(f.CA, err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("%s has no certificate in PEM", f.CA)
	}
	return roots, nil
}

// Certificate returns the client's certificate with its key; one without content where it shows none.
func (f Files) Certificate() (tls.Certificate, error) {
	if f.Cert == "" && f.Key == "" {
		return tls.Certificate{}, nil
	}
	var text [2][]byte
	for i, path := range []string{f.Cert, f.Key} {
		var err error
		if text[i], err = os.ReadFile(path); err != nil {
			return tls.Certificate{}, Unreadable(path, err)
		}
	}
	pair, err := tls.X509KeyPair(text[0], text[1])
	if err != nil {
		return tls.Certificate{}, fmt.Errorf("%s and %s are not a certificate in PEM and its key: %w", f.Cert, f.Key, err)
	}
	return pair, nil
}

// Config returns a copy of a configuration with what the files hold now: call it for each handshake.
func (f Files) Config(of *tls.Config) (*tls.Config, error) {
	roots, err := f.Roots()
	if err != nil {
		return nil, err
	}
	pair, err := f.Certificate()
	if err != nil {
		return nil, err
	}
	c := of.Clone()
	if roots != nil {
		c.RootCAs = roots
	}
	if pair.Certificate != nil {
		c.Certificates = []tls.Certificate{pair}
	}
	return c, nil
}

// Unreadable is the error of a file that cannot be read; it names the file once.
func Unreadable(path string, err error) error {
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		err = file.Err
	}
	return fmt.Errorf("%s cannot be read: %w", path, err)
}

// OpenToAll tells whether every account of the machine can read a file. One that cannot be looked at is not.
func OpenToAll(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().Perm()&0o004 != 0
}
