package contract

import (
	"fmt"
	"mime"
	"net/http"
	"slices"
	"strings"

	"example.com/plumbline/impl/platform/fault"
)

// MediaTypeOf gives the media type in Content-Type, in lower case and without parameters.
func MediaTypeOf(h http.Header) string {
	mediaType, _, _ := strings.Cut(h.Get("Content-Type"), ";")
	return strings.ToLower(strings.TrimSpace(mediaType))
}

// IsJSON tells whether values of a media type are JSON (RFC 8259; RFC 6839, section 3.1).
func IsJSON(mediaType string) bool {
	return mediaType == "application/json" || strings.HasSuffix(mediaType, "+json")
}

// Represent chooses the media type of an operation's success: among those that the document lists, the one with the
// highest quality in Accept, and among equals the one that Accept names most precisely (RFC 9110, section 12.5.1). What
// is still equal goes to JSON, then to the first by name. That is also the answer where there is no Accept header or
// where it admits none of them. An operation whose success has no content gives "".
func (o *Operation) Represent(h http.Header) string {
	accept := h["Accept"]
	if len(o.offers) == 0 {
		return ""
	}
	best, bestQuality, bestPrecision := o.offers[0], 0.0, 0
	if len(accept) == 0 || len(o.offers) == 1 {
		return best
	}
	ranges := listed(accept)
	for _, offer := range o.offers {
		quality, precision := wanted(ranges, offer)
		if quality > bestQuality || quality == bestQuality && quality > 0 && precision > bestPrecision {
			best, bestQuality, bestPrecision = offer, quality, precision
		}
	}
	return best
}

// wanted gives the quality that the most precise matching media range assigns to a media type, from 0 to 1, and how
// precise that range is: 0 for none, 1 for */*, 2 for type/*, 3 for the type itself.
func wanted(ranges []string, mediaType string) (quality float64, precision int) {
	major, _, _ := strings.Cut(mediaType, "/")
	forms := []string{"*/*", major + "/*", mediaType}
	for _, one := range ranges {
		name, weight := weighed(one)
		if at := slices.Index(forms, name) + 1; at > 0 && at >= precision {
			precision, quality = at, weight
		}
	}
	return quality, precision
}

// Streams tells whether an answer of a media type is a stream: one that the document lists and that is not JSON.
func (o *Operation) Streams(mediaType string) bool { return o.streams[mediaType] }

// CheckMediaType refuses a body that is not of the operation's media type, not in UTF-8 or that has a content encoding.
// The error is ErrMediaType with what is taken.
func (o *Operation) CheckMediaType(h http.Header) error {
	ambiguous := len(h["Content-Type"]) > 1 || isEncoded(h["Content-Encoding"])
	if !ambiguous && h.Get("Content-Type") == o.takesType { // As almost everybody writes it.
		return nil
	}
	mediaType, params, err := mime.ParseMediaType(withoutGaps(h.Get("Content-Type")))
	charset := params["charset"]
	if err != nil || ambiguous || mediaType != o.takesType || charset != "" && !strings.EqualFold(charset, "utf-8") {
		return Detailed(ErrMediaType, "The body must be "+o.takesType+" in UTF-8, without a content encoding.")
	}
	return nil
}

// TooLarge is ErrBodyTooLarge with the size that the operation takes.
func (o *Operation) TooLarge() *fault.Error {
	return Detailed(ErrBodyTooLarge,
		fmt.Sprintf("The body is larger than this operation takes, which is %d bytes.", o.MaxBody))
}

// withoutGaps leaves out empty parameters, which RFC 9110, section 5.6.6, allows and package mime refuses.
func withoutGaps(value string) string {
	parts := separated(value, ';')
	isEmpty := func(part string) bool { return part == "" }
	return strings.Join(append(parts[:1], slices.DeleteFunc(parts[1:], isEmpty)...), ";")
}

// isEncoded tells whether Content-Encoding names any coding other than identity.
func isEncoded(encodings []string) bool {
	for _, coding := range listed(encodings) {
		if !strings.EqualFold(coding, "identity") {
			return true
		}
	}
	return false
}
