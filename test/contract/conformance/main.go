// Command conformance adds up what the tests of the services have exercised of their documents, and draws it as a matrix
// of operations and statuses.
package main

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/plumbline/impl/platform/contracttest"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// leastGenerated is how many requests the tests must have made at random from the documents.
const leastGenerated = 5000

var errTooLittle = fmt.Errorf("all operations, %d %% of the statuses and of the codes, and no mismatch are needed", contracttest.Least)

var errTooFew = fmt.Errorf("%d generated requests are needed", leastGenerated)

// run reads FOLDER/SERVICE.json of each service that is named, and writes FOLDER/matrix.html.
func run(args []string, out io.Writer) error {
	flags := flag.NewFlagSet("conformance", flag.ContinueOnError)
	folder := flags.String("folder", "contract", "where the tests have left their figures")
	if err := flags.Parse(args); err != nil {
		return err
	}
	if flags.NArg() == 0 {
		return errors.New("name the services, as in: conformance users orders")
	}
	var services []contracttest.Conformance
	for _, name := range flags.Args() {
		one, err := read(filepath.Join(*folder, name+".json"))
		if err != nil {
			return err
		}
		contracttest.Total(one).Print(out, name)
		services = append(services, one)
	}
	total := contracttest.Total(services...)
	all := total
	all.Missing = nil // They have been named.
	all.Print(out, "all")
	file := filepath.Join(*folder, "matrix.html")
	if err := os.WriteFile(file, draw(services), 0o600); err != nil {
		return err
	}
	fmt.Fprintln(out, "the matrix is in", file)
	if !total.Enough() {
		return errTooLittle
	}
	if total.Generated < leastGenerated {
		return errTooFew
	}
	return nil
}

func read(file string) (one contracttest.Conformance, err error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return one, fmt.Errorf("%s is not there: not every test of the service has passed", file)
	}
	if err != nil {
		return one, err
	}
	if err := json.Unmarshal(text, &one); err != nil {
		return one, fmt.Errorf("%s: %w", file, err)
	}
	return one, nil
}
