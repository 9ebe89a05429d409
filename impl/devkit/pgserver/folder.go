package pgserver

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// ErrInUse means that another process owns the folder of a private server.
var ErrInUse = errors.New("in use")

// account is the account that runs postgres, which refuses to run as root.
type account struct {
	name     string
	uid, gid int
	other    bool // not the account of this process
}

func serverAccount() (account, error) {
	if uid := os.Geteuid(); uid != 0 {
		return account{name: "this account", uid: uid, gid: os.Getegid()}, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err := strconv.Atoi(u.Uid)
		if err != nil || uid == 0 {
			continue
		}
		gid, err := strconv.Atoi(u.Gid)
		if err != nil {
			continue
		}
		return account{name: name, uid: uid, gid: gid, other: true}, nil
	}
	return account{}, errors.New("PostgreSQL refuses to run as root, and there is neither an account postgres nor " +
		"nobody: run as an ordinary user")
}

// attributes starts a command in a process group of its own, so that Ctrl-C in the terminal reaches only the owner,
// which stops postgres when it no longer needs it.
func (a account) attributes() *syscall.SysProcAttr {
	attributes := &syscall.SysProcAttr{Setpgid: true}
	if a.other {
		// Without Groups, the supplementary groups of root are dropped too.
		uid, gid := uint32(a.uid), uint32(a.gid) //nolint:gosec // They come from the account database.
		attributes.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return attributes
}

// reaches reports whether the account can enter dir.
func (a account) reaches(dir string) bool {
	if !a.other {
		return true
	}
	cmd := exec.Command("/bin/sh", "-c", ":") //nolint:noctx // only asked whether it could start in dir
	cmd.Dir, cmd.SysProcAttr = dir, a.attributes()
	return cmd.Run() == nil
}

// prepareFolder returns the folder to use for dir. It belongs to the returned account and is closed to others.
func prepareFolder(dir string) (string, account, error) {
	acct, err := serverAccount()
	if err != nil {
		return "", account{}, err
	}
	if dir == "" {
		return "", account{}, errors.New("no folder is given for the private PostgreSQL")
	}
	if dir, err = filepath.Abs(dir); err != nil {
		return "", account{}, fmt.Errorf("folder of the private PostgreSQL: %w", err)
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil { //nolint:gosec // the parent is not ours alone
		return "", account{}, unusable(dir, err)
	}
	if parent := filepath.Dir(dir); !acct.reaches(parent) {
		dir = fallbackFolder(dir)
		if err := sharedFolder(dir, acct); err != nil {
			return "", account{}, err
		}
		return resolved(dir, acct)
	}
	if acct, err = dataOwner(dir, acct); err != nil {
		return "", account{}, err
	}
	if err := holdsOnlyServer(dir); err != nil {
		return "", account{}, err
	}
	if target, err := filepath.EvalSymlinks(dir); err == nil {
		dir = target
	}
	if err := ownFolder(dir, acct); err != nil {
		return "", account{}, err
	}
	return resolved(dir, acct)
}

// resolved returns dir as the kernel reports the working folder of postgres.
func resolved(dir string, acct account) (string, account, error) {
	actual, err := filepath.EvalSymlinks(dir)
	if err != nil {
		return "", account{}, unusable(dir, err)
	}
	return actual, acct, nil
}

func unusable(dir string, err error) error {
	if path, ok := errors.AsType[*fs.PathError](err); ok {
		err = path.Err
	}
	return fmt.Errorf("the folder %s cannot be used for PostgreSQL: %w; name one that this account may write to", dir, err)
}

// dataOwner lets root use the data of an ordinary user.
func dataOwner(dir string, acct account) (account, error) {
	info, err := os.Stat(filepath.Join(dir, "data"))
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return acct, nil
		}
		return account{}, unusable(dir, err)
	}
	uid, gid := owner(info)
	switch {
	case uid == acct.uid:
		return acct, nil
	case acct.other && uid != 0:
		return account{name: "user " + strconv.Itoa(uid), uid: uid, gid: gid, other: true}, nil
	}
	return account{}, fmt.Errorf("the folder %s belongs to another account (user %d): run as that account, "+
		"name another folder, or remove it with `make reset`", dir, uid)
}

func owner(info fs.FileInfo) (uid, gid int) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return -1, -1
	}
	return int(stat.Uid), int(stat.Gid)
}

// holdsOnlyServer guards against closing, and later removing, a folder with other files in it.
func holdsOnlyServer(dir string) error {
	if isFile(filepath.Join(dir, "lock")) && isFile(filepath.Join(dir, "data", "PG_VERSION")) {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return unusable(dir, err)
	}
	for _, entry := range entries {
		switch name := entry.Name(); {
		case name == "lock", name == "data", name == "data.new", name == "postgres.log",
			strings.HasPrefix(name, socketTemplate):
		default:
			return fmt.Errorf("the folder %s contains something else (%s): name an empty one for PostgreSQL", dir, name)
		}
	}
	return nil
}

// ownFolder creates dir, or takes it over if it belongs to this process's account or to acct. It follows no link.
func ownFolder(dir string, acct account) error {
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return unusable(dir, err)
	}
	info, err := os.Lstat(dir)
	if err != nil {
		return unusable(dir, err)
	}
	if !info.IsDir() {
		return unusable(dir, syscall.ENOTDIR)
	}
	if uid, _ := owner(info); uid != acct.uid {
		if uid != os.Geteuid() {
			return fmt.Errorf("the folder %s belongs to another account (user %d): remove it or name another one", dir, uid)
		}
		if err := os.Lchown(dir, acct.uid, acct.gid); err != nil {
			return unusable(dir, err)
		}
	}
	if err := os.Chmod(dir, 0o700); err != nil { //nolint:gosec // a folder needs its x bit
		return unusable(dir, err)
	}
	return nil
}

// sharedFolder is ownFolder below a world-writable folder, where a symbolic link or an open folder could be a trap.
func sharedFolder(dir string, acct account) error {
	info, err := os.Lstat(dir)
	if err == nil && (!info.IsDir() || info.Mode().Perm()&0o077 != 0) {
		return fmt.Errorf("%s is not a folder that only its owner can enter: somebody else made it, remove it", dir)
	}
	return ownFolder(dir, acct)
}

// fallbackFolder returns the folder that root uses when the server's account cannot reach the wanted one, such as one
// below /root.
func fallbackFolder(dir string) string {
	return filepath.Join("/var/tmp", "private-postgres-"+hash(dir))
}

func hash(dir string) string {
	sum := sha256.Sum256([]byte(strconv.Itoa(os.Geteuid()) + ":" + dir))
	return hex.EncodeToString(sum[:8])
}

func shortSocketFolder(dir string) string {
	return filepath.Join("/tmp", "pg-"+hash(dir))
}

// needsShortSocket reports whether the socket cannot be in the folder: a socket address holds about a hundred bytes,
// and postgres reads commas and quotes as a list.
func needsShortSocket(dir string) bool {
	return len(filepath.Join(dir, socketTemplate+"65535")) > longestSocket || strings.ContainsAny(dir, `,"`)
}

func socketFolder(dir string, acct account) (string, error) {
	if !needsShortSocket(dir) {
		return dir, nil
	}
	short := shortSocketFolder(dir)
	return short, sharedFolder(short, acct)
}

// lockFolder makes this process the owner of dir. The lock ends with the process, so it is never stale.
func lockFolder(ctx context.Context, dir string, wait time.Duration) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_CREATE|os.O_RDWR|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return nil, unusable(dir, err)
	}
	var lockErr error
	locked := waitUntil(ctx, wait, func() bool {
		lockErr = syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		return !errors.Is(lockErr, syscall.EWOULDBLOCK) && !errors.Is(lockErr, syscall.EINTR)
	})
	if lockErr == nil {
		_ = file.Truncate(0)
		_, _ = file.WriteAt([]byte(strconv.Itoa(os.Getpid())+"\n"), 0) // for the message below
		return file, nil
	}
	defer file.Close() //nolint:errcheck // not ours
	if locked {
		return nil, unusable(dir, lockErr)
	}
	pid := make([]byte, 20)
	n, _ := file.ReadAt(pid, 0)
	return nil, fmt.Errorf("the PostgreSQL folder %s is %w by another process (pid %s): "+
		"stop that one or name another folder",
		dir, ErrInUse, strings.TrimSpace(string(pid[:n])))
}

// dataMajor returns the major version that made the cluster, 0 when there is none.
func dataMajor(data string) (int, error) {
	content, err := os.ReadFile(filepath.Join(data, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(data); errors.Is(err, fs.ErrNotExist) {
			return 0, nil
		}
	}
	major, convErr := strconv.Atoi(strings.TrimSpace(string(content)))
	if err != nil || convErr != nil {
		return 0, fmt.Errorf("%s is not a PostgreSQL cluster, or a damaged one: remove it with `make reset`", data)
	}
	return major, nil
}

func escapeGlob(path string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(path)
}
