//go:build !failpoints

// Package failpoint lets a test make a process fail at a named place.
//
// It promises to be nothing at all in a binary that is built without the tag failpoints.
package failpoint

// Hit does what the environment asks for at the place of that name. In this build that is nothing.
func Hit(string) error { return nil }
