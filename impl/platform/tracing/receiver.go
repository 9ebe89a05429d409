package tracing

import (
	"errors"
	"fmt"
	"net/url"
	"os"
	"strconv"
	"strings"

	"golang.org/x/net/http/httpguts"

	"example.com/plumbline/impl/platform/clienttls"
)

// The exporter leaves out a variable that it does not understand, and goes on: without a password, or with the system's
// authorities. So the variables are checked here. Each has a form for traces alone.
var forms = []string{"OTEL_EXPORTER_OTLP_", "OTEL_EXPORTER_OTLP_TRACES_"}

// variable reads a variable as the exporter does; one without content is none.
func variable(name string) string { return strings.TrimSpace(os.Getenv(name)) }

// checkReceiver refuses variables that the exporter would leave out. No error shows what is in one that may hold a
// secret.
func checkReceiver() error {
	var errs []error
	refuse := func(when bool, format string, args ...any) {
		if when {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	for _, form := range forms {
		refuse(!areHeaders(variable(form+"HEADERS")), "%sHEADERS is no list such as "+
			"authorization=Bearer%%20secret,other=value: percent-encode special characters (a space is %%20, a comma is %%2C)",
			form)
		timeout := variable(form + "TIMEOUT")
		_, err := strconv.ParseUint(timeout, 10, 31)
		refuse(timeout != "" && err != nil, "%sTIMEOUT is no number of milliseconds", form)
		switch compression := variable(form + "COMPRESSION"); compression {
		case "", "gzip", "none":
		default:
			refuse(true, "%sCOMPRESSION is %q: write gzip or none", form, compression)
		}
		cert, key := form+"CLIENT_CERTIFICATE", form+"CLIENT_KEY"
		refuse((variable(cert) == "") != (variable(key) == ""), "%s and %s are set together or not at all", cert, key)
	}
	return errors.Join(errs...)
}

// areHeaders tells whether the exporter understands every header of a list.
func areHeaders(list string) bool {
	if list == "" {
		return true
	}
	for header := range strings.SplitSeq(list, ",") {
		name, value, found := strings.Cut(header, "=")
		value, err := url.PathUnescape(value)
		if !found || err != nil || !httpguts.ValidHeaderFieldName(strings.TrimSpace(name)) ||
			!httpguts.ValidHeaderFieldValue(strings.TrimSpace(value)) {
			return false
		}
	}
	return true
}

// UnusableFile says of a variable that the files that it names cannot be used.
type UnusableFile struct{ Variable, Why string }

// CheckFiles reads the files that the variables name, and returns those that cannot be used. It shows no path.
func (e *Environment) CheckFiles() (unusable []UnusableFile) {
	if !e.On {
		return nil
	}
	for _, form := range forms {
		authority, cert, key := form+"CERTIFICATE", form+"CLIENT_CERTIFICATE", form+"CLIENT_KEY"
		files := clienttls.Files{CA: variable(authority), Cert: variable(cert), Key: variable(key)}
		if _, err := files.Roots(); err != nil {
			unusable = append(unusable, UnusableFile{authority, "it names no file with certificates in PEM that can be read"})
		}
		if _, err := files.Certificate(); err != nil {
			unusable = append(unusable, UnusableFile{cert, "it and " + key +
				" name no files with a certificate in PEM and its key that can be read"})
		}
	}
	return unusable
}
