package contracttest

import (
	"fmt"
	"reflect"

	"github.com/stretchr/testify/require"
)

// Body gives a body of an answer of a generated client, one of the fields that are set by the status, as in
//
//	order := contracttest.Body(t, answer, answer.JSON201)
//
// An answer with another status ends the test with its status and what it says, which is a problem as a rule.
func Body[T any](t require.TestingT, answer interface{ StatusCode() int }, body *T) *T {
	if h, ok := t.(interface{ Helper() }); ok {
		h.Helper()
	}
	if body == nil {
		said := reflect.Indirect(reflect.ValueOf(answer)).FieldByName("Body") // Every generated answer has it.
		require.FailNow(t, fmt.Sprintf("%T is answered with another status", answer), "%d: %s", answer.StatusCode(),
			said.Bytes())
	}
	return body
}
