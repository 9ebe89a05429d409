// Package pgserver runs a private PostgreSQL for development and for tests. The data survives kill -9 of the server, of
// its owner or of both.
package pgserver
