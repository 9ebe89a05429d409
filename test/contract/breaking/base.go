package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

// base is where the documents are from that others are compared with: a folder, or a commit of git.
type base struct {
	folder string
	commit string
}

// openBase finds out which of the two it is.
func openBase(ctx context.Context, name string) (base, error) {
	if info, err := os.Stat(name); err == nil && info.IsDir() {
		return base{folder: name}, nil
	}
	commit, err := git(ctx, "rev-parse", "--verify", "--quiet", "--end-of-options", name+"^{commit}")
	if err != nil {
		return base{}, fmt.Errorf("%s is neither a folder nor a revision of git", name)
	}
	return base{commit: strings.TrimSpace(string(commit))}, nil
}

// none is what a document is compared with that is new.
const none = "openapi: 3.0.3\ninfo: {title: none, version: 0.0.0}\npaths: {}\n"

// read is the namesake of the document.
func (b base) read(ctx context.Context, document string) (version, error) {
	if b.commit == "" {
		file := filepath.Join(b.folder, filepath.Base(document))
		data, err := os.ReadFile(file)
		if errors.Is(err, fs.ErrNotExist) {
			data, err = []byte(none), nil
		}
		return version{file, data}, err
	}
	at := b.commit + ":./" + filepath.ToSlash(document)
	found := version{file: b.commit[:12] + ":" + filepath.ToSlash(document), data: []byte(none)}
	if _, err := git(ctx, "cat-file", "-e", at); err != nil {
		return found, nil //nolint:nilerr // It is not there.
	}
	data, err := git(ctx, "show", at)
	found.data = data
	return found, err
}

// holdsOnly fails when the folder has a document that is not among the others, so that none disappears whole.
func (b base) holdsOnly(documents []string) error {
	if b.folder == "" {
		return nil
	}
	files, err := filepath.Glob(filepath.Join(b.folder, "*.yaml"))
	if err != nil {
		return err
	}
	for _, file := range files {
		namesake := func(document string) bool { return filepath.Base(document) == filepath.Base(file) }
		if filepath.Base(file) != exceptionsName && !slices.ContainsFunc(documents, namesake) {
			return fmt.Errorf("%s has been released and is not among the documents; name its successor, "+
				"or except and release its removal operation by operation", file)
		}
	}
	return nil
}

func git(ctx context.Context, args ...string) ([]byte, error) {
	command := exec.CommandContext(ctx, "git", args...)
	var said bytes.Buffer
	command.Stderr = &said
	out, err := command.Output()
	if err != nil {
		return nil, fmt.Errorf("git %s: %w: %s", args[0], err, said.String())
	}
	return out, nil
}
