// Command orders is the orders service for production.
package main

import (
	"example.com/plumbline/impl/orders"
	"example.com/plumbline/impl/platform/program"
)

func main() { program.Main(orders.Program().Run) }
