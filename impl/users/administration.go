package users

import (
	"context"
	"fmt"
	"slices"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/keyset"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// ListUsers lists accounts by the filters that are given.
func (s *Service) ListUsers(ctx context.Context, req usersapi.ListUsersRequestObject) (usersapi.ListUsersResponseObject, error) {
	limit, after := page(req.Params.Limit, req.Params.Cursor)
	filter := usersdb.ListUsersParams{BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1}
	if p := req.Params.Email; p != nil {
		pattern := beginsWith(*p)
		filter.Email = &pattern
	}
	if p := req.Params.Name; p != nil {
		pattern := beginsWith(*p)
		filter.Name = &pattern
	}
	if p := req.Params.Phone; p != nil {
		filter.PhoneMark = s.personal.phones.Of(*p)
	}
	if p := req.Params.Status; p != nil {
		status := usersdb.UserStatus(*p)
		filter.Status = &status
	}
	if p := req.Params.Role; p != nil {
		role := string(*p)
		filter.Role = &role
	}
	rows, err := s.queries.ListUsers(ctx, filter)
	if err != nil {
		return nil, explain(err)
	}
	rows, next := keyset.Page(rows, int(limit), func(r usersdb.User) keyset.Position { return keyset.Position{Time: r.CreatedAt, ID: r.ID} })
	items := make([]usersapi.AdminUser, len(rows))
	for i, r := range rows {
		items[i] = toAPIAdminUser(r)
	}
	return usersapi.ListUsers200JSONResponse{
		Body:    usersapi.AdminUserList{Items: items, NextCursor: orNull(next)},
		Headers: usersapi.ListUsers200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// DeleteUser removes an account.
func (s *Service) DeleteUser(ctx context.Context, req usersapi.DeleteUserRequestObject) (usersapi.DeleteUserResponseObject, error) {
	held, err := s.queries.ListSessionsOfUser(ctx, req.UserID)
	if err == nil {
		err = s.purgeSpentTokens(ctx, held)
	}
	if err != nil {
		return nil, explain(err)
	}
	_, err = s.administer(ctx, req.UserID, func(q usersdb.Querier, _ pgx.Tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if sessions, err = q.ListSessionIDs(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		deleted, err := q.DeleteUser(ctx, req.UserID)
		if err == nil && deleted == 0 {
			err = errUserNotFound
		}
		return user, sessions, err
	})
	if err != nil {
		return nil, err
	}
	return usersapi.DeleteUser204Response{}, nil
}

// DisableUser ends an account's sessions and refuses its logins.
func (s *Service) DisableUser(ctx context.Context, req usersapi.DisableUserRequestObject) (usersapi.DisableUserResponseObject, error) {
	now := s.clock()
	user, err := s.administer(ctx, req.UserID, func(q usersdb.Querier, _ pgx.Tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		user, err = q.SetUserStatus(ctx, usersdb.SetUserStatusParams{ID: req.UserID, Status: usersdb.UserStatusDisabled, UpdatedAt: now})
		if err != nil {
			return user, nil, err
		}
		if err := q.DeleteChallenges(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		sessions, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: req.UserID, Kept: uuid.Nil, Now: now})
		return user, sessions, err
	})
	if err != nil {
		return nil, err
	}
	return usersapi.DisableUser200JSONResponse(toAPIAdminUser(user)), nil
}

// EnableUser accepts an account's logins again.
func (s *Service) EnableUser(ctx context.Context, req usersapi.EnableUserRequestObject) (usersapi.EnableUserResponseObject, error) {
	var user usersdb.User
	err := s.inTx(ctx, func(q usersdb.Querier) (err error) {
		user, err = q.SetUserStatus(ctx, usersdb.SetUserStatusParams{ID: req.UserID, Status: usersdb.UserStatusActive, UpdatedAt: s.clock()})
		return err
	})
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.EnableUser200JSONResponse(toAPIAdminUser(user)), nil
}

// SetUserRoles replaces an account's roles.
func (s *Service) SetUserRoles(ctx context.Context, req usersapi.SetUserRolesRequestObject) (usersapi.SetUserRolesResponseObject, error) {
	user, err := s.administer(ctx, req.UserID, func(q usersdb.Querier, tx pgx.Tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if user, err = q.LockUser(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		return s.setRoles(ctx, tx, user, toDBRoles(req.Body.Roles))
	})
	if err != nil {
		return nil, err
	}
	return usersapi.SetUserRoles200JSONResponse(toAPIAdminUser(user)), nil
}

// setRoles replaces the roles of an account that is locked, tells its owner, and gives the sessions that this touches. A role that the
// account did not have ends them, and the logins that wait for a second factor: who has one may be another than who is trusted now.
func (s *Service) setRoles(ctx context.Context, tx pgx.Tx, user usersdb.User, roles []string) (changed usersdb.User, touched []uuid.UUID, err error) {
	if err := mayHoldRoles(user, roles); err != nil {
		return user, nil, err
	}
	q, now := usersdb.New(tx), s.clock()
	if changed, err = q.SetUserRoles(ctx, usersdb.SetUserRolesParams{ID: user.ID, Roles: roles, UpdatedAt: now}); err != nil {
		return user, nil, err
	}
	raised := raises(user.Roles, roles)
	if raised {
		if err := q.DeleteChallenges(ctx, user.ID); err != nil {
			return user, nil, err
		}
		touched, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: user.ID, Kept: uuid.Nil, Now: now})
	} else {
		touched, err = q.ListSessionIDs(ctx, user.ID)
	}
	if err != nil {
		return user, nil, err
	}
	if raised || raises(roles, user.Roles) {
		err = s.mail(ctx, tx, sendMail{Mail: mailRoles, UserID: user.ID})
	}
	return changed, touched, err
}

// administrator is an account that makeAdministrator has made an administrator's.
type administrator struct {
	usersdb.User

	// opened is whether there was none; reset, whether it was taken from whoever had opened it; raised, whether it got the role. The first two
	// have the new password.
	opened, reset, raised bool
}

// makeAdministrator makes the account with an address an administrator's, opening it if need be with the password of the hash. The operator
// who asks for it answers for the address of a new account, and with allowUnverified for that of one that is there.
func (s *Service) makeAdministrator(ctx context.Context, email, name, passwordHash string, allowUnverified bool) (made administrator, err error) {
	now := s.clock()
	entry := httpapi.AuditEntry{ID: newID(), Action: "user.create_admin", Outcome: telemetry.Success, OccurredAt: now}
	ctx = s.audit.Within(ctx, func() httpapi.AuditEntry {
		entry.Target = made.ID
		return entry
	})
	err = postgres.InTx(ctx, s.database, func(tx pgx.Tx) (err error) {
		made = administrator{}
		q, admin := usersdb.New(tx), string(usersapi.RoleAdmin)
		if err := q.LockAdministration(ctx); err != nil {
			return err
		}
		user, err := q.LockUserByEmail(ctx, email)
		if postgres.IsNoRows(err) {
			made.opened = true
			made.User, err = q.CreateUser(ctx, usersdb.CreateUserParams{
				ID: newID(), Email: email, Name: name, PasswordHash: passwordHash, Roles: []string{admin}, EmailVerifiedAt: &now, CreatedAt: now,
			})
			if postgres.Constraint(err) == "users_email_key" {
				return fmt.Errorf("somebody has opened an account for %s just now: give the command again to see what it says of it", email)
			}
			return err
		}
		switch {
		case err != nil:
			return err
		case user.Status != usersdb.UserStatusActive:
			return fmt.Errorf("the account %s of %s is disabled: have an administrator enable it first, or name another address", user.ID, email)
		case user.EmailVerifiedAt == nil && !allowUnverified:
			return fmt.Errorf("the address of the account %s of %s is not verified, so anybody may have opened it: have its owner verify the address or reset the password, or give --allow-unverified, which clears the account and shows a new password for it", user.ID, email)
		case user.EmailVerifiedAt == nil:
			made.reset = true
			if _, err := s.renewPassword(ctx, tx, user, email, passwordHash); err != nil {
				return err
			}
			if user, err = q.GetUser(ctx, user.ID); err != nil {
				return err
			}
		}
		made.User = user
		if slices.Contains(user.Roles, admin) {
			return nil
		}
		made.raised = true
		made.User, _, err = s.setRoles(ctx, tx, user, append([]string{admin}, user.Roles...))
		return err
	})
	return made, err
}

// RemoveSecondFactor takes off the second factor of an account whose owner has lost it.
func (s *Service) RemoveSecondFactor(ctx context.Context, req usersapi.RemoveSecondFactorRequestObject) (usersapi.RemoveSecondFactorResponseObject, error) {
	_, err := s.administer(ctx, req.UserID, func(q usersdb.Querier, tx pgx.Tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if user, err = q.GetUser(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		return user, nil, s.removeFactor(ctx, tx, user.ID, func() error { return nil })
	})
	if err != nil {
		return nil, err
	}
	return usersapi.RemoveSecondFactor204Response{}, nil
}

// administer changes another's account in a transaction and then forgets what is remembered of the sessions that
// the change touches.
func (s *Service) administer(ctx context.Context, target uuid.UUID, change func(usersdb.Querier, pgx.Tx) (usersdb.User, []uuid.UUID, error)) (usersdb.User, error) {
	var user usersdb.User
	var touched []uuid.UUID
	err := postgres.InTx(ctx, s.database, func(tx pgx.Tx) error {
		q := usersdb.New(tx)
		if err := q.LockAdministration(ctx); err != nil {
			return err
		}
		actor, err := q.GetUser(ctx, httpapi.Caller(ctx).Subject)
		if postgres.IsNoRows(err) {
			return httpapi.ErrUnauthenticated
		}
		if err != nil {
			return err
		}
		if err := mayAdminister(actor, target); err != nil {
			return err
		}
		user, touched, err = change(q, tx)
		return err
	})
	// Also when the outcome of the commit is not known: what is forgotten is read again.
	s.guard.Forget(touched...)
	return user, explain(err)
}

// ListUserSessions lists an account's live sessions.
func (s *Service) ListUserSessions(ctx context.Context, req usersapi.ListUserSessionsRequestObject) (usersapi.ListUserSessionsResponseObject, error) {
	items, next, err := s.listSessions(ctx, req.UserID, req.Params.Limit, req.Params.Cursor)
	if err == nil && len(items) == 0 { // Nobody has logged in, or there is no such account.
		_, err = s.queries.GetUser(ctx, req.UserID)
	}
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.ListUserSessions200JSONResponse{
		Body:    usersapi.SessionList{Items: items, NextCursor: orNull(next)},
		Headers: usersapi.ListUserSessions200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// RevokeUserSessions ends an account's sessions.
func (s *Service) RevokeUserSessions(ctx context.Context, req usersapi.RevokeUserSessionsRequestObject) (usersapi.RevokeUserSessionsResponseObject, error) {
	var revoked []uuid.UUID
	err := s.inTx(ctx, func(q usersdb.Querier) (err error) {
		if _, err := q.GetUser(ctx, req.UserID); err != nil {
			return err
		}
		revoked, err = q.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: req.UserID, Kept: uuid.Nil, Now: s.clock()})
		return err
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err)
	}
	return usersapi.RevokeUserSessions200JSONResponse{Revoked: int64(len(revoked))}, nil
}

// RevokeUserSession ends one of an account's sessions.
func (s *Service) RevokeUserSession(ctx context.Context, req usersapi.RevokeUserSessionRequestObject) (usersapi.RevokeUserSessionResponseObject, error) {
	if err := s.revokeSession(ctx, req.UserID, req.SessionID); err != nil {
		return nil, err
	}
	return usersapi.RevokeUserSession204Response{}, nil
}
