package contracttest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// call is a request with what a person needs to send it again.
type call struct {
	Request
	by    Caller
	roles []string // any of which permits the call; empty: any caller, or nobody
	// names are the values of the path's parameters.
	names map[string]string
	// makes is the variable for the last part of the answer's Location, the id of a new thing; "" is none.
	makes, made string
}

// script writes calls as shell commands: $URL is the address of a service and $TOKEN an access token. Ids in paths are
// variables.
func script(calls ...call) string {
	var b strings.Builder
	fmt.Fprintln(&b, "URL=http://127.0.0.1:8080")
	values, token := map[string]string{}, ""
	for _, c := range calls {
		for _, name := range slices.Sorted(maps.Keys(c.names)) {
			if value := c.names[name]; strings.Contains(c.Target, value) && values[value] == "" {
				values[value] = name
				fmt.Fprintf(&b, "%s=%s\n", name, value)
			}
		}
		if c.by != nil && token != c.by.AccessToken() {
			token = c.by.AccessToken()
			who := "of anybody"
			if len(c.roles) > 0 {
				who = "of somebody with the roles " + strings.Join(c.roles, ", ")
			}
			fmt.Fprintln(&b, "TOKEN= # the access token", who)
		}
		line := c.curl(values)
		if token != "" {
			line = strings.ReplaceAll(line, token, `'"$TOKEN"'`)
		}
		if c.makes != "" {
			line = c.makes + "=$(" + strings.Replace(line, " -i", "", 1) +
				` -o /dev/stderr -D - | tr -d '\r' | sed -n 's|^[Ll]ocation: .*/||p')`
			values[c.made] = c.makes
		}
		fmt.Fprintln(&b, line)
	}
	return b.String()
}

// curl writes a request as a command that sends the same bytes.
func (r Request) curl(variables map[string]string) string {
	quote := func(text string) string {
		text = "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
		for _, value := range slices.Sorted(maps.Keys(variables)) {
			text = strings.ReplaceAll(text, value, `'"$`+variables[value]+`"'`)
		}
		return text
	}
	words := []string{"curl", "-sg", "-i", "--path-as-is", "-X", r.Method, `"$URL"` + quote(r.Target)}
	for _, line := range r.Header {
		if name, value, _ := strings.Cut(line, ":"); strings.TrimSpace(value) == "" {
			line = name + ";" // curl sends a field without a value for this
		}
		words = append(words, "-H", quote(line))
	}
	if r.Chunked {
		words = append(words, "-H", "'Transfer-Encoding: chunked'")
	}
	if r.Body != "" {
		if r.field("Content-Type") == "" {
			words = append(words, "-H", "Content-Type:") // otherwise curl declares a form
		}
		words = append(words, "--data-binary", quote(r.Body))
	}
	return strings.Join(words, " ")
}
