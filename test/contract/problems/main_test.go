package main

import (
	"bytes"
	"encoding/json"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestProblems(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	require.NoError(t, run([]string{"../../../openapi/users.yaml", "../../../openapi/orders.yaml"}, &out))
	var printed map[string]map[string][]problem
	require.NoError(t, json.Unmarshal(out.Bytes(), &printed))
	require.Contains(t, printed["users"]["createUser"], problem{409, "email_taken"}, "its own")
	require.Contains(t, printed["orders"]["createOrder"], problem{422, "idempotency_key_reused"}, "what follows")
	require.NotContains(t, printed["orders"]["createWebhook"], problem{409, "out_of_stock"}, "another's")

	require.Error(t, run([]string{"../../../openapi/nothing.yaml"}, &out))
	require.Error(t, run([]string{"../../../openapi/oapi-codegen.yaml"}, &out))
}
