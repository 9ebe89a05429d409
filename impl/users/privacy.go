package users

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// heldAtMost is the maximum of sessions, and of activity entries, in the export of an account.
const heldAtMost = 1000

// ListActivity lists what the caller did and what was done to their account.
func (s *Service) ListActivity(
	ctx context.Context, req usersapi.ListActivityRequestObject,
) (usersapi.ListActivityResponseObject, error) {
	list, next, err := s.listActivity(ctx, httpapi.Caller(ctx).Subject, req.Params.Cursor, *req.Params.Limit)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ListActivity200JSONResponse{
		Body:    list,
		Headers: usersapi.ListActivity200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// listActivity gives a page of the audit log about an account, and the cursor of the next page.
func (s *Service) listActivity(
	ctx context.Context, account uuid.UUID, cursor *string, limit int32,
) (list usersapi.ActivityList, next *string, err error) {
	rows, next, err := s.audit.ListAbout(ctx, account, cursor, limit)
	if err != nil {
		return list, nil, err
	}
	items := make([]usersapi.ActivityEntry, len(rows))
	for i, row := range rows {
		items[i] = toAPIActivityEntry(row, account)
	}
	return usersapi.ActivityList{Items: items, NextCursor: convert.OrNull(next)}, next, nil
}

// toAPIActivityEntry shows an entry to the account that it is about. It does not tell who another actor was, or from
// where.
func toAPIActivityEntry(e httpapi.AuditEntry, account uuid.UUID) usersapi.ActivityEntry {
	shown := usersapi.ActivityEntry{
		ID: e.ID, Action: e.Action, Outcome: e.Outcome, RequestID: e.RequestID, OccurredAt: e.OccurredAt.UTC(),
	}
	switch e.Actor {
	case account:
		shown.By = usersapi.ActivityEntryByOwner
	case uuid.Nil:
		shown.By = usersapi.ActivityEntryByNobody
	default:
		shown.By = usersapi.ActivityEntryByOther
		return shown
	}
	if e.Address.IsValid() {
		address := e.Address.String()
		shown.Address = &address
	}
	return shown
}

// ExportOwnData gives all data about the caller except the secrets that open the account.
func (s *Service) ExportOwnData(
	ctx context.Context, req usersapi.ExportOwnDataRequestObject,
) (usersapi.ExportOwnDataResponseObject, error) {
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	var data usersapi.OwnData
	err = s.inTx(ctx, func(tx tx) (err error) {
		data, err = s.ownData(ctx, tx, user.ID)
		return err
	})
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	return usersapi.ExportOwnData200JSONResponse{
		Body: data,
		Headers: usersapi.ExportOwnData200ResponseHeaders{
			CacheControl: noStore, ContentDisposition: `attachment; filename="account.json"`,
		},
	}, nil
}

func (s *Service) ownData(ctx context.Context, q usersdb.Querier, id uuid.UUID) (usersapi.OwnData, error) {
	now := s.clock()
	row, err := q.GetProfile(ctx, id)
	if err != nil {
		return usersapi.OwnData{}, err
	}
	told, err := s.personal.openValues(row)
	if err != nil {
		return usersapi.OwnData{}, err
	}
	user := row.User
	data := usersapi.OwnData{
		ExportedAt: now.UTC(), Profile: s.toAPIProfile(user, told), Status: usersapi.UserStatus(user.Status),
		EmailVerifiedAt: convert.UTC(user.EmailVerifiedAt),
		Sessions:        []usersapi.OwnSession{}, Mails: []usersapi.OwnMail{},
	}
	if data.SecondFactor, err = secondFactor(ctx, q, user); err != nil {
		return data, err
	}
	sessions, err := q.ListHeldSessions(ctx, usersdb.ListHeldSessionsParams{UserID: id, RowLimit: heldAtMost})
	if err != nil {
		return data, err
	}
	for _, r := range sessions {
		data.Sessions = append(data.Sessions, usersapi.OwnSession{
			ID: r.ID, Cookie: r.Cookie, Address: r.Address, UserAgent: r.UserAgent,
			CreatedAt: r.CreatedAt.UTC(), LastUsedAt: r.LastUsedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(),
			RevokedAt: convert.UTC(r.RevokedAt),
		})
	}
	tokens, err := q.ListEmailTokens(ctx, id)
	if err != nil {
		return data, err
	}
	for _, t := range tokens {
		data.Mails = append(data.Mails, usersapi.OwnMail{
			Purpose: t.Purpose, Email: t.Email, CreatedAt: t.CreatedAt.UTC(), ExpiresAt: t.ExpiresAt.UTC(), Mails: &t.Mails,
			MailedAt: convert.UTC(&t.MailedAt), CountedFrom: convert.UTC(&t.CountedFrom),
		})
	}
	data.Activity, _, err = s.listActivity(ctx, id, nil, heldAtMost)
	return data, err
}

// RequestDeletion schedules the deletion of the caller's account, after the grace period.
func (s *Service) RequestDeletion(
	ctx context.Context, req usersapi.RequestDeletionRequestObject,
) (usersapi.RequestDeletionResponseObject, error) {
	caller := httpapi.Caller(ctx)
	user, err := s.reauthenticate(ctx, req.Body.CurrentPassword)
	if err != nil {
		return nil, err
	}
	now := s.clock()
	var revoked []uuid.UUID
	err = s.inTx(ctx, func(tx tx) error {
		held, err := tx.LockUserWithPassword(ctx, usersdb.LockUserWithPasswordParams{
			ID: user.ID, PasswordHash: user.PasswordHash,
		})
		if postgres.IsNoRows(err) {
			return errWrongPassword // The password has been changed since.
		}
		if err != nil {
			return err
		}
		user, err = tx.RequestDeletion(ctx, usersdb.RequestDeletionParams{
			ID: held.ID, DeletesAt: now.Add(s.tuning.Load().DeletionGrace), Now: now,
		})
		if err != nil {
			return err
		}
		if revoked, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{
			UserID: user.ID, Kept: caller.SessionID, Now: now,
		}); err != nil || held.DeletesAt != nil {
			return err
		}
		return s.queueMail(ctx, tx, sendMail{Mail: mailDeletion, UserID: user.ID})
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.RequestDeletion202JSONResponse{Body: usersapi.Deletion{DeletesAt: user.DeletesAt.UTC()}}, nil
}

// CancelDeletion cancels the deletion of the caller's account.
func (s *Service) CancelDeletion(
	ctx context.Context, _ usersapi.CancelDeletionRequestObject,
) (usersapi.CancelDeletionResponseObject, error) {
	err := s.inTx(ctx, func(tx tx) error {
		kept, err := tx.CancelDeletion(ctx, usersdb.CancelDeletionParams{ID: httpapi.Caller(ctx).Subject, Now: s.clock()})
		if err == nil && kept == 0 {
			err = contract.ErrUnauthenticated // The account was deleted after its session had been checked.
		}
		return err
	})
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.CancelDeletion204Response{}, nil
}

// eraseDueAccounts deletes the accounts whose grace period is over, a batch at most. An account that cannot be deleted
// does not hold up the others.
func (s *Service) eraseDueAccounts(ctx context.Context) error {
	due, err := s.queries.ListDueUsers(ctx, usersdb.ListDueUsersParams{Now: s.clock(), RowLimit: postgres.BatchSize})
	for _, id := range due {
		if ctx.Err() != nil {
			return errors.Join(err, ctx.Err())
		}
		if failed := s.eraseDueAccount(ctx, id); failed != nil {
			err = errors.Join(err, fmt.Errorf("erase the account %s: %w", id, failed))
		}
	}
	return err
}

// eraseDueAccount deletes an account whose grace period is over, with its entry in the audit log, unless its owner has
// kept it or somebody else is changing it. Sessions that have ended or run out are removed first, in batches.
func (s *Service) eraseDueAccount(ctx context.Context, id uuid.UUID) error {
	now := s.clock()
	due := usersdb.LockDueUserParams{ID: id, Now: now}
	var ended []uuid.UUID
	err := s.inTx(ctx, func(tx tx) (err error) {
		if _, err = tx.LockDueUser(ctx, due); err != nil {
			return err
		}
		ended, err = endManySessions(ctx, tx, id, now)
		return err
	})
	s.guard.Forget(ended...)
	if err == nil {
		err = s.purgeSessionsOf(ctx, id, now)
	}
	if err == nil {
		ctx := s.audit.Within(ctx, func() httpapi.AuditEntry {
			return httpapi.AuditEntry{
				ID: newID(), Action: "user.erase", Target: id, Outcome: telemetry.Success, OccurredAt: now,
			}
		})
		err = s.inTx(ctx, func(tx tx) error {
			if _, err := tx.LockDueUser(ctx, due); err != nil {
				return err
			}
			_, err := tx.DeleteUser(ctx, id)
			return err
		})
	}
	if postgres.IsNoRows(err) {
		return nil
	}
	return err
}
