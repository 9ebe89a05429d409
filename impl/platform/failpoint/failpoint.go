//go:build !failpoints

// Package failpoint lets a test make a process fail at a named place.
//
// It promises to do nothing in a binary that is built without the tag failpoints.
package failpoint

// Hit causes the failure that the environment lists for the named place. In this build it does nothing.
func Hit(string) error { return nil }
