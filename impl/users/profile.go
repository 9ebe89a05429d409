package users

import (
	"context"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
)

// GetProfile reads the caller's profile.
func (s *Service) GetProfile(
	ctx context.Context, _ usersapi.GetProfileRequestObject,
) (usersapi.GetProfileResponseObject, error) {
	profile, err := s.profile(ctx, s.queries, httpapi.Caller(ctx).Subject)
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	return usersapi.GetProfile200JSONResponse(profile), nil
}

// UpdateProfile changes the members of the caller's profile that were sent.
func (s *Service) UpdateProfile(
	ctx context.Context, req usersapi.UpdateProfileRequestObject,
) (usersapi.UpdateProfileResponseObject, error) {
	change := usersdb.UpdateProfileParams{
		ID: httpapi.Caller(ctx).Subject, UpdatedAt: s.clock(),
		SetName:   req.Body.Name != nil,
		SetAvatar: req.Body.Avatar.IsSpecified(), Avatar: convert.OrNil(req.Body.Avatar),
		SetBiography: req.Body.Biography.IsSpecified(), Biography: convert.OrNil(req.Body.Biography),
	}
	if change.SetName {
		change.Name = *req.Body.Name
	}
	var profile usersapi.Profile
	err := s.inTx(ctx, func(tx tx) (err error) {
		if err := s.personal.sealValues(ctx, tx, &change, req.Body); err != nil {
			return err
		}
		if err := tx.UpdateProfile(ctx, change); err != nil {
			return err
		}
		profile, err = s.profile(ctx, tx, change.ID)
		return err
	})
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	return usersapi.UpdateProfile200JSONResponse{Body: profile}, nil
}

// profile gives the profile of an account, as its owner sees it.
func (s *Service) profile(ctx context.Context, q usersdb.Querier, id uuid.UUID) (usersapi.Profile, error) {
	row, err := q.GetProfile(ctx, id)
	if err != nil {
		return usersapi.Profile{}, err
	}
	told, err := s.personal.openValues(row)
	return s.toAPIProfile(row.User, told), err
}

// ChangePassword replaces the caller's password and ends their other sessions.
func (s *Service) ChangePassword(
	ctx context.Context, req usersapi.ChangePasswordRequestObject,
) (usersapi.ChangePasswordResponseObject, error) {
	caller := httpapi.Caller(ctx)
	user, err := s.queries.GetUser(ctx, caller.Subject)
	if err != nil {
		return nil, explain(err, contract.ErrUnauthenticated)
	}
	if f := mayUsePassword(req.Body.NewPassword, user.Email, "#/new_password"); f != nil {
		return nil, f
	}
	if err := s.knowsPassword(ctx, user, req.Body.CurrentPassword); err != nil {
		return nil, err
	}
	hash, err := s.hasher.Hash(ctx, req.Body.NewPassword)
	if err != nil {
		return nil, explain(err, nil)
	}
	now := s.clock()
	var revoked []uuid.UUID
	err = s.inTx(ctx, func(tx tx) error {
		changed, err := tx.ChangePassword(ctx, usersdb.ChangePasswordParams{
			ID: user.ID, PasswordHash: hash, PreviousHash: user.PasswordHash, UpdatedAt: now,
		})
		if err != nil {
			return err
		}
		if changed == 0 {
			return errWrongPassword // Another change came first.
		}
		void := []string{mailChange, mailReset}
		if user.EmailVerifiedAt == nil {
			void = void[:1] // The owner of the address must be able to take the account over.
		}
		for _, purpose := range void {
			if err := tx.DeleteEmailToken(ctx, usersdb.DeleteEmailTokenParams{UserID: user.ID, Purpose: purpose}); err != nil {
				return err
			}
		}
		if revoked, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{
			UserID: user.ID, Kept: caller.SessionID, Now: now,
		}); err != nil {
			return err
		}
		return s.queueMail(ctx, tx, sendMail{Mail: mailChanged, UserID: user.ID})
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.ChangePassword204Response{}, nil
}

// reauthenticate reads the caller's account and checks its password.
func (s *Service) reauthenticate(ctx context.Context, password string) (usersdb.User, error) {
	user, err := s.queries.GetUser(ctx, httpapi.Caller(ctx).Subject)
	if err != nil {
		return user, explain(err, contract.ErrUnauthenticated)
	}
	return user, s.knowsPassword(ctx, user, password)
}

// knowsPassword checks the password of the caller's own account, so that a stolen session cannot make a lasting change.
func (s *Service) knowsPassword(ctx context.Context, user usersdb.User, password string) error {
	ok, _, err := s.hasher.Verify(ctx, password, user.PasswordHash)
	if err == nil && !ok {
		err = errWrongPassword
	}
	return explain(err, nil)
}
