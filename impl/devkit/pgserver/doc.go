// Package pgserver runs a private PostgreSQL for development and for tests. The server survives kill -9 of its owner,
// of itself or of both.
package pgserver
