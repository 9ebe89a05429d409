// Package queries holds the migrations of every service as file systems.
package queries

import (
	"embed"
	"fmt"
	"io/fs"
)

//go:embed */migrations/*.sql
var files embed.FS

// Migrations returns the migrations of a service's database, one file a version at its root. It panics when there are
// none: the name of a service is a constant.
func Migrations(service string) fs.FS {
	dir := service + "/migrations"
	if _, err := fs.Stat(files, dir); err != nil {
		panic(fmt.Sprintf("queries: there are no migrations of %q", service))
	}
	migrations, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // fs.Stat has taken the same path.
	}
	return migrations
}
