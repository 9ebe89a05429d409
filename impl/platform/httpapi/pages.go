package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5emb"
)

//go:embed docs/index.html
var docsPage []byte

//go:embed docs/page.css
var pageStyle []byte

// pagePolicy lets the documentation's pages load only what this service serves. Swagger UI draws with style
// attributes and inlined images.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Served is a document as it is given to readers.
type Served struct {
	Name string
	YAML []byte // as it was written
	JSON []byte
}

// Pages registers the documents at /openapi/NAME.yaml and /openapi/NAME.json, and Swagger UI, which shows them.
func Pages(documents ...Served) func(chi.Router) {
	names := make([]string, len(documents))
	for i, d := range documents {
		names[i] = d.Name
	}
	return func(r chi.Router) {
		for _, d := range documents {
			Readable(r, "/openapi/"+d.Name+".yaml", Page("application/yaml", d.YAML))
			Readable(r, "/openapi/"+d.Name+".json", Page("application/json", d.JSON))
		}
		SwaggerUI(names)(r)
	}
}

// SwaggerUI registers Swagger UI at /docs, with further scripts that this service serves. It shows the documents
// /openapi/NAME.json and needs nothing from elsewhere.
func SwaggerUI(names []string, scripts ...string) func(chi.Router) {
	type link struct {
		URL  string `json:"url"`
		Name string `json:"name"`
	}
	links := []link{}
	for _, name := range names {
		links = append(links, link{"/openapi/" + name + ".json", name})
	}
	list, err := json.Marshal(links)
	if err != nil {
		panic(err) // Two texts are always JSON.
	}
	start := fmt.Appendf(nil, `window.ui = SwaggerUIBundle({
  urls: %s,
  dom_id: '#swagger-ui',
  deepLinking: true,
  displayRequestDuration: true,
  persistAuthorization: true,
  defaultModelsExpandDepth: 0,
  validatorUrl: null,
  presets: [SwaggerUIBundle.presets.apis, SwaggerUIStandalonePreset],
  layout: 'StandaloneLayout',
});
`, list)
	page := docsPage
	for _, script := range scripts {
		page = bytes.Replace(page, []byte("</body>"), []byte(`  <script src="`+script+`"></script>`+"\n</body>"), 1)
	}
	return func(r chi.Router) {
		Readable(r, "/", http.RedirectHandler("/docs", http.StatusFound))
		Readable(r, "/docs", Page("text/html; charset=utf-8", page))
		Readable(r, "/docs/page.css", Page("text/css; charset=utf-8", pageStyle))
		Readable(r, "/docs/start.js", Page("text/javascript; charset=utf-8", start))
		Readable(r, "/docs/*", Paged(packedIfWanted(v5emb.New("", "", "/docs"))))
	}
}

// packedIfWanted stands before files that are kept in gzip, whose handler sends them so to whoever names it, be it with the weight 0.
func packedIfWanted(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		if accepts(r.Header["Accept-Encoding"], "gzip") {
			r.Header.Set("Accept-Encoding", "gzip")
		} else {
			r.Header.Del("Accept-Encoding")
		}
		files.ServeHTTP(w, r)
	})
}

// Readable registers a page that can be read: by GET, and by HEAD what is told of it.
func Readable(r chi.Router, path string, page http.Handler) {
	r.Method(http.MethodGet, path, page)
	r.Method(http.MethodHead, path, page)
}

// Page serves a page, or a part of one, that does not change. Like all pages it may load only what this service serves.
func Page(contentType string, body []byte) http.Handler {
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	return Paged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
}

// Paged sets what protects a page that a browser shows.
func Paged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
