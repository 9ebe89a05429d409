// Command hit hits a.place three times and says what came of it.
package main

import (
	"fmt"

	"example.com/plumbline/impl/platform/failpoint"
)

func main() {
	for range 3 {
		if err := failpoint.Hit("a.place"); err != nil {
			fmt.Print(err, " ")
		} else {
			fmt.Print("- ")
		}
	}
}
