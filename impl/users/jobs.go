package users

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/program"
)

// The intervals of the periodic jobs, each of which one replica runs.
const (
	eraseEvery = time.Minute
	purgeEvery = time.Hour
)

// mailLane is the queue of mails: a mail server that is slow delays nothing but mails.
const mailLane = "mails"

// eraseAccounts is the job that deletes the accounts whose grace period is over.
type eraseAccounts struct{}

// Kind implements river.JobArgs.
func (eraseAccounts) Kind() string { return "erase_accounts" }

// purge is the job that removes rows which have been kept for long enough.
type purge struct{}

// Kind implements river.JobArgs.
func (purge) Kind() string { return "purge" }

// newJobs makes the queue of the jobs: mails, password resets and the periodic jobs.
func (s *Service) newJobs(c jobs.Config) (*jobs.Jobs, error) {
	c.Workers = river.NewWorkers()
	river.AddWorker(c.Workers, river.WorkFunc(s.workOnMail))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, job *river.Job[startReset]) error {
		return s.startReset(ctx, job.Args)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[eraseAccounts]) error {
		return s.eraseDueAccounts(ctx)
	}))
	river.AddWorker(c.Workers, river.WorkFunc(func(ctx context.Context, _ *river.Job[purge]) error {
		return s.purgeOldRows(ctx)
	}))
	c.Periodic = []*river.PeriodicJob{jobs.Every(eraseEvery, eraseAccounts{}), jobs.Every(purgeEvery, purge{})}
	c.Queues = map[string]int{river.QueueDefault: 4, mailLane: 8}
	return jobs.New(c)
}

// startJobs starts the workers. The end of the process waits for the jobs that run.
func (s *Service) startJobs(ctx context.Context, process *program.Process) error {
	if err := s.jobs.Start(ctx); err != nil {
		return err
	}
	process.Defer("jobs", s.jobs.Stop)
	return nil
}

// purgeOldRows removes expired mail tokens, login challenges and known networks, throttle counters that have recovered,
// and sessions that ended a while ago. The relay purges the outbox.
func (s *Service) purgeOldRows(ctx context.Context) error {
	now := s.clock()
	return errors.Join(
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeEmailTokens(ctx, usersdb.PurgeEmailTokensParams{
				ExpiredBefore: now, CountedBefore: now.Add(-mailsCounted), RowLimit: limit,
			})
		}),
		postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeChallenges(ctx, usersdb.PurgeChallengesParams{ExpiredBefore: now, RowLimit: limit})
		}),
		s.throttle.Purge(ctx, now),
		s.purgeSessions(ctx, func(limit int32) ([]uuid.UUID, error) {
			return s.queries.ListOverSessions(ctx, usersdb.ListOverSessionsParams{
				RanOutBefore: now.Add(-sessionLifetime), EndedBefore: now.Add(-endedMemory), RowLimit: limit,
			})
		}),
	)
}

// endManySessions ends the live sessions of a locked account that is about to be deleted, if they and their tokens are
// more rows than a batch, and gives their ids. Fewer sessions are deleted with the account, which publishes one event
// instead of one for each session.
func endManySessions(ctx context.Context, tx tx, user uuid.UUID, now time.Time) (ended []uuid.UUID, err error) {
	live, err := tx.CountLiveTokens(ctx, usersdb.CountLiveTokensParams{
		UserID: user, Now: now, Most: postgres.BatchSize + 1,
	})
	if err != nil || live <= postgres.BatchSize {
		return nil, err
	}
	return tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: user, Kept: uuid.Nil, Now: now})
}

// purgeSessionsOf removes the sessions of an account that have ended or run out. There may be many: only live ones are
// bounded by mostSessions.
func (s *Service) purgeSessionsOf(ctx context.Context, user uuid.UUID, now time.Time) error {
	return s.purgeSessions(ctx, func(limit int32) ([]uuid.UUID, error) {
		return s.queries.ListOverSessionsOfUser(ctx, usersdb.ListOverSessionsOfUserParams{
			UserID: user, Now: now, RowLimit: limit,
		})
	})
}

// purgeSessions removes the sessions that list gives, a batch at a time, so that no statement removes more rows than
// its time-out allows. Their spent refresh tokens are removed first, in batches of their own.
func (s *Service) purgeSessions(ctx context.Context, list func(limit int32) ([]uuid.UUID, error)) error {
	return postgres.InBatches(func(limit int32) (int64, error) {
		over, err := list(limit)
		if err != nil {
			return 0, err
		}
		if err := postgres.InBatches(func(limit int32) (int64, error) {
			return s.queries.PurgeSpentTokens(ctx, usersdb.PurgeSpentTokensParams{Sessions: over, RowLimit: limit})
		}); err != nil {
			return 0, err
		}
		return int64(len(over)), s.queries.DeleteSessions(ctx, over)
	})
}
