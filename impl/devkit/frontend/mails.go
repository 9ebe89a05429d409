package frontend

import (
	"bytes"
	"context"
	_ "embed"
	"html/template"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/mail"
)

// mostMails is the number of mails that are kept; the oldest is dropped first.
const mostMails = 200

// Mailbox receives every mail of the services and keeps the last ones in memory. The zero Mailbox is ready.
type Mailbox struct {
	mu    sync.Mutex
	mails []devapi.Mail
}

// Send implements mail.Mailer.
func (b *Mailbox) Send(_ context.Context, m mail.Message) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = append(b.mails, devapi.Mail{
		ID: uuid.Must(uuid.NewV7()), To: m.To, Subject: m.Subject, Text: m.Text, HTML: m.HTML, SentAt: time.Now().UTC(),
	})
	if len(b.mails) > mostMails {
		b.mails = slices.Delete(b.mails, 0, len(b.mails)-mostMails)
	}
	return nil
}

// list returns the mails to an address, or all if it is empty, the newest first.
func (b *Mailbox) list(to string) []devapi.Mail {
	b.mu.Lock()
	defer b.mu.Unlock()
	found := []devapi.Mail{}
	for _, m := range slices.Backward(b.mails) {
		if to == "" || strings.EqualFold(m.To, to) {
			found = append(found, m)
		}
	}
	return found
}

func (b *Mailbox) clear() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.mails = nil
}

// GetMails returns the sent mails.
func (s *Service) GetMails(_ context.Context, req devapi.GetMailsRequestObject) (devapi.GetMailsResponseObject, error) {
	to := ""
	if req.Params.To != nil {
		to = *req.Params.To
	}
	return devapi.GetMails200JSONResponse{Mails: s.mails.list(to)}, nil
}

//go:embed mails.html
var mailsPage string

// The pages that links in mails lead to where no front end serves them.
var (
	//go:embed link.html
	linkPage []byte
	//go:embed link.js
	linkScript []byte
)

// The paths that links in mails lead to.
const (
	verifyPage = "/verify-email"
	resetPage  = "/reset-password"
	changePage = "/confirm-email-change"
)

// linkPages are all of them.
func linkPages() []string { return []string{verifyPage, resetPage, changePage} }

// mailsView is the page at /dev/mails. The HTML of a mail is in a frame that runs no script and cannot reach this page.
type mailsView struct {
	mails *Mailbox
	page  *template.Template
	log   *slog.Logger
}

func newMailsView(mails *Mailbox, log *slog.Logger) *mailsView {
	return &mailsView{mails: mails, page: template.Must(template.New("mails").Parse(mailsPage)), log: log}
}

// ServeHTTP shows the mails.
func (v *mailsView) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var text bytes.Buffer
	if err := v.page.Execute(&text, v.mails.list(r.URL.Query().Get("to"))); err != nil {
		v.log.ErrorContext(r.Context(), "the mails cannot be shown", slog.Any("error", err))
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	_, _ = w.Write(text.Bytes()) // The reader may have gone.
}
