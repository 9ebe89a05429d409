// Service writes a new service: its document with one resource, its database, its code and its tests. make service
// calls it in the root of the repository.
//
//	service -name reviews [-resource Review]
//
// It writes nothing where something stands already, or where the name cannot be that of a service.
package main

import (
	"errors"
	"flag"
	"fmt"
	"go/format"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
)

// template holds the files of a service that is called depot and keeps widgets, each where it belongs.
const template = "tools/service/_template"

func main() {
	if err := run(".", os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// run writes the service that the arguments ask for into the repository at root.
func run(root string, args []string, out io.Writer) error {
	flags := flag.NewFlagSet("service", flag.ContinueOnError)
	name := flags.String("name", "", "what the service is called, as in reviews")
	resource := flags.String("resource", "", "one of what it keeps, as in Review; otherwise the singular of its name")
	if err := flags.Parse(args); err != nil {
		return err
	}
	n, err := newNames(root, *name, *resource)
	if err != nil {
		return err
	}
	files, err := n.render(root)
	if err != nil {
		return err
	}
	if err := write(root, files); err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, next, n.service, len(files), n.things)
	return err
}

const next = `The service %[1]s is written, in %[2]d files. What to do next:

  make gen           makes its interface, its client and its queries; git add them with the rest
  make run           serves it beside the others: /api/v1/%[3]s, and in /docs
  go test ./impl/%[1]s

Then make it yours, beginning with openapi/%[1]s.yaml: the document first, the code follows.
`

// render gives the files of the service by their paths.
func (n names) render(root string) (map[string][]byte, error) {
	files := map[string][]byte{}
	source := os.DirFS(filepath.Join(root, template))
	err := fs.WalkDir(source, ".", func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		text, err := fs.ReadFile(source, path)
		if err != nil {
			return err
		}
		path, content := n.apply(path), []byte(n.apply(string(text)))
		if filepath.Ext(path) == ".go" {
			if content, err = format.Source(content); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		if _, twice := files[path]; twice {
			return fmt.Errorf("%s would be two files: choose another RESOURCE", path)
		}
		files[path] = content
		return nil
	})
	return files, err
}

// write makes all files, or none where one is there.
func write(root string, files map[string][]byte) error {
	for path := range files {
		if _, err := os.Lstat(filepath.Join(root, path)); !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("%s is there already, and nothing has been written", path)
		}
	}
	for path, content := range files {
		path = filepath.Join(root, path)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil { //nolint:gosec // as git makes folders
			return err
		}
		if err := os.WriteFile(path, content, 0o644); err != nil { //nolint:gosec // as git makes files
			return err
		}
	}
	return nil
}

// names are what the placeholders of the template stand for.
type names struct {
	service       string // depot
	thing, things string // widget, widgets
	place         int    // of the service among all, which its ports of 127.0.0.1 show
}

var article = regexp.MustCompile(`\b([Aa]) widget\b`)

// apply puts the names in the place of the placeholders.
func (n names) apply(text string) string {
	if strings.ContainsAny(n.thing[:1], "aeio") {
		text = article.ReplaceAllString(text, "${1}n widget")
	}
	return strings.NewReplacer(
		"widgets", n.things, "Widgets", capital(n.things), "widget", n.thing, "Widget", capital(n.thing), "depot", n.service,
		"127.0.0.1:8080", "127.0.0.1:"+strconv.Itoa(8080+n.place), "127.0.0.1:9090", "127.0.0.1:"+strconv.Itoa(9090+n.place),
	).Replace(text)
}

func capital(word string) string { return strings.ToUpper(word[:1]) + word[1:] }
