package users

import (
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/platform/hashing"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/mail"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/telemetry"
	"example.com/plumbline/openapi"
)

// hashSettings are the settings of the commands that may hash a password.
type hashSettings struct {
	HashMemoryKiB   uint32 `koanf:"hash_memory_kib" unit:"KiB" usage:"memory of one password hash, in KiB (argon2id)"`
	HashIterations  uint32 `koanf:"hash_iterations" unit:"passes" usage:"passes over that memory"`
	HashParallelism uint8  `koanf:"hash_parallelism" unit:"lanes" usage:"lanes of one password hash"`
}

type serveSettings struct {
	program.Serving
	hashSettings

	Issuer    string        `koanf:"issuer" usage:"the iss of access tokens"`
	Audience  []string      `koanf:"audience" usage:"the services that accept access tokens"`
	HashQueue int           `koanf:"hash_queue" unit:"hashes" usage:"password hashes that may wait for their turn"`
	HashWait  time.Duration `koanf:"hash_wait" reload:"true" usage:"how long a password hash waits for its turn"`

	DeletionGrace time.Duration `koanf:"deletion_grace" reload:"true" usage:"how long an account is kept whose owner wants it deleted"`

	Mail      string `koanf:"mail" reload:"true" usage:"smtp, or off: then no address is verified or changed, and no password reset"`
	MailFrom  string `koanf:"mail_from" reload:"true" usage:"who mails are from, as in Plumbline <no-reply@example.com>"`
	PublicURL string `koanf:"public_url" reload:"true" usage:"the front end that links in mails lead to, as in https://shop.example.com"`

	SMTPAddr     string           `koanf:"smtp_addr" reload:"true" usage:"the mail server, as in mail.example.com:587"`
	SMTPUser     string           `koanf:"smtp_user" reload:"true" usage:"who logs in at the mail server; nobody does without"`
	SMTPPassword telemetry.Secret `koanf:"smtp_password" reload:"true" usage:"the password of smtp_user"`
	SMTPTLS      mail.Encryption  `koanf:"smtp_tls" reload:"true" usage:"starttls, implicit, or none for a server on the same machine"`
}

// The values of the setting mail.
const (
	mailSMTP = "smtp"
	mailOff  = "off"
)

// newMailer makes the mailer that the settings describe.
func (c *serveSettings) newMailer() (mail.Mailer, error) {
	if c.Mail == mailOff {
		return mail.Discard{}, nil
	}
	return mail.NewSMTP(mail.SMTPConfig{
		Addr: c.SMTPAddr, User: c.SMTPUser, Password: c.SMTPPassword, From: c.MailFrom, Encryption: c.SMTPTLS,
	})
}

// tuning is what the service makes of the settings. A mailer that is not nil takes the place of theirs.
func (c *serveSettings) tuning(mailer mail.Mailer) (Tuning, error) {
	t := Tuning{
		Mailer: mailer, NoMails: mailer == nil && c.Mail == mailOff, PublicURL: c.PublicURL, DeletionGrace: c.DeletionGrace,
	}
	if mailer != nil {
		return t, nil
	}
	var err error
	t.Mailer, err = c.newMailer()
	return t, err
}

func (c *serveSettings) validateMail() error {
	var errs []error
	if err := hosts.CheckHTTP(c.PublicURL); err != nil {
		errs = append(errs, fmt.Errorf("public_url %w", err))
	} else if u, err := url.Parse(c.PublicURL); err == nil && hosts.IsOddIPv4(u.Host) {
		errs = append(errs,
			errors.New("public_url has an IPv4 address that is not written in four decimal parts, as in 203.0.113.9"))
	}
	switch c.Mail {
	case mailOff:
	case mailSMTP:
		errs = append(errs, c.validateSMTP())
	default:
		errs = append(errs, errUnknownMail(c.Mail))
	}
	return errors.Join(errs...)
}

// validateSMTP names the settings that the mailer refuses.
func (c *serveSettings) validateSMTP() error {
	if c.SMTPAddr == "" {
		return errors.New("smtp_addr is missing: name the mail server, or write mail=off to go without mails")
	}
	_, refused := c.newMailer()
	var errs []error
	for _, part := range []struct {
		err     error
		setting string
	}{
		{mail.ErrAddr, "smtp_addr"}, {mail.ErrFrom, "mail_from"}, {mail.ErrEncryption, "smtp_tls"},
		{mail.ErrPlainPassword, "smtp_user, smtp_tls"},
	} {
		if errors.Is(refused, part.err) {
			errs = append(errs, fmt.Errorf("%s: %w", part.setting, part.err))
		}
	}
	if refused != nil && len(errs) == 0 {
		return refused
	}
	return errors.Join(errs...)
}

func errUnknownMail(mail string) error { return fmt.Errorf("mail is %q: write smtp or off", mail) }

// Findings adds the findings of mails, hashes and tokens.
func (c *serveSettings) Findings() program.Findings {
	found := c.Serving.Findings()
	mails := c.Mail == mailSMTP
	found.Add(
		!mails, "mail", "no address is verified, no password is reset, and nobody is told of what happens to their account",
		"mail=smtp and smtp_addr",
	)
	u, err := url.Parse(c.PublicURL)
	switch {
	case !mails || err != nil:
	case hosts.IsLoopback(u.Host) || hosts.IsEverywhere(u.Host):
		found = append(found, program.Finding{
			Setting: "public_url", Follows: "links in mails lead nowhere but to the reader's own machine",
			Instead: "where the front end is, as in https://shop.example.com",
			Refused: c.SMTPAddr != "" && !hosts.IsLoopback(c.SMTPAddr),
		})
	default:
		found.Add(
			u.Scheme == "http", "public_url", "the links in mails, which open accounts, go over the network in the clear",
			"an https address",
		)
	}
	found.Add(
		mails && c.SMTPTLS == mail.None && !hosts.IsLoopback(c.SMTPAddr), "smtp_tls",
		"mails, with links that open accounts, go to the mail server in the clear", "starttls or implicit",
	)
	found.Add(
		mails && c.SMTPUser == "" && c.SMTPPassword.Reveal() != "", "smtp_user",
		"nobody logs in at the mail server, although there is a password", "whose password it is",
	)
	p := hashing.DefaultParams()
	found.Add(
		c.HashMemoryKiB < p.MemoryKiB || c.HashIterations < p.Iterations, "hash_memory_kib",
		"passwords from a stolen database are found sooner than those of the default",
		"at least the defaults of hash_memory_kib and hash_iterations",
	)
	for _, service := range openapi.Services() {
		found.Add(
			service != serviceName && !slices.Contains(c.Audience, service), "audience",
			"the "+service+" service refuses every token", strings.Join(openapi.Services(), ","),
		)
	}
	return found
}

type adminSettings struct {
	program.Keyed
	hashSettings

	Email string `koanf:"email" required:"true" usage:"the administrator's e-mail address"`
	Name  string `koanf:"name" usage:"the administrator's name"`

	Mail string `koanf:"mail" usage:"as for serve: with off the account's owner is not told by mail"`

	AllowUnverified bool `koanf:"allow_unverified" usage:"take an unverified account: clear it and give it a new password"`
}

type rotateSettings struct {
	program.Keyed
	hashSettings
}

// Validate refuses settings that cannot work, before anything is started.
func (c *serveSettings) Validate() error {
	errs := []error{c.Serving.Validate(), c.validateMail(), program.Refuse(c.Findings())}
	if !slices.Contains(c.Audience, serviceName) {
		errs = append(errs, errors.New("audience lacks "+serviceName+": this service would refuse its own tokens"))
	}
	if c.HashQueue < 1 {
		errs = append(errs, errors.New("hash_queue is more than nothing"))
	}
	if c.HashWait <= 0 {
		errs = append(errs, errors.New("hash_wait is more than nothing"))
	}
	if c.DeletionGrace < 0 {
		errs = append(errs, errors.New("deletion_grace is not less than nothing"))
	}
	return errors.Join(errs...)
}

// Validate refuses settings that cannot work, before anything is started.
func (c *adminSettings) Validate() error {
	errs := []error{c.Keyed.Validate()}
	if c.Mail != mailSMTP && c.Mail != mailOff {
		errs = append(errs, errUnknownMail(c.Mail))
	}
	formats := format.All()
	if err := formats["email"].Validate(c.Email); err != nil {
		errs = append(errs, fmt.Errorf("email: %w", err))
	}
	characters := utf8.RuneCountInString(format.Text(c.Name))
	if formats["line"].Validate(c.Name) != nil || characters < 1 || characters > 100 {
		errs = append(errs, errors.New("name is one line of 1 to 100 characters that neither begins nor ends with a space"))
	}
	return errors.Join(errs...)
}

func defaultHashes() hashSettings {
	p := hashing.DefaultParams()
	return hashSettings{HashMemoryKiB: p.MemoryKiB, HashIterations: p.Iterations, HashParallelism: p.Parallelism}
}

func (k *hashSettings) hashing() hashing.Config {
	return hashing.Config{Params: hashing.Params{
		MemoryKiB: k.HashMemoryKiB, Iterations: k.HashIterations, Parallelism: k.HashParallelism,
	}}
}

func defaultServe() serveSettings {
	return serveSettings{
		Serving: program.DefaultServing(), hashSettings: defaultHashes(),
		Issuer: "plumbline", Audience: openapi.Services(), HashQueue: 24, HashWait: time.Second,
		DeletionGrace: 14 * 24 * time.Hour,
		Mail:          mailSMTP, SMTPTLS: mail.StartTLS, PublicURL: "http://127.0.0.1:8080",
	}
}

func defaultAdmin() adminSettings {
	return adminSettings{
		Keyed: program.Keyed{Database: program.DefaultDatabase()}, hashSettings: defaultHashes(), Name: "Administrator",
		Mail: mailSMTP,
	}
}

func defaultRotate() rotateSettings {
	return rotateSettings{Keyed: program.Keyed{Database: program.DefaultDatabase()}, hashSettings: defaultHashes()}
}
