package program

import (
	"context"
	"embed"
	"fmt"
	"strings"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"example.com/plumbline/impl/platform/postgres"
	"example.com/plumbline/impl/platform/seal"
	"example.com/plumbline/impl/platform/telemetry"
)

//go:embed schema/*.sql
var schema embed.FS

// Tables is the part of a database's schema that has the proof of the master key. It stands behind audit.Tables.
var Tables = postgres.NewTables("program", schema)

// The proof is the one row of master_key_proof: a text that was sealed for proofPurpose with the master key of the
// database. A database that is older than the table has other values that were sealed with it.
const (
	proofPurpose = "proof of the master key"
	proofName    = "master_key_proof/"

	readProof = `SELECT purpose, name, sealed FROM master_key_proof`
	keepProof = `
INSERT INTO master_key_proof (purpose, name, sealed)
VALUES ($1, $2, $3)
ON CONFLICT DO NOTHING`
)

// prove refuses a master key other than the one that the database is used with, because nobody else could open what it
// seals. The first process to use a database stores its own proof. If several start at once, one succeeds and the
// others are compared with it.
func (p Program) prove(ctx context.Context, pool *pgxpool.Pool, key telemetry.Secret) error {
	master, err := seal.NewMasterKey(p.Name, key)
	if err != nil {
		return fmt.Errorf("master_key: %w", err)
	}
	var purpose, name string
	var sealed []byte
	read := func() error { return pool.QueryRow(ctx, readProof).Scan(&purpose, &name, &sealed) }
	err = read()
	if postgres.IsNoRows(err) {
		own, failed := master.Sealer(proofPurpose)
		if failed != nil {
			return failed
		}
		err = postgres.InTx(ctx, pool, func(tx pgx.Tx) error {
			_, err := tx.Exec(ctx, keepProof, proofPurpose, proofName, own.Seal(nil, proofName))
			return err
		})
		if err == nil {
			err = read()
		}
	}
	if err != nil {
		return fmt.Errorf("prove the master key: %w", err)
	}
	sealer, err := master.Sealer(purpose)
	if err != nil {
		return err
	}
	if _, err := sealer.Open(sealed, name); err != nil {
		return fmt.Errorf("master_key is not the key that this database is used with: "+
			"give %s_MASTER_KEY the one that the other replicas have, or that was kept with the backup",
			strings.ToUpper(p.Name))
	}
	return nil
}
