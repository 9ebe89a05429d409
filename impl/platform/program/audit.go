package program

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"example.com/plumbline/impl/platform/audit"
	"example.com/plumbline/impl/platform/seal"
)

// AuditSettings are the settings of the command that verifies a service's audit log.
type AuditSettings struct {
	Keyed

	Head string `koanf:"head" usage:"what the service's log said when it sealed a batch, as in 7:0123…; without it the loss of the last batches does not show"`
}

// DefaultAudit returns the defaults of AuditSettings.
func DefaultAudit() AuditSettings { return AuditSettings{Keyed: Keyed{Database: DefaultDatabase()}} }

// Validate refuses settings that cannot work, before anything is touched.
func (s *AuditSettings) Validate() error {
	errs := []error{s.Keyed.Validate()}
	if s.Head != "" {
		_, err := audit.ParseHead(s.Head)
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// VerifyAudit compares the service's audit log with its seals and prints what is wrong and where. The error is
// audit.ErrTampered when something is.
func VerifyAudit(ctx context.Context, p Program, c AuditSettings, out io.Writer) error {
	master, err := seal.NewMasterKey(p.Name, c.MasterKey)
	if err != nil {
		return fmt.Errorf("master_key: %w", err)
	}
	pool, err := p.Open(ctx, c.Keyed, 1)
	if err != nil {
		return err
	}
	defer pool.Close()
	log, err := audit.New(pool, master, time.Now)
	if err != nil {
		return err
	}
	var known *audit.Head
	if c.Head != "" {
		head, err := audit.ParseHead(c.Head)
		if err != nil {
			return err
		}
		known = &head
	}
	told := time.Now()
	v, err := log.Verify(ctx, known, func(done, all int) {
		if time.Since(told) >= time.Second {
			told = time.Now()
			fmt.Fprintf(out, "verified %d of %d batches\n", done, all)
		}
	})
	for _, wrong := range v.Wrong {
		fmt.Fprintln(out, wrong)
	}
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(out, "%d entries in %d batches are as they were written; %d more wait to be sealed\n", v.Entries,
		v.Batches, v.Unsealed)
	if err == nil && v.Batches > 0 {
		_, err = fmt.Fprintf(out, "the head is %s\n", v.Head)
	}
	return err
}
