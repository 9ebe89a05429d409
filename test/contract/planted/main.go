// Planted breaks the services on purpose, in one place at a time and without touching the tree, and tells whether the
// generated tests find it: all mistakes, or those whose names hold what it is given.
//
// It fails when a bug is not found, and when any of them can no longer be planted because the code has changed.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// mistake is something that somebody could have written.
type mistake struct {
	says     string
	service  string // whose tests must find it
	file     string
	old, new string // old stands in the file once
}

var mistakes = []mistake{
	{"a change forgets what was sent", "orders", "impl/orders/products.go",
		"Name: req.Body.Name, Description: req.Body.Description, UpdatedAt", "Name: req.Body.Name, UpdatedAt"},
	{"a change leaves the version as it was", "orders", "gen/ordersdb/products.sql.go",
		"    currency = coalesce($4, currency),\n    version = version + 1,", "    currency = coalesce($4, currency),"},
	{"a stale version is taken", "orders", "gen/ordersdb/products.sql.go",
		"  AND ($7::boolean OR version", "  AND ($7::boolean OR version > 0 OR version"},
	{"a change reaches other things", "orders", "gen/ordersdb/webhooks.sql.go",
		"    updated_at = $6\nWHERE id = $7\nRETURNING", "    updated_at = $6\nWHERE (id = $7 OR enabled)\nRETURNING"},
	{"a filter lets others through", "orders", "gen/ordersdb/products.sql.go",
		"JOIN stock ON stock.product_id = products.id\nWHERE status = $1",
		"JOIN stock ON stock.product_id = products.id\nWHERE status >= $1"},
	{"a page begins with the last of the one before", "orders", "gen/ordersdb/webhooks.sql.go",
		"FROM webhooks\nWHERE (created_at, id) < (", "FROM webhooks\nWHERE (created_at, id) <= ("},
	{"what is deleted stays", "orders", "gen/ordersdb/webhooks.sql.go",
		"DELETE FROM webhooks\nWHERE id = $1", "UPDATE webhooks\nSET enabled = false\nWHERE id = $1"},
	{"a quote breaks a search", "orders", "impl/orders/search.go",
		"return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r)", "return !unicode.IsSpace(r)"},
	{"spaces of a text are lost", "orders", "impl/orders/convert.go",
		"Description: p.Description,",
		"Description: func(s string) string { for len(s) > 0 && s[len(s)-1] == ' ' { s = s[:len(s)-1] }; return s }(" +
			"p.Description),"},
	{"a key answers another request", "orders", "impl/platform/httpapi/idempotency.go",
		"r.url.Query().Encode(), string(body)}", "r.url.Query().Encode(), string(body[:0])}"},
	{"another's order is shown", "orders", "impl/platform/httpapi/enforce.go",
		"if owner != r.principal.Subject {", "if owner == uuid.Nil {"},
	{"an answer has a figure out of its bounds", "orders", "impl/orders/convert.go",
		"Delta: a.Delta,", "Delta: a.Delta * 2,"},
	{"an answer has an undocumented status", "orders", "impl/orders/webhooks.go",
		"DeleteWebhook204Response{}", "DeleteWebhookdefaultApplicationProblemPlusJSONResponse{StatusCode: 410}"},
	{"an unknown parameter is taken", "users", "impl/platform/contract/check.go",
		"if !o.query[name] ||", "if !o.query[name] && len(name) > 32 ||"},
	{"the format of a string is not checked", "users", "impl/platform/format/format.go",
		"check(line)", "check(func(string) error { return nil })"},
	{"a member of a new account is forgotten", "users", "impl/users/accounts.go",
		"PasswordHash: hash, Avatar: avatar,", "PasswordHash: hash,"},
	{"the address of an account is changed", "users", "impl/users/accounts.go",
		"ID: newID(), Email: email, Name", "ID: newID(), Email: \"x\" + email, Name"},
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	err := run(ctx, strings.Join(os.Args[1:], " "), os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

var errMissed = errors.New("not every planted bug was found")

func run(ctx context.Context, which string, out io.Writer) (err error) {
	chosen := slices.DeleteFunc(slices.Clone(mistakes), func(m mistake) bool { return !strings.Contains(m.says, which) })
	folder, err := os.MkdirTemp("", "planted-")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, os.RemoveAll(folder)) }()
	var services []string
	for _, m := range chosen {
		if !slices.Contains(services, m.service) {
			services = append(services, m.service)
		}
	}
	if len(services) == 0 {
		return fmt.Errorf("no planted bug has %q in its name", which)
	}
	if err := buildAll(ctx, filepath.Join(folder, "all")); err != nil {
		return err
	}
	for _, service := range services {
		by, err := search(ctx, service)
		if err != nil {
			return err
		}
		if by != "" {
			return fmt.Errorf("%s fails already without a planted bug", by)
		}
	}
	var overlays []string
	for i, m := range chosen {
		overlay, err := plant(filepath.Join(folder, strconv.Itoa(i)), m)
		if err != nil {
			return err
		}
		overlays = append(overlays, overlay)
	}
	found := 0
	for i, m := range chosen {
		began := time.Now()
		by, err := search(ctx, m.service, "-overlay", overlays[i])
		if err != nil {
			return fmt.Errorf("%s: %w", m.says, err)
		}
		if by != "" {
			found++
		} else {
			by = "NOT FOUND"
		}
		fmt.Fprintf(out, "%2d of %d  %-48s %s (%.0f s)\n", i+1, len(chosen), m.says, by, time.Since(began).Seconds())
	}
	fmt.Fprintf(out, "%d of %d planted bugs were found\n", found, len(chosen))
	if found < len(chosen) {
		return errMissed
	}
	return nil
}

// plant writes an overlay with which the compiler sees the bugs in place of the files of the tree.
func plant(folder string, bugs ...mistake) (overlay string, err error) {
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return "", err
	}
	texts := map[string]string{} // by file
	for _, m := range bugs {
		text, planted := texts[m.file]
		if !planted {
			read, err := os.ReadFile(m.file)
			if err != nil {
				return "", fmt.Errorf("%s: %w", m.says, err)
			}
			text = string(read)
		}
		if n := strings.Count(text, m.old); n != 1 {
			return "", fmt.Errorf("%s: %s has %d places like the one to break", m.says, m.file, n)
		}
		texts[m.file] = strings.Replace(text, m.old, m.new, 1)
	}
	replace := map[string]string{}
	for file, text := range texts {
		broken := filepath.Join(folder, strconv.Itoa(len(replace))+filepath.Base(file))
		if err := os.WriteFile(broken, []byte(text), 0o600); err != nil {
			return "", err
		}
		absolute, err := filepath.Abs(file)
		if err != nil {
			return "", err
		}
		replace[absolute] = broken
	}
	written, err := json.Marshal(map[string]map[string]string{"Replace": replace})
	if err != nil {
		return "", err
	}
	overlay = filepath.Join(folder, "overlay.json")
	return overlay, os.WriteFile(overlay, written, 0o600)
}

// buildAll shows that the compiler finds none of the mistakes: it builds the services with all of them at once.
func buildAll(ctx context.Context, folder string) error {
	overlay, err := plant(folder, mistakes...)
	if err != nil {
		return err
	}
	text, err := exec.CommandContext(ctx, "go", "build", "-pgo=off", "-overlay", overlay, "./cmd/...").CombinedOutput()
	if err != nil {
		return fmt.Errorf("the planted bugs do not compile: %w\n%s", err, text)
	}
	return nil
}

var failed = regexp.MustCompile(`(?m)^ *--- FAIL: (\S+)`)

// search runs the generated tests of a service and gives the innermost one that fails, "" for none.
func search(ctx context.Context, service string, flags ...string) (by string, err error) {
	ctx, cancel := context.WithTimeout(ctx, 10*time.Minute)
	defer cancel()
	arguments := slices.Concat(
		[]string{"test", "-run", "^TestContract$/^(WhatTheDocument|SequencesHoldTogether)"}, flags,
		[]string{"./impl/" + service, "-rapid.nofailfile", "-rapid.shrinktime=1s"})
	text, err := exec.CommandContext(ctx, "go", arguments...).CombinedOutput()
	if err == nil {
		return "", nil
	}
	all := failed.FindAllStringSubmatch(string(text), -1)
	if len(all) == 0 {
		return "", fmt.Errorf("the tests of %s cannot run: %w\n%s", service, err, text)
	}
	return all[len(all)-1][1], nil
}
