package redistest

import "syscall"

// bindToParent makes the kernel kill the process when the thread that has started it ends.
func bindToParent(attributes *syscall.SysProcAttr) { attributes.Pdeathsig = syscall.SIGKILL }
