// Command users is the users service for production.
package main

import (
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/users"
)

func main() { program.Main(users.Program().Run) }
