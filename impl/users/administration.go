package users

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/convert"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/telemetry"
)

// ListUsers lists the accounts that match every filter given.
func (s *Service) ListUsers(
	ctx context.Context, req usersapi.ListUsersRequestObject,
) (usersapi.ListUsersResponseObject, error) {
	limit, after := *req.Params.Limit, paging.After(req.Params.Cursor)
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
		return nil, explain(err, nil)
	}
	rows, next := paging.Page(rows, int(limit), func(r usersdb.User) paging.Position {
		return paging.Position{Time: r.CreatedAt, ID: r.ID}
	})
	items := make([]usersapi.AdminUser, len(rows))
	for i, r := range rows {
		items[i] = toAPIAdminUser(r)
	}
	return usersapi.ListUsers200JSONResponse{
		Body:    usersapi.AdminUserList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: usersapi.ListUsers200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// DeleteUser removes an account. Once the caller is known to be authorized, sessions that have ended or run out are
// removed first, in batches.
func (s *Service) DeleteUser(
	ctx context.Context, req usersapi.DeleteUserRequestObject,
) (usersapi.DeleteUserResponseObject, error) {
	now := s.clock()
	if err := s.prepareDeletion(ctx, req.UserID, now); err != nil {
		return nil, err
	}
	if err := s.purgeSessionsOf(ctx, req.UserID, now); err != nil {
		return nil, explain(err, nil)
	}
	_, err := s.changeAccount(ctx, req.UserID, func(tx tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if sessions, err = tx.ListSessionIDs(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		deleted, err := tx.DeleteUser(ctx, req.UserID)
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

// prepareDeletion checks that the caller may delete an account, and ends its sessions if there are many. The end of the
// sessions has an audit entry of its own, because the deletion is a later transaction, which may fail.
func (s *Service) prepareDeletion(ctx context.Context, target uuid.UUID, now time.Time) error {
	var entry httpapi.AuditEntry // The audit log keeps no empty entry.
	_, err := s.changeAccount(s.audit.Within(ctx, func() httpapi.AuditEntry { return entry }), target, func(
		tx tx,
	) (user usersdb.User, ended []uuid.UUID, err error) {
		entry = httpapi.AuditEntry{}
		if user, err = tx.LockUser(ctx, target); err != nil {
			return user, nil, err
		}
		if ended, err = endManySessions(ctx, tx, target, now); len(ended) > 0 {
			address, _ := httpapi.Client(ctx)
			entry = httpapi.AuditEntry{
				ID: newID(), Actor: httpapi.Caller(ctx).Subject, Action: "user.revoke_sessions", Target: target,
				Outcome: telemetry.Success, Address: address, RequestID: telemetry.Request(ctx).RequestID, OccurredAt: now,
			}
		}
		return user, ended, err
	})
	return err
}

// DisableUser ends an account's sessions and refuses its logins.
func (s *Service) DisableUser(
	ctx context.Context, req usersapi.DisableUserRequestObject,
) (usersapi.DisableUserResponseObject, error) {
	now := s.clock()
	user, err := s.changeAccount(ctx, req.UserID, func(tx tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		user, err = tx.SetUserStatus(ctx, usersdb.SetUserStatusParams{
			ID: req.UserID, Status: usersdb.UserStatusDisabled, UpdatedAt: now,
		})
		if err != nil {
			return user, nil, err
		}
		if err := tx.DeleteChallenges(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		sessions, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: req.UserID, Kept: uuid.Nil, Now: now})
		return user, sessions, err
	})
	if err != nil {
		return nil, err
	}
	return usersapi.DisableUser200JSONResponse(toAPIAdminUser(user)), nil
}

// EnableUser accepts an account's logins again.
func (s *Service) EnableUser(
	ctx context.Context, req usersapi.EnableUserRequestObject,
) (usersapi.EnableUserResponseObject, error) {
	var user usersdb.User
	err := s.inTx(ctx, func(tx tx) (err error) {
		user, err = tx.SetUserStatus(ctx, usersdb.SetUserStatusParams{
			ID: req.UserID, Status: usersdb.UserStatusActive, UpdatedAt: s.clock(),
		})
		return err
	})
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	return usersapi.EnableUser200JSONResponse(toAPIAdminUser(user)), nil
}

// SetUserRoles replaces an account's roles.
func (s *Service) SetUserRoles(
	ctx context.Context, req usersapi.SetUserRolesRequestObject,
) (usersapi.SetUserRolesResponseObject, error) {
	user, err := s.changeAccount(ctx, req.UserID, func(tx tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if user, err = tx.LockUser(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		return s.setRoles(ctx, tx, user, toDBRoles(req.Body.Roles))
	})
	if err != nil {
		return nil, err
	}
	return usersapi.SetUserRoles200JSONResponse(toAPIAdminUser(user)), nil
}

// setRoles replaces the roles of a locked account, tells its owner, and gives the sessions that the change touches. A
// new role ends the sessions and the logins that wait for a second factor: whoever holds one may not be the person who
// was given the role.
func (s *Service) setRoles(
	ctx context.Context, tx tx, user usersdb.User, roles []string,
) (changed usersdb.User, touched []uuid.UUID, err error) {
	if err := mayHoldRoles(user, roles); err != nil {
		return user, nil, err
	}
	now := s.clock()
	if changed, err = tx.SetUserRoles(ctx, usersdb.SetUserRolesParams{
		ID: user.ID, Roles: roles, UpdatedAt: now,
	}); err != nil {
		return user, nil, err
	}
	raised := raises(user.Roles, roles)
	if raised {
		if err := tx.DeleteChallenges(ctx, user.ID); err != nil {
			return user, nil, err
		}
		touched, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{UserID: user.ID, Kept: uuid.Nil, Now: now})
	} else {
		touched, err = tx.ListSessionIDs(ctx, user.ID)
	}
	if err != nil {
		return user, nil, err
	}
	if raised || raises(roles, user.Roles) {
		err = s.queueMail(ctx, tx, sendMail{Mail: mailRoles, UserID: user.ID})
	}
	return changed, touched, err
}

// administrator is what makeAdministrator has done.
type administrator struct {
	usersdb.User

	// opened: there was no account. reset: the account had an unverified address and was cleared. raised: it got the role.
	// An account that was opened or reset has the new password.
	opened, reset, raised bool
}

// makeAdministrator gives the account with an address the role of an administrator, and opens the account if there is
// none. The operator vouches for the address of a new account and, with allowUnverified, for the unverified address of
// an existing one.
func (s *Service) makeAdministrator(
	ctx context.Context, email, name, passwordHash string, allowUnverified bool,
) (made administrator, err error) {
	now := s.clock()
	entry := httpapi.AuditEntry{ID: newID(), Action: "user.create_admin", Outcome: telemetry.Success, OccurredAt: now}
	ctx = s.audit.Within(ctx, func() httpapi.AuditEntry {
		entry.Target = made.ID
		return entry
	})
	err = s.inTx(ctx, func(tx tx) (err error) {
		made = administrator{}
		admin := string(usersapi.RoleAdmin)
		if err := tx.LockAdministration(ctx); err != nil {
			return err
		}
		user, err := tx.LockUserByEmail(ctx, email)
		if postgres.IsNoRows(err) {
			made.opened = true
			made.User, err = tx.CreateUser(ctx, usersdb.CreateUserParams{
				ID: newID(), Email: email, Name: name, PasswordHash: passwordHash, Roles: []string{admin}, EmailVerifiedAt: &now,
				CreatedAt: now,
			})
			if postgres.Constraint(err) == "users_email_key" {
				return fmt.Errorf(
					"somebody has opened an account for %s just now: give the command again to see what it says of it", email,
				)
			}
			return err
		}
		switch {
		case err != nil:
			return err
		case user.Status != usersdb.UserStatusActive:
			return fmt.Errorf(
				"the account %s of %s is disabled: have an administrator enable it first, or name another address", user.ID, email,
			)
		case user.EmailVerifiedAt == nil && !allowUnverified:
			return fmt.Errorf(
				"the address of the account %s of %s is not verified, so anybody may have opened it: have its owner verify "+
					"the address or reset the password, or give --allow-unverified, which clears the account and shows a new "+
					"password for it",
				user.ID, email,
			)
		case user.EmailVerifiedAt == nil:
			made.reset = true
			if _, err := s.renewPassword(ctx, tx, user, email, passwordHash); err != nil {
				return err
			}
			if user, err = tx.GetUser(ctx, user.ID); err != nil {
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

// RemoveSecondFactor removes the second factor of an account whose owner has lost it.
func (s *Service) RemoveSecondFactor(
	ctx context.Context, req usersapi.RemoveSecondFactorRequestObject,
) (usersapi.RemoveSecondFactorResponseObject, error) {
	_, err := s.changeAccount(ctx, req.UserID, func(tx tx) (user usersdb.User, sessions []uuid.UUID, err error) {
		if user, err = tx.GetUser(ctx, req.UserID); err != nil {
			return user, nil, err
		}
		return user, nil, s.removeFactor(ctx, tx, user.ID, func() error { return nil })
	})
	if err != nil {
		return nil, err
	}
	return usersapi.RemoveSecondFactor204Response{}, nil
}

// changeAccount changes the account of another user in one transaction, and then makes the guard forget the sessions
// that the change touches.
func (s *Service) changeAccount(
	ctx context.Context, target uuid.UUID, change func(tx tx) (usersdb.User, []uuid.UUID, error),
) (usersdb.User, error) {
	var user usersdb.User
	var touched []uuid.UUID
	err := s.inTx(ctx, func(tx tx) error {
		if err := tx.LockAdministration(ctx); err != nil {
			return err
		}
		actor, err := tx.GetUser(ctx, httpapi.Caller(ctx).Subject)
		if postgres.IsNoRows(err) {
			return contract.ErrUnauthenticated
		}
		if err != nil {
			return err
		}
		if err := mayAdminister(actor, target); err != nil {
			return err
		}
		user, touched, err = change(tx)
		return err
	})
	// Also when the outcome of the commit is unknown: the guard reads a forgotten session again.
	s.guard.Forget(touched...)
	return user, explain(err, errUserNotFound)
}

// ListUserSessions lists an account's live sessions.
func (s *Service) ListUserSessions(
	ctx context.Context, req usersapi.ListUserSessionsRequestObject,
) (usersapi.ListUserSessionsResponseObject, error) {
	items, next, err := s.listSessions(ctx, req.UserID, req.Params.Limit, req.Params.Cursor)
	if err == nil && len(items) == 0 { // Nobody has logged in, or there is no such account.
		_, err = s.queries.GetUser(ctx, req.UserID)
	}
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	return usersapi.ListUserSessions200JSONResponse{
		Body:    usersapi.SessionList{Items: items, NextCursor: convert.OrNull(next)},
		Headers: usersapi.ListUserSessions200ResponseHeaders{Link: httpapi.NextLink(ctx, next)},
	}, nil
}

// RevokeUserSessions ends an account's sessions.
func (s *Service) RevokeUserSessions(
	ctx context.Context, req usersapi.RevokeUserSessionsRequestObject,
) (usersapi.RevokeUserSessionsResponseObject, error) {
	var revoked []uuid.UUID
	err := s.inTx(ctx, func(tx tx) (err error) {
		if _, err := tx.GetUser(ctx, req.UserID); err != nil {
			return err
		}
		revoked, err = tx.RevokeSessions(ctx, usersdb.RevokeSessionsParams{
			UserID: req.UserID, Kept: uuid.Nil, Now: s.clock(),
		})
		return err
	})
	s.guard.Forget(revoked...)
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	return usersapi.RevokeUserSessions200JSONResponse{Revoked: int64(len(revoked))}, nil
}

// RevokeUserSession ends one of an account's sessions.
func (s *Service) RevokeUserSession(
	ctx context.Context, req usersapi.RevokeUserSessionRequestObject,
) (usersapi.RevokeUserSessionResponseObject, error) {
	if err := s.revokeSession(ctx, req.UserID, req.SessionID); err != nil {
		return nil, err
	}
	return usersapi.RevokeUserSession204Response{}, nil
}
