package depot

import (
	"context"
	"io"

	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/resource"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/queries"
)

// Program is the service as a program.
func Program() program.Program {
	return program.Program{
		Name:     serviceName,
		About:    "depot keeps widgets.",
		Schema:   resource.Schema(queries.Migrations(serviceName)),
		Commands: program.Commands(defaultServe(), serve),
	}
}

func serve(ctx context.Context, p program.Program, live *settings.Live[serveSettings], out io.Writer) error {
	build := func(_ *program.Process, r resource.Config) (resource.Server, error) { return New(r) }
	return resource.Serve(ctx, p, live, Described, out, build)
}
