package otlptest

import (
	"strconv"

	common "go.opentelemetry.io/proto/otlp/common/v1"
)

// text spells the value of an attribute.
func text(v *common.AnyValue) string {
	switch v.GetValue().(type) {
	case *common.AnyValue_IntValue:
		return strconv.FormatInt(v.GetIntValue(), 10)
	default:
		return v.GetStringValue()
	}
}
