package users

import (
	"context"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/postgres"
)

// GetProfile reads the caller's profile.
func (s *Service) GetProfile(ctx context.Context, _ usersapi.GetProfileRequestObject) (usersapi.GetProfileResponseObject, error) {
	user, err := s.queries.GetUser(ctx, httpapi.Caller(ctx).Subject)
	if err != nil {
		return nil, explainOwn(err)
	}
	return usersapi.GetProfile200JSONResponse(toAPIProfile(user)), nil
}

// UpdateProfile changes what is sent of the caller's profile.
func (s *Service) UpdateProfile(ctx context.Context, req usersapi.UpdateProfileRequestObject) (usersapi.UpdateProfileResponseObject, error) {
	change := usersdb.UpdateProfileParams{
		ID: httpapi.Caller(ctx).Subject, UpdatedAt: s.clock(),
		SetName:   req.Body.Name != nil,
		SetAvatar: req.Body.Avatar.IsSpecified(), Avatar: orNil(req.Body.Avatar),
		SetPhone: req.Body.Phone.IsSpecified(), Phone: orNil(req.Body.Phone),
	}
	if change.SetName {
		change.Name = *req.Body.Name
	}
	var user usersdb.User
	err := s.inTx(ctx, func(q usersdb.Querier) (err error) {
		user, err = q.UpdateProfile(ctx, change)
		return err
	})
	if err != nil {
		return nil, explainOwn(err)
	}
	return usersapi.UpdateProfile200JSONResponse(toAPIProfile(user)), nil
}

// ChangePassword replaces the caller's password and ends their other sessions.
func (s *Service) ChangePassword(ctx context.Context, req usersapi.ChangePasswordRequestObject) (usersapi.ChangePasswordResponseObject, error) {
	caller := httpapi.Caller(ctx)
	user, err := s.queries.GetUser(ctx, caller.Subject)
	if err != nil {
		return nil, explainOwn(err)
	}
	if f := mayUsePassword(req.Body.NewPassword, user.Email, "#/new_password"); f != nil {
		return nil, f
	}
	if err := s.knowsPassword(ctx, user, req.Body.CurrentPassword); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, req.Body.NewPassword)
	if err != nil {
		return nil, explain(err)
	}
	now := s.clock()
	var revoked []uuid.UUID
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		changed, err := q.ChangePassword(ctx, usersdb.ChangePasswordParams{
			ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
		if changed == 0 {
			return errWrongPassword // Another change came first: what was given is the current one no more.
		}
		for _, purpose := range []string{mailReset, mailChange} {
			if err := q.DeleteEmailToken(ctx, usersdb.DeleteEmailTokenParams{UserID: user.ID, Purpose: purpose}); err != nil {
				return err
			}
		}
		if revoked, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: user.ID, Kept: caller.SessionID, Now: now}); err != nil {
			return err
		}
		return s.jobs.Insert(ctx, tx, sendMail{Mail: mailChanged, UserID: user.ID}, nil)
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ChangePassword204Response{}, nil
}

// reauthenticate reads the caller's account for who has its password.
func (s *Service) reauthenticate(ctx context.Context, password string) (usersdb.User, error) {
	user, err := s.queries.GetUser(ctx, httpapi.Caller(ctx).Subject)
	if err != nil {
		return user, explainOwn(err)
	}
	return user, s.knowsPassword(ctx, user, password)
}

// knowsPassword asks the caller for the password of their own account, without which a stolen session takes nothing that
// lasts longer than itself.
func (s *Service) knowsPassword(ctx context.Context, user usersdb.User, password string) error {
	ok, _, err := s.hasher.Verify(ctx, password, user.PasswordHash)
	if err == nil && !ok {
		err = errWrongPassword
	}
	return explain(err)
}
