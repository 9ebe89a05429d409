//go:build !linux

package redistest

import "syscall"

// bindToParent does nothing: only Linux tells a child of its parent's death.
func bindToParent(*syscall.SysProcAttr) {}
