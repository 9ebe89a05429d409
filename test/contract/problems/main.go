// Command problems prints as JSON which problems each operation of some documents can end with: those that it names and
// those that follow from the rest of it.
package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"

	"example.com/plumbline/impl/platform/contract"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// problem is one as it is printed.
type problem struct {
	Status int    `json:"status"`
	Code   string `json:"code"`
}

// run prints the problems by the document's name and the operationId.
func run(files []string, out io.Writer) error {
	all := map[string]map[string][]problem{}
	for _, file := range files {
		spec, err := openapi3.NewLoader().LoadFromFile(file)
		if err != nil {
			return fmt.Errorf("%s: %w", file, err)
		}
		document, err := contract.Load(strings.TrimSuffix(filepath.Base(file), filepath.Ext(file)), spec)
		if err != nil {
			return err
		}
		operations := map[string][]problem{}
		for _, op := range document.Operations {
			for _, p := range op.Problems {
				operations[op.ID] = append(operations[op.ID], problem(p))
			}
		}
		all[document.Name] = operations
	}
	encoder := json.NewEncoder(out)
	encoder.SetIndent("", "  ")
	return encoder.Encode(all)
}
