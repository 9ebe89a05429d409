package users

import (
	"net/url"

	"github.com/microcosm-cc/bluemonday"
)

// newBiographyPolicy defines the markup that readers of a biography get: a few elements, and https links that pass on
// neither search rank nor a Referer. It is safe for concurrent use.
func newBiographyPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.AllowElements("p", "br", "b", "i", "em", "strong", "ul", "ol", "li")
	p.AllowAttrs("href").OnElements("a")
	p.RequireParseableURLs(true)
	p.AllowURLSchemeWithCustomPolicy("https", func(u *url.URL) bool { return u.Host != "" && u.User == nil })
	p.RequireNoFollowOnLinks(true)
	p.AddTargetBlankToFullyQualifiedLinks(true) // This also adds noopener.
	return p
}

// biography gives the sanitized form of a biography, which is stored as it was sent.
func (s *Service) biography(sent *string) *string {
	if sent == nil {
		return nil
	}
	harmless := s.biographies.Sanitize(*sent)
	return &harmless
}
