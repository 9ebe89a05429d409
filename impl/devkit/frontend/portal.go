package frontend

import (
	"bytes"
	"context"
	_ "embed"
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"strings"
	"time"

	"github.com/go-chi/chi/v5"

	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/ops"
	"example.com/plumbline/openapi"
)

//go:embed portal.html
var portalPage string

//go:embed personas.js
var personasScript []byte

// module is the module path that Go programs import the clients from.
const module = "example.com/plumbline"

// healthTimeout bounds the portal's request for health.
const healthTimeout = 2 * time.Second

// portal is the page at /, which lists everything that make run offers.
type portal struct {
	Ops       string
	Client    string
	Module    string
	Clients   []string // the services that Go programs have clients of
	Documents []portalDocument
	Personas  []string
	Secured   []string // those of them with a second factor
	Problems  []contract.Explained
	Changelog string

	page *template.Template
	log  *slog.Logger
}

type portalDocument struct {
	Name       string
	Operations int
}

// portalHealth is the state of the services, and of their dependencies.
type portalHealth struct {
	Name, Status, Class string
	Dependencies        []portalHealth
}

// pages registers the portal, Swagger UI for every document, and the pages of all problems.
func (s *Service) pages(c Config, documents []contract.Contract, own httpapi.Served) func(chi.Router) {
	p := &portal{
		Ops: c.OpsURL, Client: c.Client, Module: module, Clients: openapi.Services(),
		Problems:  contract.Explain(documents...),
		Changelog: string(openapi.Changelog), log: c.Log,
		page: template.Must(template.New("portal").Parse(portalPage)),
	}
	var names []string
	for _, d := range documents {
		names = append(names, d.Document.Name)
		p.Documents = append(p.Documents, portalDocument{d.Document.Name, len(d.Document.Operations)})
	}
	for _, persona := range c.Personas {
		p.Personas = append(p.Personas, persona.name())
		if persona.SecondFactor {
			p.Secured = append(p.Secured, persona.name())
		}
	}
	const script = "/docs/personas.js"
	return func(r chi.Router) {
		httpapi.Pages(own)(r)
		httpapi.SwaggerUI(names, script)(r)
		httpapi.ProblemPages(documents...)(r)
		httpapi.Readable(r, script, httpapi.Page("text/javascript; charset=utf-8", personasScript))
		httpapi.Readable(r, "/dev/mails", httpapi.Paged(newMailsView(s.mails, c.Log)))
		httpapi.Readable(r, "/dev/link.js", httpapi.Page("text/javascript; charset=utf-8", linkScript))
		for _, path := range linkPages() {
			httpapi.Readable(r, path, httpapi.Page("text/html; charset=utf-8", linkPage))
		}
		httpapi.Readable(r, "/", httpapi.Paged(p))
	}
}

// ServeHTTP shows the portal.
func (p *portal) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer
	if err := p.page.Execute(&text, struct {
		*portal

		Base   string
		Health *portalHealth
	}{p, "http://" + r.Host, p.health(r.Context())}); err != nil {
		p.log.ErrorContext(r.Context(), "the portal cannot be shown", slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes()) // The reader may have gone.
}

// health fetches the health report for operators; nil means that there is no answer.
func (p *portal) health(ctx context.Context) *portalHealth {
	ctx, cancel := context.WithTimeout(ctx, healthTimeout)
	defer cancel()
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.Ops+"/healthz", http.NoBody)
	if err != nil {
		return nil
	}
	answer, err := http.DefaultClient.Do(r)
	if err != nil {
		return nil
	}
	defer answer.Body.Close() //nolint:errcheck // It has been read.
	var report ops.Report
	if err := json.NewDecoder(answer.Body).Decode(&report); err != nil {
		return nil
	}
	all := shownHealth("", report.Status)
	for _, d := range report.Dependencies {
		all.Dependencies = append(all.Dependencies, shownHealth(strings.Replace(d.Name, "/", ": ", 1), d.Status))
	}
	return &all
}

func shownHealth(name string, status ops.Status) portalHealth {
	class := "bad"
	if status == ops.Healthy {
		class = "good"
	}
	return portalHealth{Name: name, Status: string(status), Class: class}
}
