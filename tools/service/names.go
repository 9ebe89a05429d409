package main

import (
	"errors"
	"fmt"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

var (
	serviceName  = regexp.MustCompile(`^[a-z][a-z0-9]{1,19}$`)
	resourceName = regexp.MustCompile(`^[A-Z][a-z0-9]{1,19}$`)
	moduleName   = regexp.MustCompile(`(?m)^module (?:.*/)?(\S+)$`)
)

// taken are names that mean something else: folders beside the services', packages that a service imports, databases
// that PostgreSQL comes with, and what Go looks for in folders.
var taken = []string{
	"dev", "devkit", "platform", "testkit", "services", "ts", "released", "depot",
	"chi", "context", "contract", "contracttest", "convert", "errors", "fault", "fmt", "http", "httpapi", "io", "openapi",
	"os", "paging", "pgx", "program", "queries", "require", "resource", "resourcetest", "testing", "time", "uuid",
	"postgres", "public", "internal", "main", "test", "testdata", "vendor",
}

// takenResources are the schemas and answers that every document has beside those of its resources, tables of the
// platform, words of PostgreSQL, and files that every service has.
var takenResources = []string{
	"Client", "Cursor", "Limit", "Problem", "Role", "Violation", "Version", "Widget",
	"Forbidden", "Invalid", "Malformed", "Unauthenticated", "Unavailable",
	"Account", "Overlap", "Reference",
	"Convert", "Doc", "Id", "New", "Error", "Run", "Seed", "Service", "Setting", "Settings", "Errors",
}

// newNames gives the names of a service in the repository at root that does not exist yet.
func newNames(root, service, resource string) (names, error) {
	goMod, err := os.ReadFile(filepath.Join(root, "go.mod"))
	if err != nil {
		return names{}, err
	}
	product := string(moduleName.FindSubmatch(goMod)[1])
	documents, err := filepath.Glob(filepath.Join(root, "openapi", "*.yaml"))
	if err != nil {
		return names{}, err
	}
	switch {
	case service == "":
		return names{}, errors.New("NAME is missing: say what the service is called, as in make service NAME=reviews")
	case !serviceName.MatchString(service):
		return names{}, fmt.Errorf("NAME=%s: take 2 to 20 lower-case letters and digits, a letter first", service)
	case token.IsKeyword(service) || types.Universe.Lookup(service) != nil:
		return names{}, fmt.Errorf("NAME=%s is a word of Go, and no package can be called so", service)
	case service == product || slices.Contains(taken, service):
		return names{}, fmt.Errorf("NAME=%s is taken by something else in this repository: choose another", service)
	case slices.Contains(documents, filepath.Join(root, "openapi", service+".yaml")):
		return names{}, fmt.Errorf("there is a service %s already, described in openapi/%s.yaml", service, service)
	}
	if _, err := os.Lstat(filepath.Join(root, "impl", "platform", service)); err == nil {
		return names{}, fmt.Errorf("NAME=%s is a package of impl/platform: choose another", service)
	}
	n := names{service: service, place: len(documents)}
	one := singular(service)
	switch {
	case resource == "" && one == "":
		return names{}, fmt.Errorf("NAME=%s has no known singular: say what it keeps, as in RESOURCE=Item", service)
	case resource == "":
		n.thing, n.things = one, service
	case !resourceName.MatchString(resource):
		return names{}, fmt.Errorf("RESOURCE=%s is no name for what a service keeps: take one capitalised word", resource)
	default:
		n.thing = strings.ToLower(resource)
		n.things = plural(n.thing)
	}
	isTaken := func(word string) bool { return slices.Contains(takenResources, capital(word)) }
	if n.thing == n.things || token.IsKeyword(n.thing) ||
		isTaken(n.thing) || isTaken(n.things) {
		return names{}, fmt.Errorf("a resource cannot be called %s here: choose another RESOURCE", capital(n.thing))
	}
	return n, n.unlike(documents)
}

// unlike refuses a resource whose operations have the paths or the names of another service's.
func (n names) unlike(documents []string) error {
	path := regexp.MustCompile(`(?m)^  /api/v[0-9]+/` + n.things + `(/|:)`)
	noun := capital(n.thing) + "|" + capital(n.things)
	operation := regexp.MustCompile(`(?m)\boperationId: (list|create|get|update|delete)(` + noun + `)$`)
	for _, document := range documents {
		text, err := os.ReadFile(document)
		if err != nil {
			return err
		}
		if path.Match(text) || operation.Match(text) {
			place := "openapi/" + filepath.Base(document)
			return fmt.Errorf("%s has operations on %s already: choose another RESOURCE", place, n.things)
		}
	}
	return nil
}

// uncertain are plurals whose singular their ending does not tell: the rule below and sqlc's would differ.
var uncertain = regexp.MustCompile(
	`([ui]ses|ases|oes|ves|[aeiou]ches)$|^(movies|series|cookies|species|news|ids)$`)

// singular gives the singular of a plural, or "" where its ending does not tell.
func singular(word string) string {
	if uncertain.MatchString(word) {
		return ""
	}
	for _, rule := range []struct{ ending, instead string }{
		{"ies", "y"}, {"ches", "ch"}, {"shes", "sh"}, {"sses", "ss"}, {"xes", "x"},
		{"ss", ""}, {"us", ""}, {"is", ""}, {"s", ""},
	} {
		stem, ends := strings.CutSuffix(word, rule.ending)
		switch {
		case !ends:
		case stem == "" || rule.instead == "" && rule.ending != "s":
			return "" // A singular itself, as in bus.
		default:
			return stem + rule.instead
		}
	}
	return ""
}

// plural gives the plural of a singular.
func plural(word string) string {
	stem, consonantY := strings.CutSuffix(word, "y")
	switch {
	case consonantY && !strings.ContainsAny(stem[len(stem)-1:], "aeiou"):
		return stem + "ies"
	case regexp.MustCompile(`(s|x|z|ch|sh)$`).MatchString(word):
		return word + "es"
	default:
		return word + "s"
	}
}
