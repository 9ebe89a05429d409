package users

import (
	"net/url"

	"github.com/microcosm-cc/bluemonday"
)

// newBiographyPolicy makes what is left of a biography for who reads it: a little markup, and links to other sites,
// which get to know neither a search engine's trust nor the page that they were on. It is safe for concurrent use.
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

// biography gives what its readers get of a biography that is kept as it was sent.
func (s *Service) biography(sent *string) *string {
	if sent == nil {
		return nil
	}
	harmless := s.biographies.Sanitize(*sent)
	return &harmless
}
