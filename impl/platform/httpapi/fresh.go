package httpapi

import (
	"context"
	"strings"
)

// WantsFresh tells whether the caller is to be answered from the database and not from a cache: with an access token,
// valid or not, because only who has one changes anything, and with Cache-Control: no-cache or max-age=0 (RFC 9111,
// sections 5.2.1.4 and 5.2.1.1), which browsers send for fetch's cache: "reload" and "no-cache" and when a page is
// loaded again. So nobody is shown what was before a change of their own.
func WantsFresh(ctx context.Context) bool {
	x := exchangeFrom(ctx)
	if x == nil {
		return true
	}
	header := x.http.Header
	if len(header["Authorization"]) > 0 {
		return true
	}
	for _, line := range header["Cache-Control"] {
		for directive := range strings.SplitSeq(line, ",") {
			switch strings.ToLower(strings.TrimSpace(directive)) {
			case "no-cache", "max-age=0":
				return true
			}
		}
	}
	return false
}
