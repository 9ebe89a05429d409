package httpapi

import (
	"context"
	"strings"
)

// WantsFresh tells whether the caller is to be answered from the database and not from a cache: with an access token,
// valid or not, because only who has one changes anything, and with Cache-Control: no-cache (RFC 9111, section
// 5.2.1.4). So nobody is shown what was before a change of their own.
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
			if strings.EqualFold(strings.TrimSpace(directive), "no-cache") {
				return true
			}
		}
	}
	return false
}
