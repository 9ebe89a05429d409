package postgres

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/puddle/v2"
)

// The SQLSTATE codes that this package handles.
// Source: https://www.postgresql.org/docs/current/errcodes-appendix.html
const (
	codeFeatureNotSupported  = "0A000"
	codeReadOnly             = "25006"
	codeTransactionTimeout   = "25P04"
	codeWrongPassword        = "28P01"
	codeNotAuthorised        = "28000"
	codeNoDatabase           = "3D000"
	codeSerializationFailure = "40001"
	codeUnknownCompletion    = "40003"
	codeDeadlock             = "40P01"
	codeNoPrivilege          = "42501"
	codeNoTable              = "42P01"
	codeLockTimeout          = "55P03"
	codeQueryCanceled        = "57014"
	codeStartingUp           = "57P03"

	codeProtocolViolation = "08P01"
	codeDiskFull          = "53100"

	classConnection   = "08"
	classNoResources  = "53" // too many connections, disk full, out of memory
	classIntervention = "57P"
)

func sqlState(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.Code
	}
	return ""
}

// Constraint returns the name of the constraint that a statement violated, or "".
func Constraint(err error) string {
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return pgErr.ConstraintName
	}
	return ""
}

// IsNoRows tells whether a query for one row found none.
func IsNoRows(err error) bool {
	return errors.Is(err, pgx.ErrNoRows)
}

// IsUnavailable tells whether the database could not be used: it was not reached, the connection was lost, no
// connection of the pool or of a share came free, it is shutting down, out of resources or a standby, or a transaction
// lost to others in every attempt. A later attempt may succeed.
func IsUnavailable(err error) bool {
	if err == nil || errors.Is(err, context.Canceled) {
		return false
	}
	// A server that refuses the login is as unavailable as none.
	if _, connecting := errors.AsType[*pgconn.ConnectError](err); connecting {
		return true
	}
	if code := sqlState(err); code != "" {
		return strings.HasPrefix(code, classConnection) ||
			strings.HasPrefix(code, classNoResources) ||
			strings.HasPrefix(code, classIntervention) ||
			code == codeReadOnly || code == codeUnknownCompletion ||
			code == codeSerializationFailure || code == codeDeadlock
	}
	for _, target := range []error{
		ErrAcquireTimeout, ErrShareUsedUp, ErrUnknownOutcome, puddle.ErrClosedPool, pgconn.ErrConnClosed, net.ErrClosed,
		io.ErrUnexpectedEOF, syscall.ECONNREFUSED, syscall.ECONNRESET, syscall.EPIPE,
	} {
		if errors.Is(err, target) {
			return true
		}
	}
	return false
}

// IsTimeout tells whether a statement was given up because it, or its wait for a lock, took too long.
func IsTimeout(err error) bool {
	switch sqlState(err) {
	case codeQueryCanceled, codeLockTimeout, codeTransactionTimeout:
		return true
	case "":
		return pgconn.Timeout(err) && !errors.Is(err, context.Canceled) && !IsUnavailable(err)
	}
	return false
}

// IsLockTimeout tells whether a statement was given up because it waited too long for a lock.
func IsLockTimeout(err error) bool { return sqlState(err) == codeLockTimeout }

// failure is one sentence for an operator, with the cause for errors.Is and errors.As.
type failure struct {
	sentence string
	cause    error
}

func (f *failure) Error() string { return f.sentence }
func (f *failure) Unwrap() error { return f.cause }

// explainURL never wraps the error of pgx or net/url, whose text may hold the password.
func explainURL(err error) error {
	if file, ok := errors.AsType[*fs.PathError](err); ok {
		return fmt.Errorf("the database URL names the file %s, which cannot be read: %w", file.Path, file.Err)
	}
	return errors.New("the database URL cannot be understood: write it as postgres://user:password@host:5432/database" +
		" and percent-encode special characters of the password (@ is %40, / is %2F, % is %25)")
}

// explainConnect gives one sentence why there is no connection. Causes that may show the configuration are not wrapped.
func explainConnect(cfg *pgconn.Config, err error) error {
	where := place(cfg)
	if pgErr, ok := errors.AsType[*pgconn.PgError](err); ok {
		return &failure{sentence: explainRefusal(cfg, where, pgErr), cause: pgErr}
	}
	var dns *net.DNSError
	switch {
	case errors.As(err, &dns):
		return &failure{where + " cannot be reached: the host name is not known; correct the host in the database URL", dns}
	case errors.Is(err, syscall.ECONNREFUSED), errors.Is(err, fs.ErrNotExist):
		return &failure{
			where + " does not answer: nothing listens there; start the server or correct host and port in the database URL",
			syscall.ECONNREFUSED,
		}
	case errors.Is(err, fs.ErrPermission):
		return &failure{
			where + " cannot be reached: this account may not open its socket; " +
				"run as another account or correct the database URL",
			fs.ErrPermission,
		}
	case errors.Is(err, pgconn.ErrReadOnlyConnection), errors.Is(err, pgconn.ErrStandbyConnection):
		return &failure{
			where + " takes no writes: promote a server, or correct the hosts or target_session_attrs in the database URL",
			pgconn.ErrReadOnlyConnection,
		}
	case errors.Is(err, context.Canceled):
		return &failure{where + " was not reached: the start was interrupted", context.Canceled}
	case pgconn.Timeout(err), errors.Is(err, context.DeadlineExceeded), errors.Is(err, ErrAcquireTimeout):
		return &failure{
			where + " does not answer in time: check the network and the server, or correct host and port in the database URL",
			context.DeadlineExceeded,
		}
	}
	return &failure{where + " cannot be used: " + innermost(err) + "; check the server and the database URL", nil}
}

func explainRefusal(cfg *pgconn.Config, where string, err *pgconn.PgError) string {
	switch err.Code {
	case codeWrongPassword, codeNotAuthorised:
		return fmt.Sprintf(
			"%s refuses the user %q: correct user and password in the database URL, or allow the user in pg_hba.conf", where,
			cfg.User,
		)
	case codeNoDatabase:
		return fmt.Sprintf(
			"%s: there is no such database; create it (CREATE DATABASE %s) or correct its name in the database URL", where,
			pgx.Identifier{cfg.Database}.Sanitize(),
		)
	case codeNoPrivilege:
		return fmt.Sprintf(
			"%s: the user %q may not connect; GRANT CONNECT to it or correct the user in the database URL", where, cfg.User,
		)
	case codeProtocolViolation: // PgBouncer refuses a parameter that it does not know.
		return fmt.Sprintf(
			"%s refuses what this program sets for its sessions (%s): name it in ignore_startup_parameters "+
				"of the pooler, and set it for the role",
			where, err.Message,
		)
	case codeStartingUp:
		return where + " is starting up or shutting down: try again in a moment"
	}
	if strings.HasPrefix(err.Code, classNoResources) {
		return fmt.Sprintf("%s is out of resources (%s): raise max_connections or make the pools smaller", where, err.Message)
	}
	return fmt.Sprintf("%s refuses the connection (SQLSTATE %s: %s): check the database URL", where, err.Code, err.Message)
}

// place names the database and every server that was tried.
func place(cfg *pgconn.Config) string {
	return fmt.Sprintf("PostgreSQL at %s (database %q)", strings.Join(servers(cfg), ", "), cfg.Database)
}

// servers are the addresses of a configuration, in the order of the attempts.
func servers(cfg *pgconn.Config) []string {
	all := []string{address(cfg.Host, cfg.Port)}
	for _, other := range cfg.Fallbacks { // pgx tries a server with TLS and without.
		if next := address(other.Host, other.Port); !slices.Contains(all, next) {
			all = append(all, next)
		}
	}
	return all
}

func address(host string, port uint16) string {
	number := strconv.Itoa(int(port))
	if strings.HasPrefix(host, "/") {
		return filepath.Join(host, ".s.PGSQL."+number)
	}
	return net.JoinHostPort(host, number)
}

// innermost returns the text of the last cause, on one line.
func innermost(err error) string {
	for {
		{
			var e interface{ Unwrap() []error }
			var e1 interface{ Unwrap() error }
			switch {
			case errors.As(err, &e):
				all := e.Unwrap()
				if len(all) == 0 {
					return oneLine(err.Error())
				}
				err = all[len(all)-1]
			case errors.As(err, &e1):
				if e1.Unwrap() == nil {
					return oneLine(err.Error())
				}
				err = e1.Unwrap()
			default:
				return oneLine(err.Error())
			}
		}
	}
}

func oneLine(s string) string {
	return strings.Join(strings.Fields(s), " ")
}
