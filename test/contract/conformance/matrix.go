package conformance

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"

	"example.com/plumbline/impl/testkit/contracttest"
)

//go:embed matrix.html
var page string

var pageTemplate = template.Must(template.New("matrix").Parse(page))

// matrix is one service's table.
type matrix struct {
	Service  string
	Total    contracttest.Totals
	Statuses []int
	Rows     []row
}

type row struct {
	contracttest.Exercised

	Cells []cell
}

// cell is what became of a status of an operation.
type cell struct {
	contracttest.Answers

	Kind  string // none, seen, missing, wrong, or other: not documented by its number
	Codes []contracttest.Told
}

// draw shows, for each operation and status, how often it was answered, and how often with each code.
func draw(services []contracttest.Conformance) []byte {
	matrices := make([]matrix, len(services))
	for i, service := range services {
		matrices[i] = matrixOf(service)
	}
	var out bytes.Buffer
	if err := pageTemplate.Execute(&out, struct {
		Total    contracttest.Totals
		Matrices []matrix
	}{contracttest.Total(services...), matrices}); err != nil {
		panic(err) // The template and the data are this package's own.
	}
	return out.Bytes()
}

func matrixOf(service contracttest.Conformance) matrix {
	columns := map[int]bool{}
	for _, op := range service.Operations {
		for _, a := range op.Answers {
			columns[a.Status] = true
		}
		for _, p := range op.Problems {
			columns[p.Status] = true
		}
	}
	m := matrix{Service: service.Service, Total: contracttest.Total(service), Statuses: slices.Sorted(maps.Keys(columns))}
	for _, op := range service.Operations {
		r := row{Exercised: op}
		for _, status := range m.Statuses {
			r.Cells = append(r.Cells, cellOf(op, status))
		}
		m.Rows = append(m.Rows, r)
	}
	return m
}

func cellOf(op contracttest.Exercised, status int) cell {
	var c cell
	for _, p := range op.Problems {
		if p.Status == status {
			c.Codes = append(c.Codes, p)
		}
	}
	i := slices.IndexFunc(op.Answers, func(a contracttest.Answers) bool { return a.Status == status })
	if i >= 0 {
		c.Answers = op.Answers[i]
	}
	switch {
	case c.Mismatches > 0:
		c.Kind = "wrong"
	case c.Times > 0 && !c.Documented:
		c.Kind = "other"
	case c.Times > 0:
		c.Kind = "seen"
	case c.Documented || len(c.Codes) > 0:
		c.Kind = "missing"
	default:
		c.Kind = "none"
	}
	return c
}
