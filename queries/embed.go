// Package queries holds the migrations of every service as file systems.
package queries

import (
	"embed"
	"io/fs"
)

//go:embed users/migrations/*.sql
var users embed.FS

//go:embed orders/migrations/*.sql
var orders embed.FS

// Users returns the migrations of the users database, one file a version at its root.
func Users() fs.FS { return sub(users, "users/migrations") }

// Orders returns the migrations of the orders database, one file a version at its root.
func Orders() fs.FS { return sub(orders, "orders/migrations") }

func sub(files embed.FS, dir string) fs.FS {
	fsys, err := fs.Sub(files, dir)
	if err != nil {
		panic(err) // dir is a constant that go:embed has checked.
	}
	return fsys
}
