package frontend

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/testkit/contracttest"
)

func TestMailsAreKept(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	for i := range mostMails + 1 {
		to := []string{"ada@example.com", "eve@example.com"}[i%2]
		require.NoError(t, s.mails.Send(t.Context(), mail.Message{
			To: to, Subject: fmt.Sprint("Mail ", i), Text: "<b>text</b>", HTML: `<p>"markup"</p><script>alert(1)</script>`,
		}))
	}
	read := func(p *devapi.GetMailsParams) []devapi.Mail {
		answer, err := s.GetMailsWithResponse(t.Context(), p)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode(), string(answer.Body))
		return contracttest.Body(t, answer, answer.JSON200).Mails
	}
	all := read(&devapi.GetMailsParams{})
	require.Len(t, all, mostMails)
	require.Equal(t, fmt.Sprint("Mail ", mostMails), all[0].Subject)
	require.Equal(t, "Mail 1", all[mostMails-1].Subject, "the first one has gone")
	to := "EVE@example.com"
	require.Len(t, read(&devapi.GetMailsParams{To: &to}), mostMails/2)

	answer, body, err := s.ask(http.MethodGet, "/dev/mails?to=eve@example.com")
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, answer.StatusCode)
	require.Contains(t, answer.Header.Get("Content-Security-Policy"), "default-src 'none'")
	page := string(body)
	require.Equal(t, mostMails/2, strings.Count(page, `<iframe sandbox="" `))
	require.NotContains(t, page, "<script", "the markup of a mail is in its frame only")
	require.Contains(t, page, "&lt;b&gt;text")

	_, err = s.ResetDataWithResponse(t.Context())
	require.NoError(t, err)
	require.Empty(t, read(&devapi.GetMailsParams{}))
}

func TestLinksOfMailsLeadSomewhere(t *testing.T) {
	t.Parallel()
	s := start(t, reached)
	for _, path := range append(linkPages(), "/dev/link.js") {
		answer, body, err := s.ask(http.MethodGet, path)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, answer.StatusCode, path)
		require.NotEmpty(t, body)
	}
}
