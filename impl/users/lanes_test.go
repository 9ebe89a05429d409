package users

import (
	"context"
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/testkit/contracttest"
)

// hangingMailer takes mails and does not return.
type hangingMailer struct{ waiting atomic.Int64 }

// Send implements mail.Mailer.
func (m *hangingMailer) Send(ctx context.Context, _ mail.Message) error {
	m.waiting.Add(1)
	<-ctx.Done()
	return ctx.Err()
}

// A mail server that occupies all the workers of mails delays nothing but mails.
func TestAMailServerThatHangsHoldsUpNothingElse(t *testing.T) {
	t.Parallel()
	s := start(t)
	var mailer hangingMailer
	r := s.replica(func(c *Config) { c.Mailer = &mailer })
	const workers = 8
	for i := range workers + 2 {
		s.signUp(fmt.Sprintf("person%d@example.com", i))
	}
	require.NoError(t, r.service.jobs.Start(t.Context()))
	t.Cleanup(func() { _ = r.service.jobs.Stop(context.Background()) }) // The mails end with it.
	contracttest.Eventually(t, "every worker waits for the mail server",
		func() bool { return mailer.waiting.Load() == workers })
	answer, body := s.askReset("person0@example.com")
	require.Equal(t, http.StatusAccepted, answer.StatusCode, body)
	contracttest.Eventually(t, "another job is done", func() bool {
		return s.count(`SELECT count(*) FROM river_job WHERE kind = 'start_reset' AND state = 'completed'`) == 1
	})
	require.EqualValues(t, workers, mailer.waiting.Load(), "they wait still")
}
