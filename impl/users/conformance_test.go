package users

import (
	"fmt"
	"io"
)

func printConformance(w io.Writer, operations, exercisedOperations, statuses, exercisedStatuses, mismatches int, missing []string) {
	fmt.Fprintf(w, "conformance of users: operations %d/%d, documented statuses %d/%d, mismatches %d\n",
		exercisedOperations, operations, exercisedStatuses, statuses, mismatches)
	for _, m := range missing {
		fmt.Fprintln(w, "  not exercised:", m)
	}
}
