package users

import (
	"time"

	"github.com/oapi-codegen/nullable"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
)

func toAPIUserV1(u usersdb.User) usersapi.UserV1 {
	return usersapi.UserV1{ID: u.ID, Name: u.Name, Email: u.Email}
}

func toAPIUserV2(u usersdb.User) usersapi.UserV2 {
	return usersapi.UserV2{ID: u.ID, Name: u.Name, Email: u.Email, Avatar: u.Avatar, CreatedAt: utc(u.CreatedAt)}
}

func (s *Service) toAPIProfile(u usersdb.User, told confidential) usersapi.Profile {
	return usersapi.Profile{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, Avatar: u.Avatar,
		Phone: told.phone, IDCardNumber: told.idCardNumber, Biography: s.biography(u.Biography), Roles: toAPIRoles(u.Roles),
		DeletesAt: orNone(u.DeletesAt), CreatedAt: utc(u.CreatedAt), UpdatedAt: utc(u.UpdatedAt),
	}
}

func toAPIAdminUser(u usersdb.User) usersapi.AdminUser {
	return usersapi.AdminUser{
		ID: u.ID, Name: u.Name, Email: u.Email, EmailVerified: u.EmailVerifiedAt != nil, SecondFactor: u.SecondFactorAt != nil, Avatar: u.Avatar, Status: usersapi.UserStatus(u.Status), Roles: toAPIRoles(u.Roles),
		DeletesAt: orNone(u.DeletesAt), CreatedAt: utc(u.CreatedAt), UpdatedAt: utc(u.UpdatedAt),
	}
}

func toAPIEmailChange(link usersdb.EmailToken) usersapi.EmailChange {
	return usersapi.EmailChange{Email: link.Email, ExpiresAt: utc(link.ExpiresAt), MailedAt: utc(link.MailedAt), NextMailAt: utc(nextMailAt(link))}
}

func toAPIRoles(roles []string) []usersapi.Role { return convertAll[usersapi.Role](roles) }

func toDBRoles(roles []usersapi.Role) []string { return convertAll[string](roles) }

func convertAll[To, From ~string](from []From) []To {
	to := make([]To, len(from))
	for i, v := range from {
		to[i] = To(v)
	}
	return to
}

func toAPISession(s usersdb.Session, current bool) usersapi.Session {
	return usersapi.Session{
		ID: s.ID, Current: current, Address: s.Address, UserAgent: s.UserAgent,
		CreatedAt: utc(s.CreatedAt), LastUsedAt: utc(s.LastUsedAt), ExpiresAt: utc(s.ExpiresAt),
	}
}

// utc writes every time with a Z.
func utc(t time.Time) time.Time { return t.UTC() }

// orNone is utc of a time that may be missing.
func orNone(t *time.Time) *time.Time {
	if t == nil {
		return nil
	}
	u := utc(*t)
	return &u
}

// orNull gives a value that is null where there is none.
func orNull(s *string) nullable.Nullable[string] {
	if s == nil {
		return nullable.NewNullNullable[string]()
	}
	return nullable.NewNullableWithValue(*s)
}

// orNil gives nil for null; whether the value was sent at all is asked with IsSpecified.
func orNil(v nullable.Nullable[string]) *string {
	if s, err := v.Get(); err == nil {
		return &s
	}
	return nil
}
