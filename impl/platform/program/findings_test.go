package program_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/impl/devkit/natsserver"
	"example.com/plumbline/impl/platform/program"
	"example.com/plumbline/impl/platform/settings"
	"example.com/plumbline/impl/testkit/pgtest"
	"example.com/plumbline/impl/testkit/programtest"
)

// safe is a database URL without findings.
const safe = "PARCELS_DATABASE_URL=postgres://parcels:canary@127.0.0.1:1/parcels"

// The findings of the settings that every service has.
func TestFindings(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		set   []string
		warns string // the setting; nothing where it is empty
	}{
		{nil, ""},
		{[]string{"PARCELS_NATS_URL="}, "nats_url"},
		{[]string{"PARCELS_NATS_URL=nats://u:canary@127.0.0.1:4222,nats://localhost:4223"}, ""},
		{[]string{"PARCELS_NATS_URL=nats://u:canary@127.0.0.1:4222,nats://u:canary@nats.example.com:4222"}, "nats_url"},
		{[]string{"PARCELS_NATS_URL=tls://u:canary@nats.example.com:4222"}, ""},
		{[]string{"PARCELS_OPS_ADDR=0.0.0.0:9090"}, "ops_addr"},
		{[]string{"PARCELS_OPS_ADDR=:9090"}, "ops_addr"},
		{[]string{"PARCELS_OPS_ADDR=[::]:9090"}, "ops_addr"},
		{[]string{"PARCELS_OPS_ADDR=203.0.113.9:9090"}, "ops_addr"},
		{[]string{"PARCELS_OPS_ADDR=10.0.0.5:9090"}, ""},
		{[]string{"PARCELS_OPS_ADDR=localhost:9090"}, ""},
		{[]string{"PARCELS_ADDR=0.0.0.0:8080"}, ""},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@db.example.com/parcels"}, "database_url"},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@db.example.com/parcels?sslmode=disable"}, "database_url"},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@db.example.com/parcels?sslmode=prefer"}, "database_url"},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@10.0.0.5/parcels?sslmode=allow"}, "database_url"},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@127.0.0.1,db.example.com/parcels?sslmode=disable"},
			"database_url"},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@db.example.com/parcels?sslmode=require"}, ""},
		{[]string{"PARCELS_DATABASE_URL=postgres://parcels:canary@db.example.com/parcels?sslmode=verify-full"}, ""},
		{[]string{"PARCELS_DATABASE_URL=postgres:///parcels?host=/run/postgresql"}, ""},
		{[]string{"PARCELS_TRUSTED_PROXIES=10.0.0.0/8"}, ""},
		{[]string{"PARCELS_TRUSTED_PROXIES=10.0.0.0/8,0.0.0.0/0"}, "trusted_proxies"},
		{[]string{"PARCELS_TRUSTED_PROXIES=::/0"}, "trusted_proxies"},
		{[]string{"PARCELS_TRUSTED_ORIGINS=https://shop.example.com,http://localhost:*"}, ""},
		{[]string{"PARCELS_TRUSTED_ORIGINS=http://shop.example.com"}, "trusted_origins"},
		{[]string{"PARCELS_REDIS_URL=redis://127.0.0.1:6379"}, ""},
		{[]string{"PARCELS_REDIS_URL=redis://u:canary@redis.example.com"}, "redis_url"},
		{[]string{"PARCELS_REDIS_URL=rediss://redis.example.com"}, "redis_url"},
		{[]string{"PARCELS_REDIS_URL=rediss://u:canary@redis.example.com"}, ""},
		{[]string{"PARCELS_RATE_LIMITS=false"}, "rate_limits"},
		{[]string{"PARCELS_SHED=false"}, "shed"},
	} {
		p := parcels(program.Check(program.DefaultServing()))
		environ := append([]string{"PARCELS_MASTER_KEY=" + masterKey, safe, "PARCELS_NATS_URL=nats://127.0.0.1:4222"},
			c.set...)
		out, err := programtest.Command(t, p.Run, environ, "check")
		require.NoError(t, err, c.set)
		programtest.RequireWarned(t, out, c.warns)
		require.NotContains(t, out, "canary")
		require.NotContains(t, out, masterKey)
	}
}

// The start warns of what check prints, and in development of nothing.
func TestServeWarns(t *testing.T) {
	t.Parallel()
	for development, want := range map[bool]string{false: "shed", true: ""} {
		p := parcels(serving(func(context.Context, *program.Process) (http.Handler, error) {
			return nil,
				errors.New("not built")
		}))
		p.Development = development
		environ := serveEnvironment(pgtest.URL(t, second, parts...),
			"PARCELS_SHED=false", "PARCELS_NATS_URL=nats://127.0.0.1:4222")
		out, err := programtest.Command(t, p.Run, environ, "serve")
		require.ErrorContains(t, err, "not built")
		programtest.RequireWarned(t, out, want)
	}
}

// A refused finding is not a warning as well.
func TestRefuse(t *testing.T) {
	t.Parallel()
	require.NoError(t, program.Refuse([]program.Finding{{Setting: "shed", Follows: "it waits"}}))
	err := program.Refuse([]program.Finding{{Setting: "scale", Follows: "nothing is weighed", Instead: "brass",
		Refused: true}})
	programtest.RequireSentence(t, err, "scale: nothing is weighed; set brass")
}

// A NATS that refuses the password ends the start; one that is away does not, as TestPublishWithoutNATS shows.
func TestAWrongPasswordOfNATS(t *testing.T) {
	t.Parallel()
	bus, err := natsserver.Start(t.Context(), natsserver.Options{Dir: t.TempDir(), Token: "right"})
	require.NoError(t, err)
	t.Cleanup(bus.Stop)
	for _, user := range []string{"canary@", ""} {
		url := fmt.Sprintf("nats://%s127.0.0.1:%d", user, bus.Port())
		p := parcels(serving(func(ctx context.Context, process *program.Process) (http.Handler, error) {
			_, err := process.Publish(ctx, []string{"parcel.posted"})
			return http.HandlerFunc(hello), err
		}))
		environ := serveEnvironment(pgtest.URL(t, second, parts...), "PARCELS_NATS_URL="+url)
		out, err := programtest.Command(t, p.Run, environ, "serve")
		programtest.RequireSentence(t, err, "nats_url: NATS refuses")
		require.NotContains(t, out+err.Error(), "canary")
	}
}

// refusing are settings of a service with a finding of its own that keeps it from starting.
type refusing struct{ program.Serving }

func (*refusing) Findings() program.Findings {
	return program.Findings{{Setting: "scale", Follows: "nothing is weighed", Instead: "brass", Refused: true}}
}

// A refused finding of a service's own keeps it from starting, and check names it.
func TestServeRefusesFindings(t *testing.T) {
	t.Parallel()
	p := program.Program{Name: "parcels", Commands: []program.Command{program.Check(refusing{program.DefaultServing()})}}
	environ := serveEnvironment("postgres://parcels@127.0.0.1:5432/parcels")
	live, err := settings.NewLive(p.Source(nil, environ), refusing{program.DefaultServing()})
	require.NoError(t, err)
	err = program.Serve(t.Context(), p, live, nil, io.Discard, nil)
	require.ErrorContains(t, err, "scale")
	_, err = programtest.Command(t, p.Run, environ, "check")
	require.ErrorContains(t, err, "scale")
}
