package telemetry

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"
)

// appendText renders a finished JSON line for a person, so that masking applies to either format:
//
//	2006-01-02T15:04:05.000Z INFO message key=value group.key="two words"
func appendText(b, line []byte) []byte {
	return append(appendMembers(b, "", line), '\n')
}

func appendMembers(b []byte, prefix string, object []byte) []byte {
	dec := json.NewDecoder(bytes.NewReader(object))
	if _, err := dec.Token(); err != nil {
		return b
	}
	for dec.More() {
		token, err := dec.Token()
		key, isKey := token.(string)
		var value json.RawMessage
		if err != nil || !isKey || dec.Decode(&value) != nil {
			return b
		}
		name := prefix + key
		if value[0] == '{' {
			b = appendMembers(b, name+".", value)
			continue
		}
		if len(b) > 0 {
			b = append(b, ' ')
		}
		bare := name == "time" || name == "level" || name == "msg"
		if !bare {
			b = append(append(b, name...), '=')
		}
		b = appendPlain(b, value, bare)
	}
	return b
}

// appendPlain appends a JSON value. A string has no quotes if it is one word, or, if spaces are allowed, one line.
func appendPlain(b []byte, value json.RawMessage, spaces bool) []byte {
	var s string
	if value[0] != '"' || json.Unmarshal(value, &s) != nil {
		return append(b, value...)
	}
	quoted := strconv.Quote(s)
	if quoted != `"`+s+`"` || s == "" || (!spaces && strings.ContainsAny(s, " =")) {
		return append(b, quoted...)
	}
	return append(b, s...)
}
