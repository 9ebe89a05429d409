// Command depot is the depot service for production.
package main

import (
	"example.com/plumbline/impl/depot"
	"example.com/plumbline/impl/platform/program"
)

func main() { program.Main(depot.Program().Run) }
