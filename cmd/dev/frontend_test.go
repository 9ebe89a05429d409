package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/devapi"
	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/usersapi"
	"example.com/plumbline/impl/testkit/contracttest"
)

// TestFrontEndMode is what a front end's own tests do, through the generated clients.
func TestFrontEndMode(t *testing.T) {
	t.Parallel()
	p := newProgram(t)
	usersAddr, ordersAddr := freeAddr(t), freeAddr(t)
	p.start("USERS_ADDR="+usersAddr, "ORDERS_ADDR="+ordersAddr, "PLUMBLINE_DEV_PASSWORD=chosen by the developer").ready(t)
	mode, err := devapi.NewClientWithResponses("http://" + p.addr)
	require.NoError(t, err)

	// The services themselves have none of it.
	for _, addr := range []string{usersAddr, ordersAddr} {
		for _, path := range []string{"personas", "faults", "clock", "reset"} {
			answer, err := http.Get("http://" + addr + "/dev/v1/" + path)
			require.NoError(t, err)
			require.NoError(t, answer.Body.Close())
			require.Equal(t, http.StatusNotFound, answer.StatusCode, path)
		}
	}

	bearer := func(access string) func(context.Context, *http.Request) error {
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Authorization", "Bearer "+access)
			return nil
		}
	}
	as := func(persona string) *ordersapi.ClientWithResponses {
		got, err := mode.StartPersonaSessionWithResponse(t.Context(), persona, devapi.StartPersonaSessionRequest{})
		require.NoError(t, err)
		access := contracttest.Body(t, got, got.JSON200).AccessToken
		client, err := ordersapi.NewClientWithResponses("http://"+p.addr, ordersapi.WithRequestEditorFn(bearer(access)))
		require.NoError(t, err)
		return client
	}
	listed, err := mode.GetPersonasWithResponse(t.Context())
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, listed, listed.JSON200).Personas, 7)

	secondFactorOfPersona(t, "http://"+p.addr, mode)

	// A rule lets the next order fail as it would fail, and the one after it succeed.
	customer := as("customer")
	words, once := "brass bob", int32(1)
	found, err := customer.ListProductsWithResponse(t.Context(), &ordersapi.ListProductsParams{Q: &words})
	require.NoError(t, err)
	place := func(key string) *ordersapi.CreateOrderResponse {
		product := contracttest.Body(t, found, found.JSON200).Items[0].ID
		got, err := customer.CreateOrderWithResponse(t.Context(), &ordersapi.CreateOrderParams{IdempotencyKey: key},
			ordersapi.CreateOrderRequest{Items: []ordersapi.OrderItemRequest{{ProductID: product, Quantity: 1}}})
		require.NoError(t, err)
		return got
	}
	rule, err := mode.CreateFaultWithResponse(t.Context(), devapi.CreateFaultRequest{
		Operation: "createOrder", Fault: "problem=out_of_stock", Times: &once,
	})
	require.NoError(t, err)
	contracttest.Body(t, rule, rule.JSON201)
	failed := place("a")
	require.Equal(t, ordersapi.ProblemCodeOutOfStock, contracttest.Body(t, failed, failed.ApplicationProblemJSON409).Code)
	placed := place("a")
	order := contracttest.Body(t, placed, placed.JSON201) // What was let fail did not happen, and its key is free.

	// A request asks for its own fault.
	fail := func(fault string) ordersapi.RequestEditorFn {
		return func(_ context.Context, r *http.Request) error {
			r.Header.Set("Plumbline-Fault", fault)
			return nil
		}
	}
	busy, err := customer.GetOrderWithResponse(t.Context(), order.ID, fail("delay=5ms, status=503"))
	require.NoError(t, err)
	require.Equal(t, ordersapi.ProblemCodeOverloaded, contracttest.Body(t, busy, busy.ApplicationProblemJSON503).Code)
	require.Equal(t, "1", busy.HTTPResponse.Header.Get("Retry-After"))
	_, err = customer.GetOrderWithResponse(t.Context(), order.ID, fail("drop"))
	require.ErrorIs(t, err, io.EOF)
	refused, err := customer.GetOrderWithResponse(t.Context(), order.ID, fail("problem=sku_taken"))
	require.NoError(t, err)
	violations := contracttest.Body(t, refused, refused.ApplicationProblemJSON422).Errors
	require.Equal(t, "#/header/Plumbline-Fault", violations[0].Pointer)

	// Nobody pays for half an hour.
	moved, err := mode.AdjustClockWithResponse(t.Context(), devapi.AdvanceClockRequest{Seconds: 31 * 60})
	require.NoError(t, err)
	require.True(t, contracttest.Body(t, moved, moved.JSON200).Now.After(time.Now().Add(30*time.Minute)))
	again := as("customer")
	require.Eventually(t, func() bool {
		got, err := again.GetOrderWithResponse(t.Context(), order.ID)
		return err == nil && got.JSON200 != nil && got.JSON200.Status == ordersapi.OrderStatusExpired
	}, patience, 50*time.Millisecond)

	// What has become of the data is undone, and personas stay logged in.
	_, err = mode.ResetClockWithResponse(t.Context())
	require.NoError(t, err)
	accounts, err := usersapi.NewClientWithResponses("http://" + p.addr)
	require.NoError(t, err)
	somebody := usersapi.CreateUserV2Request{Email: "new@example.com", Name: "New", Password: "correct horse battery"}
	opened, err := accounts.CreateUserV2WithResponse(t.Context(), somebody)
	require.NoError(t, err)
	contracttest.Body(t, opened, opened.JSON201)
	support := as("support")
	_, err = mode.CreateFaultWithResponse(t.Context(), devapi.CreateFaultRequest{Operation: "listOrders", Fault: "drop"})
	require.NoError(t, err)
	reset, err := mode.ResetDataWithResponse(t.Context())
	require.NoError(t, err)
	contracttest.Body(t, reset, reset.JSON200)
	t.Logf("reset took %d ms", contracttest.Body(t, reset, reset.JSON200).TookMs)
	most := int32(100)
	orders, err := support.ListOrdersWithResponse(t.Context(), &ordersapi.ListOrdersParams{Limit: &most})
	require.NoError(t, err)
	require.Len(t, contracttest.Body(t, orders, orders.JSON200).Items, 18, "nine stories for each of two customers")
	gone, err := support.GetOrderWithResponse(t.Context(), order.ID)
	require.NoError(t, err)
	require.Equal(t, http.StatusNotFound, gone.StatusCode())
	opened, err = accounts.CreateUserV2WithResponse(t.Context(), somebody)
	require.NoError(t, err)
	contracttest.Body(t, opened, opened.JSON201)
}

// TestFrontEndPage does what the page for front-end developers shows.
func TestFrontEndPage(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/frontend.md")
	require.NoError(t, err)
	blocks := regexp.MustCompile("(?s)```sh\n(.*?)```").FindAllStringSubmatch(string(page), -1)
	require.Len(t, blocks, 6)
	p := newProgram(t)
	p.start().ready(t)
	for i, wants := range [][]string{
		{`"name":"customer"`, `"access_token"`},
		{`"totp":"`, `"recovery_codes":["`, `"access_token"`},
		{"HTTP/1.1 503", `"code":"overloaded"`, `"rules":[{`, `"operation":"createOrder"`},
		{`"mails":[`},
		{`"fixed":false`},
		{`"took_ms"`},
	} {
		commands := strings.ReplaceAll(blocks[i][1], "127.0.0.1:8080", p.addr)
		out, err := exec.CommandContext(t.Context(), "bash", "-euc", commands).Output()
		require.NoError(t, err, string(out))
		for _, want := range wants {
			require.Contains(t, string(out), want)
		}
		require.NotContains(t, string(out), `"code":"invalid_request"`)
	}
}

// secondFactorOfPersona logs in with the codes that are told of a persona, and lets front-end mode do it.
func secondFactorOfPersona(t *testing.T, address string, mode *devapi.ClientWithResponses) {
	t.Helper()
	client, err := usersapi.NewClientWithResponses(address)
	require.NoError(t, err)
	codes := func() devapi.PersonaSecondFactor {
		got, err := mode.GetPersonaSecondFactorWithResponse(t.Context(), "secure")
		require.NoError(t, err)
		contracttest.Body(t, got, got.JSON200)
		return *contracttest.Body(t, got, got.JSON200)
	}
	require.Len(t, codes().RecoveryCodes, 10)
	login, err := client.StartSessionWithResponse(t.Context(), usersapi.StartSessionRequest{
		Email: "secure@plumbline.test", Password: "chosen by the developer",
	})
	require.NoError(t, err)
	contracttest.Body(t, login, login.JSON202)
	in, err := client.AnswerChallengeWithResponse(t.Context(), usersapi.AnswerChallengeRequest{
		Challenge: contracttest.Body(t, login, login.JSON202).Challenge, RecoveryCode: &codes().RecoveryCodes[0],
	})
	require.NoError(t, err)
	contracttest.Body(t, in, in.JSON200)
	require.Len(t, codes().RecoveryCodes, 9)
	first := codes()
	require.Zero(t, first.UsableIn)
	got, err := mode.StartPersonaSessionWithResponse(t.Context(), "secure", devapi.StartPersonaSessionRequest{})
	require.NoError(t, err)
	contracttest.Body(t, got, got.JSON200)
	require.NotEqual(t, first.Totp, codes().Totp, "it is used")
	none, err := mode.GetPersonaSecondFactorWithResponse(t.Context(), "customer")
	require.NoError(t, err)
	contracttest.Body(t, none, none.ApplicationProblemJSON404)
}
