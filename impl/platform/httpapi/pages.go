package httpapi

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"sync"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/swaggest/swgui/v5emb"

	"example.com/plumbline/impl/platform/contract"
)

//go:embed docs/index.html
var docsPage []byte

//go:embed docs/page.css
var pageStyle []byte

//go:embed docs/problem.html
var problemPage string

// pagePolicy is the Content-Security-Policy of all pages: they load only what this service serves. Swagger UI needs
// style attributes and images in data: URLs.
const pagePolicy = "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; " +
	"font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

// Served is a document as readers get it.
type Served struct {
	Name string
	YAML []byte // to the byte as it was written
	JSON []byte
}

// Pages registers documents at /openapi/NAME.yaml and /openapi/NAME.json, and Swagger UI, which shows them.
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

// SwaggerUI registers Swagger UI at /docs. It shows the documents /openapi/NAME.json and loads nothing from other
// hosts. scripts are paths of this service that the page loads as well.
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
		tag := `  <script src="` + script + `"></script>` + "\n</body>"
		page = bytes.Replace(page, []byte("</body>"), []byte(tag), 1)
	}
	return func(r chi.Router) {
		Readable(r, "/", http.RedirectHandler("/docs", http.StatusFound))
		Readable(r, "/docs", Page("text/html; charset=utf-8", page))
		Readable(r, "/docs/page.css", Page("text/css; charset=utf-8", pageStyle))
		Readable(r, "/docs/start.js", Page("text/javascript; charset=utf-8", start))
		Readable(r, "/docs/*", Paged(packedIfWanted(v5emb.New("", "", "/docs"))))
	}
}

// problemTemplate is parsed at the first request for the page of a problem.
var problemTemplate = sync.OnceValue(func() *template.Template {
	return template.Must(template.New("problem").Parse(problemPage))
})

// ProblemPages registers a page for each problem code at /problems/CODE, which the type of a problem refers to. A page
// is rendered at its first request, so that it does not delay the start of a service.
func ProblemPages(contracts ...contract.Contract) func(chi.Router) {
	return func(r chi.Router) {
		for _, e := range contract.Explain(contracts...) {
			page := sync.OnceValue(func() http.Handler {
				var text bytes.Buffer
				if err := problemTemplate().Execute(&text, e); err != nil {
					panic(err) // The template and its values are not input.
				}
				return Page("text/html; charset=utf-8", text.Bytes())
			})
			handle := func(w http.ResponseWriter, r *http.Request) { page().ServeHTTP(w, r) }
			Readable(r, "/problems/"+e.Code, http.HandlerFunc(handle))
		}
	}
}

// packedIfWanted reduces Accept-Encoding to whether gzip is acceptable. The handler of files that are kept in gzip
// sends them so whenever gzip is named, even with the weight 0.
func packedIfWanted(files http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		r = r.Clone(r.Context())
		if contract.AcceptsCoding(r.Header, "gzip") {
			r.Header.Set("Accept-Encoding", "gzip")
		} else {
			r.Header.Del("Accept-Encoding")
		}
		files.ServeHTTP(w, r)
	})
}

// Readable registers a page for GET and HEAD.
func Readable(r chi.Router, path string, page http.Handler) {
	r.Method(http.MethodGet, path, page)
	r.Method(http.MethodHead, path, page)
}

// Page serves content that does not change, with an ETag and as Paged does.
func Page(contentType string, body []byte) http.Handler {
	tag := fmt.Sprintf(`"%x"`, sha256.Sum256(body))
	return Paged(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", contentType)
		w.Header().Set("ETag", tag)
		http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
	}))
}

// Paged sets the header fields that protect a page in a browser: it loads only what this service serves.
func Paged(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", pagePolicy)
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-cache")
		next.ServeHTTP(w, r)
	})
}
