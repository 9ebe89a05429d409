package contracttest

import (
	"fmt"
	"reflect"

	"github.com/stretchr/testify/require"
)

// Body returns the parsed body of a generated client's answer, one of the fields that are set by status, as in
//
//	order := contracttest.Body(t, answer, answer.JSON201)
//
// An answer with another status ends the test and prints the status and the body, usually a problem.
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
