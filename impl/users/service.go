package users

import (
	"context"
	htmltemplate "html/template"
	"log/slog"
	"net/http"
	"strings"
	"sync/atomic"
	texttemplate "text/template"
	"time"

	"github.com/go-chi/chi/v5"
	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/microcosm-cc/bluemonday"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/riverqueue/river"

	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/gen/usersdb"
	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/events"
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

// Config is what New makes a service of.
type Config struct {
	Database Database
	// MasterKey is 32 bytes in base64, from which every secret of the service is derived.
	MasterKey telemetry.Secret
	// Issuer is the iss of access tokens; Audience is their aud.
	Issuer   string
	Audience []string
	Hashing  hashing.Config
	// Pool serves the jobs, on the same database as Database.
	Pool *pgxpool.Pool
	Tuning
	// Tracer records the traces of jobs; nil: none.
	Tracer *telemetry.Tracer
	// Log receives the log lines of jobs; nil discards them.
	Log *slog.Logger
	// Registry receives the metrics of jobs; nil discards them.
	Registry prometheus.Registerer
	// Clock gives the time; nil means time.Now.
	Clock func() time.Time
}

// Tuning is what may change while the service runs.
type Tuning struct {
	// Mailer sends the mails; nil discards them. PublicURL is the address of the front end, which the links lead to.
	Mailer    mail.Mailer
	PublicURL string
	// NoMails turns mails off: none is queued, and operations that need one are refused.
	NoMails bool
	// DeletionGrace is how long an account is kept after its owner has requested its deletion.
	DeletionGrace time.Duration
}

// Service answers every operation of openapi/users.yaml.
type Service struct {
	database    Database
	queries     usersdb.Querier
	hasher      *hashing.Hasher
	signer      *token.Signer
	keys        *keyring
	personal    *personal
	guard       *guard.Guard
	audit       *audit.Log
	jobs        *jobs.Jobs
	tuning      *atomic.Pointer[Tuning]
	texts       *texttemplate.Template
	markup      *htmltemplate.Template
	addresses   *seal.Sealer // seals the addresses of receivers of mails
	mailKey     []byte
	biographies *bluemonday.Policy // the markup that readers of a biography get
	throttle    *throttle.Store
	appSecrets  *seal.Sealer // seals the secrets of authenticator apps
	recoveryKey []byte
	mails       *prometheus.CounterVec
	refreshKey  []byte
	tagKey      []byte // makes the tags of refresh tokens
	issuer      string
	audience    []string
	clock       func() time.Time
}

var _ usersapi.StrictServerInterface = (*Service)(nil)

// serviceName names the service in its program, in the aud of tokens and in the keys derived from the master key.
const serviceName = "users"

// New makes the service, on a database that has been migrated. prepare makes its keys ready.
func New(c Config) (*Service, error) {
	master, err := seal.NewMasterKey(serviceName, c.MasterKey)
	if err != nil {
		return nil, err
	}
	s := &Service{
		database: c.Database, queries: usersdb.New(c.Database), issuer: c.Issuer, audience: c.Audience,
		tuning: new(atomic.Pointer[Tuning]), mails: newMailMetrics(), biographies: newBiographyPolicy(), clock: c.Clock,
	}
	if s.clock == nil {
		s.clock = time.Now
	}
	s.tune(c.Tuning)
	c.Hashing.Caller = httpapi.QueueKey // A known caller comes before an anonymous one.
	c.Hashing.Waits = httpapi.ReleasePermit
	if s.hasher, err = hashing.New(c.Hashing); err != nil {
		return nil, err
	}
	for _, k := range []struct {
		key     *[]byte
		purpose string
	}{
		{&s.refreshKey, "refresh tokens"},
		{&s.tagKey, "tags of refresh tokens"},
		{&s.mailKey, "tokens of mails"},
		{&s.recoveryKey, "recovery codes"},
	} {
		if *k.key, err = master.Derive(k.purpose); err != nil {
			return nil, err
		}
	}
	if s.appSecrets, err = master.Sealer("second factors"); err != nil {
		return nil, err
	}
	if s.throttle, err = throttle.New(c.Database, master); err != nil {
		return nil, err
	}
	if s.addresses, err = master.Sealer("addresses of mails"); err != nil {
		return nil, err
	}
	if err := s.parseMailTemplates(); err != nil {
		return nil, err
	}
	if s.jobs, err = s.newJobs(jobs.Config{Pool: c.Pool, Tracer: c.Tracer, Log: c.Log, Registry: c.Registry}); err != nil {
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
	if s.personal, err = newPersonal(master, s.inTx, s.clock); err != nil {
		return nil, err
	}
	verifier, err := token.NewVerifier(token.VerifierConfig{
		Issuer: s.issuer, Audience: serviceName, Keys: s.signer, Clock: s.clock,
	})
	if err != nil {
		return nil, err
	}
	s.guard = guard.New(guard.Config{Verifier: verifier, Read: s.readSession, Clock: s.clock})
	return s, nil
}

// tune puts a Tuning into force.
func (s *Service) tune(t Tuning) {
	if t.Mailer == nil {
		t.Mailer = mail.Discard{}
	}
	t.PublicURL = strings.TrimSuffix(t.PublicURL, "/")
	s.tuning.Store(&t)
}

// prepare reads the signing keys and the data keys from the database; where there is none it makes the first one.
func (s *Service) prepare(ctx context.Context) error {
	if err := s.keys.load(ctx); err != nil {
		return err
	}
	return s.personal.prepare(ctx)
}

// readSession gives a session that is in force and whose account is active, with the current roles of its user.
func (s *Service) readSession(ctx context.Context, claims token.Claims) (guard.Session, error) {
	row, err := s.queries.GetLiveSession(ctx, usersdb.GetLiveSessionParams{ID: claims.SessionID, Now: s.clock()})
	if err != nil {
		return guard.Session{}, explain(err, contract.ErrUnauthenticated)
	}
	return guard.Session{
		Principal: &httpapi.Principal{Subject: row.UserID, SessionID: row.ID, Roles: row.Roles},
		// Each exchange of a refresh token extends the session without a notification: the guard reads it again then.
		ExpiresAt: row.ExpiresAt,
	}, nil
}

// Described gives openapi/users.yaml with its policy, and the faults of this service.
func Described() (contract.Contract, error) {
	return contract.Describe(serviceName, usersapi.GetSpec, faults())
}

// Document is the document alone.
func Document() (*contract.Document, error) {
	described, err := Described()
	return described.Document, err
}

// Handler gives the HTTP handler of the service: the chain with its operations, documents and problem pages.
func (s *Service) Handler(o httpapi.Options) (http.Handler, error) {
	o.Authenticator, o.Faults, o.Clock = s.guard, faults(), s.clock
	o.Auditor, o.Throttle = s.audit, s.throttle
	chain, err := httpapi.New(o)
	if err != nil {
		return nil, err
	}
	strict := usersapi.NewStrictHandlerWithOptions(s, nil, usersapi.StrictHTTPServerOptions{
		RequestErrorHandlerFunc: chain.BindingFailed, ResponseErrorHandlerFunc: chain.HandlerFailed,
	})
	return chain.Handler(func(r chi.Router) {
		usersapi.HandlerWithOptions(strict, usersapi.ChiServerOptions{BaseRouter: r, ErrorHandlerFunc: chain.BindingFailed})
	}, httpapi.Pages(httpapi.Served{Name: o.Document.Name, YAML: openapi.Document(serviceName), JSON: o.Document.JSON}),
		httpapi.ProblemPages(contract.Contract{Document: o.Document, Faults: o.Faults}))
}

// tx is one transaction: its statements, and the jobs that run once it is committed.
type tx struct {
	usersdb.Querier

	db   pgx.Tx // for packages of the platform with statements of their own
	jobs *jobs.Jobs
}

// insert queues a job that runs after the commit; see jobs.Insert.
func (t tx) insert(ctx context.Context, job river.JobArgs, opts *river.InsertOpts) error {
	return t.jobs.Insert(ctx, t.db, job, opts)
}

// inTx runs fn in one transaction; see postgres.InTx. Every transaction of the service begins here. The events that its
// triggers write continue the trace of the request.
func (s *Service) inTx(ctx context.Context, fn func(tx tx) error) error {
	return postgres.InTx(ctx, s.database, func(db pgx.Tx) error {
		if err := events.ContinueTrace(ctx, db); err != nil {
			return err
		}
		return fn(s.txOf(db))
	})
}

func (s *Service) txOf(db pgx.Tx) tx { return tx{usersdb.New(db), db, s.jobs} }

// newID makes a UUIDv7 (RFC 9562), so that new rows stand together in their index.
func newID() uuid.UUID { return uuid.Must(uuid.NewV7()) }
