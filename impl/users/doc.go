// Package users owns accounts, sessions and the keys that sign access tokens.
//
// It promises that a password is never kept or shown, that a token is refused from the request after the
// one that ended its session, that a refresh token is good for one exchange, and that whoever asks for
// another's account learns nothing from the answer.
package users
