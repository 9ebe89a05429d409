package users

import (
	"context"
	htmltemplate "html/template"
	"log/slog"
	"net/http"
	"strings"
	texttemplate "text/template"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/microcosm-cc/bluemonday"
	"github.com/prometheus/client_golang/prometheus"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/guard"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/jobs"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/impl/platform/throttle"
	"example.com/plumbline/impl/platform/token"
	"example.com/plumbline/openapi"
)

// Database is a pool, or a transaction that a test rolls back.
type Database interface {
	usersdb.DBTX
	postgres.Beginner
}

// Config is what a service is made of.
type Config struct {
	Database Database
	// MasterKey is 32 bytes in base64, from which every secret of the service is derived.
	MasterKey telemetry.Secret
	// Issuer stands in every token; Audience are the services that accept them.
	Issuer   string
	Audience []string
	Hashing  hashing.Config
	// Pool is that of the jobs, in the same database.
	Pool *pgxpool.Pool
	// Mailer takes the mails; nil: they go nowhere. PublicURL is where the front end is that their links lead to.
	Mailer    mail.Mailer
	PublicURL string
	// NoMails is that nobody is sent any: nothing is kept for one, and what consists of one is refused.
	NoMails bool
	// DeletionGrace is how long an account is kept whose owner wants it deleted.
	DeletionGrace time.Duration
	// Log is told what goes wrong with jobs; nil: nobody is.
	Log *slog.Logger
	// Registry takes the metrics of jobs; nil: none does.
	Registry prometheus.Registerer
	// Clock tells the time; nil is the system's.
	Clock func() time.Time
}

// Service answers every operation of openapi/users.yaml.
type Service struct {
	database      Database
	queries       usersdb.Querier
	hasher        *hashing.Hasher
	signer        *token.Signer
	keys          *keyring
	personal      *personal
	guard         *guard.Guard
	audit         *audit.Log
	jobs          *jobs.Jobs
	mailer        mail.Mailer
	noMails       bool
	texts         *texttemplate.Template
	markup        *htmltemplate.Template
	addresses     *seal.Sealer // of who has asked for a mail
	mailKey       []byte
	biographies   *bluemonday.Policy // what their readers get
	throttle      *throttle.Store
	appSecrets    *seal.Sealer // of authenticator apps
	recoveryKey   []byte
	mails         *prometheus.CounterVec
	publicURL     string
	deletionGrace time.Duration
	refreshKey    []byte
	tagKey        []byte // of refresh tokens
	issuer        string
	audience      []string
	clock         func() time.Time
}

var _ usersapi.StrictServerInterface = (*Service)(nil)

// serviceName is what the service is called: in its program, in a token's aud, in the keys derived from the master key.
const serviceName = "users"

// New makes the service and its keys ready, on a database that has been migrated.
func New(ctx context.Context, c Config) (*Service, error) {
	master, err := seal.NewMasterKey(serviceName, c.MasterKey)
	if err != nil {
		return nil, err
	}
	s := &Service{database: c.Database, queries: usersdb.New(c.Database), issuer: c.Issuer, audience: c.Audience, mailer: c.Mailer, noMails: c.NoMails, publicURL: strings.TrimSuffix(c.PublicURL, "/"), deletionGrace: c.DeletionGrace, biographies: newBiographyPolicy(), clock: c.Clock}
	if s.clock == nil {
		s.clock = time.Now
	}
	if s.mailer == nil {
		s.mailer = mail.Discard{}
	}
	c.Hashing.Caller = httpapi.From // Who is known comes before strangers.
	c.Hashing.Waits = httpapi.GiveWay
	if s.hasher, err = hashing.New(c.Hashing); err != nil {
		return nil, err
	}
	if s.refreshKey, err = master.Derive("refresh tokens"); err != nil {
		return nil, err
	}
	if s.tagKey, err = master.Derive("tags of refresh tokens"); err != nil {
		return nil, err
	}
	if s.mailKey, err = master.Derive("tokens of mails"); err != nil {
		return nil, err
	}
	if s.appSecrets, err = master.Sealer("second factors"); err != nil {
		return nil, err
	}
	if s.recoveryKey, err = master.Derive("recovery codes"); err != nil {
		return nil, err
	}
	if s.throttle, err = throttle.New(c.Database, master, explain); err != nil {
		return nil, err
	}
	if s.addresses, err = master.Sealer("addresses of mails"); err != nil {
		return nil, err
	}
	s.mails = newMailMetrics()
	if err := s.readMails(); err != nil {
		return nil, err
	}
	if s.jobs, err = s.newJobs(jobs.Config{Pool: c.Pool, Log: c.Log, Registry: c.Registry}); err != nil {
		return nil, err
	}
	if s.audit, err = audit.New(c.Database, master, s.clock); err != nil {
		return nil, err
	}
	s.signer = token.NewSigner(s.clock)
	sealer, err := master.Sealer("signing keys")
	if err != nil {
		return nil, err
	}
	s.keys = &keyring{inTx: s.inTx, sealer: sealer, signer: s.signer, clock: s.clock}
	if err := s.keys.load(ctx); err != nil {
		return nil, err
	}
	if s.personal, err = newPersonal(master, s.inTx, s.clock); err != nil {
		return nil, err
	}
	if err := s.personal.prepare(ctx); err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{Issuer: s.issuer, Audience: serviceName, Keys: s.signer, Clock: s.clock})
	if err != nil {
		return nil, err
	}
	s.guard = guard.New(guard.Config{Verifier: verifier, Read: s.readSession, Clock: s.clock})
	return s, nil
}

// readSession gives a session that is in force and whose account is active, with what its user may do now.
func (s *Service) readSession(ctx context.Context, claims token.Claims) (guard.Session, error) {
	row, err := s.queries.GetLiveSession(ctx, usersdb.GetLiveSessionParams{ID: claims.SessionID, Now: s.clock()})
	if postgres.IsNoRows(err) {
		return guard.Session{}, httpapi.ErrUnauthenticated
	}
	if err != nil {
		return guard.Session{}, explain(err)
	}
	return guard.Session{
		Principal: &httpapi.Principal{Subject: row.UserID, SessionID: row.ID, Roles: row.Roles},
		// Every exchange of a refresh token moves the end of its session, which is announced to nobody: it is read again then.
		ExpiresAt: row.ExpiresAt,
	}, nil
}

// Document loads openapi/users.yaml with its policy.
func Document() (*httpapi.Document, error) {
	spec, err := usersapi.GetSpec()
	if err != nil {
		return nil, err
	}
	return httpapi.Load("users", spec)
}

// Described is the document with the faults of this service.
func Described() (httpapi.Described, error) {
	document, err := Document()
	return httpapi.Described{Document: document, Faults: faults()}, err
}

// Handler gives the service's whole way in and out. Of the options it sets what is its own.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Authenticator, o.Faults, o.Clock, o.Auditor, o.Throttle = s.guard, faults(), s.clock, s.audit, s.throttle
	chain, err := httpapi.New(o)
	if err != nil {
		return nil, err
	}
	strict := usersapi.NewStrictHandlerWithOptions(s, nil, usersapi.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
	})
	return chain.Handler(func(r chi.Router) {
		usersapi.HandlerWithOptions(strict, usersapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed})
	}, httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: openapi.Document("users"), JSON: o.Document.JSON}),
		httpapi.ProblemPages(httpapi.Described{Document: o.Document, Faults: o.Faults}))
}

// inTx runs several statements as one.
func (s *Service) inTx(ctx context.Context, fn func(usersdb.Querier) error) error {
	return postgres.InTx(ctx, s.database, func(tx pgx.Tx) error { return fn(usersdb.New(tx)) })
}

const (
	keysEvery  = 30 * time.Second
	purgeEvery = time.Hour
	purgeBatch = 1000
)

// maintain does what nobody asks for until ctx ends: it watches for changes to sessions, takes up new signing keys
// and removes sessions that are long over.
func (s *Service) maintain(ctx context.Context, config *pgx.ConnConfig, log *slog.Logger) {
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		s.guard.Watch(ctx, config, "sessions", log)
	}()
	defer func() { <-watched }()
	keys, purge := time.NewTicker(keysEvery), time.NewTicker(purgeEvery)
	defer keys.Stop()
	defer purge.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-keys.C:
			if err := s.keys.load(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "signing keys stay as they were", slog.Any("error", err))
			}
		case <-purge.C:
			if err := s.purge(ctx); err != nil && ctx.Err() == nil {
				log.ErrorContext(ctx, "old sessions stay", slog.Any("error", err))
			}
		}
	}
}

// purge removes what is over: tokens of mails, challenges of logins, sessions that ended a while ago, counts of failures, networks that nobody has
// used, in batches that lock little.
func (s *Service) purge(ctx context.Context) error {
	now := s.clock()
	for _, batch := range []func() (int64, error){
		func() (int64, error) {
			return s.queries.PurgeEmailTokens(ctx, usersdb.PurgeEmailTokensParams{ExpiredBefore: now, CountedBefore: now.Add(-mailsCounted), RowLimit: purgeBatch})
		},
		func() (int64, error) {
			return s.queries.PurgeChallenges(ctx, usersdb.PurgeChallengesParams{ExpiredBefore: now, RowLimit: purgeBatch})
		},
		func() (int64, error) {
			over, err := s.queries.ListOverSessions(ctx, usersdb.ListOverSessionsParams{RanOutBefore: now.Add(-sessionLifetime), EndedBefore: now.Add(-endedMemory), RowLimit: purgeBatch})
			if err == nil {
				err = s.purgeSpentTokens(ctx, over)
			}
			if err != nil {
				return 0, err
			}
			return int64(len(over)), s.queries.DeleteSessions(ctx, over)
		},
	} {
		for purged := int64(purgeBatch); purged == purgeBatch; {
			var err error
			if purged, err = batch(); err != nil {
				return err
			}
		}
	}
	return s.throttle.Purge(ctx, now)
}

// purgeSpentTokens removes the spent refresh tokens of sessions that are going to be removed, in batches: with the sessions goes what is
// left, which is little, and so no statement removes more than it has the time for.
func (s *Service) purgeSpentTokens(ctx context.Context, sessions []uuid.UUID) error {
	for purged := int64(purgeBatch); purged == purgeBatch; {
		var err error
		if purged, err = s.queries.PurgeSpentTokens(ctx, usersdb.PurgeSpentTokensParams{Sessions: sessions, RowLimit: purgeBatch}); err != nil {
			return err
		}
	}
	return nil
}
