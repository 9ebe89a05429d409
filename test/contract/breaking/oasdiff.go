package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// finding is one entry of oasdiff's changelog.
type finding struct {
	ID             string `json:"id"`
	Text           string `json:"text"`
	Level          int    `json:"level"`
	Method         string `json:"operation"`
	Path           string `json:"path"`
	Section        string `json:"section"`
	BaseSource     source `json:"baseSource"`
	RevisionSource source `json:"revisionSource"`
}

type source struct {
	Line int `json:"line"`
}

// harmful are the findings that oasdiff merely mentions and that break callers of ours, with the reason.
var harmful = map[string]string{
	"api-operation-id-removed":                "the clients' methods are named after it",
	"response-optional-property-removed":      "callers read it",
	"optional-response-header-removed":        "callers read it",
	"response-property-enum-value-removed":    "callers decide on it, and a renamed code is a removed one",
	"response-mediatype-enum-value-removed":   "callers decide on it",
	"response-media-type-name-specialized":    "callers ask for the old name",
	"request-parameter-default-value-changed": "who leaves it out gets another answer",
	"request-parameter-default-value-removed": "who leaves it out gets another answer",
	"request-property-default-value-changed":  "who leaves it out asks for something else",
	"request-property-default-value-removed":  "who leaves it out asks for something else",
}

// harmless are the findings that oasdiff calls breaking and that break no caller of ours, with the reason.
var harmless = map[string]string{
	"response-property-enum-value-added":  "enums of answers are open",
	"response-mediatype-enum-value-added": "enums of answers are open",
}

// replaced are the findings about what this program judges itself: the contract writes x-sunset as an object, and the
// version counts only when the documents are released.
func replaced(id string) bool {
	for _, prefix := range []string{
		"api-path-removed-", "api-removed-", "api-path-sunset-", "api-deprecated-sunset-", "api-sunset-", "sunset-",
		"endpoint-deprecated", "endpoint-reactivated", "endpoint-added",
	} {
		if strings.HasPrefix(id, prefix) {
			return true
		}
	}
	return strings.HasSuffix(id, "-version-not-bumped") || id == "api-version-decreased"
}

// breaks says whether the finding breaks callers.
func (f finding) breaks() bool {
	_, isHarmful := harmful[f.ID]
	_, isHarmless := harmless[f.ID]
	const warning = 2
	return isHarmful || f.Level >= warning && !isHarmless
}

// oasdiff is the path of the program of that name, built when it has not been.
func oasdiff(ctx context.Context) (string, error) {
	module := filepath.Join("tools", "oasdiff", "go.mod")
	build := exec.CommandContext(ctx, "go", "tool", "-n", "-modfile="+module, "oasdiff")
	var said bytes.Buffer
	build.Stderr = &said
	path, err := build.Output()
	if err != nil {
		return "", fmt.Errorf("cannot build oasdiff: %w: %s", err, said.String())
	}
	return strings.TrimSpace(string(path)), nil
}

// findings are what oasdiff says of the step from one file to the other.
func findings(ctx context.Context, program, before, after string) ([]finding, error) {
	compare := exec.CommandContext(ctx, program,
		"changelog", "--format", "json", "--allow-external-refs=false", before, after)
	var said bytes.Buffer
	compare.Stderr = &said
	out, err := compare.Output()
	if err != nil {
		return nil, fmt.Errorf("oasdiff cannot compare %s with %s: %w: %s", after, before, err, said.String())
	}
	var found []finding
	if err := json.Unmarshal(out, &found); err != nil {
		return nil, fmt.Errorf("oasdiff answered something else than its findings: %w", err)
	}
	return found, nil
}
