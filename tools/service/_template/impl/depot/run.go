package depot

import (
	"context"
	"io"
	"net/http"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/queries"
)

// name is what the service is called everywhere.
const name = "depot"

// Program is the service as a program.
func Program() program.Program {
	return program.Program{
		Name:     name,
		About:    "depot keeps widgets.",
		Schema:   program.Schema{program.Migrations(queries.Migrations(name))},
		Commands: program.Commands(defaultServe(), serve),
	}
}

func serve(ctx context.Context, p program.Program, c serveSettings, out io.Writer) error {
	described, err := Described()
	if err != nil {
		return err
	}
	build := func(process *program.Process, parts *resource.Parts) (http.Handler, error) {
		return New(parts).Handler(process.Chain)
	}
	return resource.Serve(ctx, p, &c, described.Document, out, build)
}
