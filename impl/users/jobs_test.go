package users

import (
	"testing"
	"time"

	"example.com/plumbline/impl/testkit/contracttest"
)

// TestPeriodicJobsRun shows that the service schedules its periodic jobs.
func TestPeriodicJobsRun(t *testing.T) {
	t.Parallel()
	s := start(t)
	s.signUp("ada@example.com")
	leaving := s.logIn("ada@example.com", goodPassword)
	leaving.requestDeletion(t)
	staying := s.member()
	s.enrolled(staying.user, true)
	s.challenge(staying.user)
	s.Clock.Advance(deletionGrace + challengeLifetime + time.Second)
	s.mailing()
	contracttest.Eventually(t, "the account is erased", func() bool {
		return s.count(`SELECT count(*) FROM users WHERE email = 'ada@example.com'`) == 0
	})
	contracttest.Eventually(t, "the challenge is purged", func() bool {
		return s.count(`SELECT count(*) FROM login_challenges`) == 0
	})
}
