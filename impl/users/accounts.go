package users

import (
	"context"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/httpapi"
)

// CreateUser opens an account and answers in the form of version 1.
func (s *Service) CreateUser(
	ctx context.Context, req usersapi.CreateUserRequestObject,
) (usersapi.CreateUserResponseObject, error) {
	user, err := s.openAccount(ctx, req.Body.Email, req.Body.Name, req.Body.Password, nil)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.CreateUser201JSONResponse{
		Body:    toAPIUserV1(user),
		Headers: usersapi.CreateUser201ResponseHeaders{Location: "/api/v1/users/" + user.ID.String()},
	}, nil
}

// CreateUserV2 opens an account.
func (s *Service) CreateUserV2(
	ctx context.Context, req usersapi.CreateUserV2RequestObject,
) (usersapi.CreateUserV2ResponseObject, error) {
	user, err := s.openAccount(ctx, req.Body.Email, req.Body.Name, req.Body.Password, req.Body.Avatar)
	if err != nil {
		return nil, explain(err, nil)
	}
	return usersapi.CreateUserV2201JSONResponse{
		Body:    toAPIUserV2(user),
		Headers: usersapi.CreateUserV2201ResponseHeaders{Location: "/api/v2/users/" + user.ID.String()},
	}, nil
}

func (s *Service) openAccount(ctx context.Context, email, name, password string, avatar *string) (usersdb.User, error) {
	if f := mayUsePassword(password, email, "#/password"); f != nil {
		return usersdb.User{}, f
	}
	hash, err := s.hasher.Hash(ctx, password)
	if err != nil {
		return usersdb.User{}, err
	}
	var user usersdb.User
	err = s.inTx(ctx, func(tx tx) (err error) {
		user, err = tx.CreateUser(ctx, usersdb.CreateUserParams{
			ID: newID(), Email: email, Name: name, PasswordHash: hash, Avatar: avatar,
			Roles: []string{string(usersapi.RoleCustomer)}, CreatedAt: s.clock(),
		})
		if err != nil {
			return err
		}
		httpapi.SetCaller(ctx, user.ID)
		_, _, err = s.mailTokenAfter(ctx, tx, usersdb.EmailToken{}, user, mailVerify)
		return err
	})
	return user, err
}

// GetUser reads an account and answers in the form of version 1.
func (s *Service) GetUser(
	ctx context.Context, req usersapi.GetUserRequestObject,
) (usersapi.GetUserResponseObject, error) {
	user, err := s.queries.GetUser(ctx, req.UserID)
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	return usersapi.GetUser200JSONResponse{Body: toAPIUserV1(user)}, nil
}

// GetUserV2 reads an account.
func (s *Service) GetUserV2(
	ctx context.Context, req usersapi.GetUserV2RequestObject,
) (usersapi.GetUserV2ResponseObject, error) {
	user, err := s.queries.GetUser(ctx, req.UserID)
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	return usersapi.GetUserV2200JSONResponse{Body: toAPIUserV2(user)}, nil
}

// GetUserProfile reads the profile of an account. Only the owner sees the number of the identity card.
func (s *Service) GetUserProfile(
	ctx context.Context, req usersapi.GetUserProfileRequestObject,
) (usersapi.GetUserProfileResponseObject, error) {
	profile, err := s.profile(ctx, s.queries, req.UserID)
	if err != nil {
		return nil, explain(err, errUserNotFound)
	}
	if httpapi.Caller(ctx).Subject != req.UserID {
		profile.IDCardNumber = nil
	}
	return usersapi.GetUserProfile200JSONResponse(profile), nil
}

// truncate cuts a text after at most so many characters.
func truncate(text string, most int) string {
	if r := []rune(text); len(r) > most {
		return string(r[:most])
	}
	return text
}
