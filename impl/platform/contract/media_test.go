package contract

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestAcceptInAllItsForms(t *testing.T) {
	t.Parallel()
	const csv, stream, plain = "text/csv", "text/event-stream", "application/json"
	o := &Operation{offers: []string{plain, csv, stream}}
	for accept, want := range map[string]string{
		csv: csv, "TEXT/CSV": csv, " text/csv ": csv, "text/*": csv, "*/*": plain, "": plain,
		"text/event-stream, */*;q=0.1":            stream,
		"text/csv;q=0.5, text/event-stream;q=0.6": stream, "text/csv;q=0.5,text/event-stream;Q=0.6": stream,
		"text/csv ; q=0.9 , application/json ; q=0.1": csv,
		"text/csv;q=0, */*":                           plain, "application/json;q=0, */*": csv,
		"text/csv;charset=utf-8;q=0.9, application/json;q=0.1": csv, `text/csv;a="x,application/json;q=1";q=1`: csv,
		`application/json;a="\",";q=0.1, text/csv`: csv, ",, text/csv,": csv, "application/problem+json": plain,
		"application/problem+json, text/csv": csv, "image/png": plain,
		"text/csv;q=2": plain, "text/csv;q=NaN": plain, "text/csv;q=Inf, application/json;q=0.1": plain,
		"text/csv;q=": plain, "text/csv;q=-1": plain, "*": plain, "text/html, *; q=.2, */*; q=.2": plain,
		"text/csv;q=0.001": csv, "text/csv;q=1.000": csv,
	} {
		require.Equal(t, want, o.Represent(http.Header{"Accept": {accept}}), accept)
	}
	lines := http.Header{"Accept": {"text/csv;q=0.1", "text/event-stream"}}
	require.Equal(t, stream, o.Represent(lines), "in two lines")
}
