package events

import (
	"embed"

	"example.com/plumbline/impl/platform/postgres"
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the outbox and the inbox.
var Tables = postgres.NewTables("events", schema)
