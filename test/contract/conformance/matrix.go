package main

import (
	"bytes"
	_ "embed"
	"html/template"
	"maps"
	"slices"

	"example.com/plumbline/impl/platform/contracttest"
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

	Kind string // none, seen, missing, wrong, or other: not documented by its number
}

// draw shows, for each operation and status, how often it was answered.
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
	i := slices.IndexFunc(op.Answers, func(a contracttest.Answers) bool { return a.Status == status })
	if i < 0 {
		return cell{Kind: "none"}
	}
	a := op.Answers[i]
	switch {
	case a.Mismatches > 0:
		return cell{a, "wrong"}
	case !a.Documented:
		return cell{a, "other"}
	case a.Times == 0:
		return cell{a, "missing"}
	default:
		return cell{a, "seen"}
	}
}
