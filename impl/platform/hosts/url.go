package hosts

import (
	"errors"
	"net/url"
)

// errNotHTTP is what is wrong with an address that CheckHTTP refuses.
var errNotHTTP = errors.New("is no http or https address without user, query and fragment")

// CheckHTTP refuses a text that is not the address of a server, as in https://shop.example.com/base. The error is the
// rest of a sentence that begins with the name of the setting.
func CheckHTTP(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" ||
		u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return errNotHTTP
	}
	return nil
}
