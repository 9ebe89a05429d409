// Package conformance adds up what the tests of the services have exercised of their documents, and draws it as a
// matrix of operations and statuses and as a badge.
package conformance

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"example.com/plumbline/impl/testkit/contracttest"
)

// leastGenerated is how many requests the tests must have made at random from the documents.
const leastGenerated = 5000

var errTooLittle = fmt.Errorf("all operations, %d %% of the statuses and of the codes, and no mismatch are needed",
	contracttest.Least)

var errTooFew = fmt.Errorf("%d generated requests are needed", leastGenerated)

var errNothing = errors.New("no tests of a service have left their figures")

// The files that Report writes beside the figures.
const (
	MatrixFile = "matrix.html"
	BadgeFile  = "conformance.svg"
)

// Report adds up the figures that tests have left in a folder, writes what each service lacks, and writes MatrixFile
// and BadgeFile beside them. It fails when too little of the documents is exercised.
func Report(folder string, out io.Writer) (contracttest.Totals, error) {
	services, err := read(folder)
	if err != nil {
		return contracttest.Totals{}, err
	}
	total := contracttest.Total(services...)
	for _, one := range services {
		if t := contracttest.Total(one); len(t.Missing) > 0 || t.Mismatches > 0 {
			t.Print(out, one.Service)
		}
	}
	for name, picture := range map[string][]byte{MatrixFile: draw(services), BadgeFile: totalBadge(total)} {
		if err := os.WriteFile(filepath.Join(folder, name), picture, 0o600); err != nil {
			return total, err
		}
	}
	switch {
	case !total.Enough():
		return total, errTooLittle
	case total.Generated < leastGenerated:
		return total, errTooFew
	}
	return total, nil
}

// read gives the figures of each service, those of several runs of its tests together, in the order of their names.
func read(folder string) ([]contracttest.Conformance, error) {
	files, err := filepath.Glob(filepath.Join(folder, "*.json"))
	if err != nil {
		return nil, err
	}
	if len(files) == 0 {
		return nil, errNothing
	}
	var services []contracttest.Conformance
	for _, file := range files { // Glob sorts.
		text, err := os.ReadFile(file)
		if err != nil {
			return nil, err
		}
		var one contracttest.Conformance
		if err := json.Unmarshal(text, &one); err != nil {
			return nil, fmt.Errorf("%s: %w", file, err)
		}
		if last := len(services) - 1; last >= 0 && services[last].Service == one.Service {
			services[last] = services[last].Add(one)
		} else {
			services = append(services, one)
		}
	}
	return services, nil
}
