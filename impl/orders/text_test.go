package orders

import (
	"net/http"
	"strings"
	"testing"

	"github.com/oapi-codegen/nullable"
	"github.com/stretchr/testify/require"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/format"
	"example.com/plumbline/impl/testkit/contracttest"
)

const (
	// nfd and nfc are canonically equal.
	nfd = "Ame\u0301lies Stra\u00dfe"
	nfc = "Am\u00e9lies Stra\u00dfe"
)

// searched gives the names of the products that a search finds.
func (s *server) searched(q string) (names []string) {
	s.t.Helper()
	got, err := s.client("").ListProductsWithResponse(s.t.Context(), &ordersapi.ListProductsParams{Q: &q})
	require.NoError(s.t, err)
	require.Equal(s.t, http.StatusOK, got.StatusCode(), string(got.Body))
	for _, p := range contracttest.Body(s.t, got, got.JSON200).Items {
		names = append(names, p.Name)
	}
	return names
}

func TestSearchesFindTextInAnyForm(t *testing.T) {
	t.Parallel()
	s := start(t)
	created, err := s.as(ordersapi.RoleStaff).CreateProductWithResponse(t.Context(), ordersapi.CreateProductRequest{
		Sku: "MAP-1", Name: nfd, Description: new("Ὀδυσσεύς in DİYARBAKIR, 300 \u212a"),
		Price: ordersapi.Price{Amount: 1, Currency: "EUR"},
	})
	require.NoError(t, err)
	require.Equal(t, http.StatusCreated, created.StatusCode(), string(created.Body))
	require.Equal(t, nfc, contracttest.Body(t, created, created.JSON201).Name)
	// An earlier release wrote it in this form.
	old := s.product(1, func(p *ordersdb.CreateProductParams) { p.Name = nfd })
	require.Equal(t, 1, s.count(`SELECT count(*) FROM products WHERE id = $1 AND name IS NOT NFC NORMALIZED`, old))

	for _, q := range []string{
		nfc, nfd, strings.ToUpper(nfc), strings.ToUpper(nfd), "amélies strasse", "STRASSE", "STRAẞE", "stra\u017f\u017fe",
		"stras", "ame\u0301",
	} {
		require.ElementsMatch(t, []string{nfc, nfd}, s.searched(q), q)
	}
	for _, q := range []string{
		"ὈΔΥΣΣΕΎΣ", "Ὀδυσσεύς", "ὀδυσσεύσ", "diyarbakir", "DIYARBAKIR", "Diyarbakır", "diyarbak\u0131r", "k", "\u212a", "K",
	} {
		require.Equal(t, []string{nfc}, s.searched(q), q)
	}
	require.Empty(t, s.searched("amelies"), "accents tell apart")
}

// TestFoldedIsWhatSearchesAskFor compares how the service folds a query with how the database folds a text, for every
// character.
func TestFoldedIsWhatSearchesAskFor(t *testing.T) {
	t.Parallel()
	s := start(t)
	var characters []string
	for r := rune(1); r < 0x20000; r++ {
		if r < 0xd800 || r > 0xdfff {
			characters = append(characters, string(r))
		}
	}
	asked := make([]string, len(characters))
	for i, c := range characters {
		asked[i] = format.Plain("search", format.Text(c))
	}
	rows, err := s.Pool.Query(t.Context(),
		`SELECT c FROM unnest($1::text[], $2::text[]) AS t (c, asked) WHERE folded(c) <> lower(asked)`, characters, asked)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var c string
		require.NoError(t, rows.Scan(&c))
		t.Errorf("%+q is folded to something else than what is asked for", c)
	}
	require.NoError(t, rows.Err())
}

func TestDescriptionsAreTakenAway(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff, admin := s.as(ordersapi.RoleStaff), s.as(ordersapi.RoleAdmin)
	id := s.product(1, func(p *ordersdb.CreateProductParams) { p.Description = "Turned from solid brass." })
	updated := func(version string, r ordersapi.UpdateProductRequest) string {
		got, err := staff.UpdateProductWithResponse(t.Context(), id, &ordersapi.UpdateProductParams{IfMatch: version}, r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		return contracttest.Body(t, got, got.JSON200).Description
	}
	require.Equal(t, "Turned from solid brass.", updated(`"1"`, ordersapi.UpdateProductRequest{Name: new("Bob")}),
		"what is not sent stays")
	require.Empty(t, updated(`"2"`, ordersapi.UpdateProductRequest{Description: new("")}))
	require.Equal(t, "Steel.", updated(`"3"`, ordersapi.UpdateProductRequest{Description: new("Steel.")}))

	made := s.subscribe("https://hooks.example.com/")
	update := func(r ordersapi.UpdateWebhookRequest) *string {
		got, err := admin.UpdateWebhookWithResponse(t.Context(), made.Webhook.ID, r)
		require.NoError(t, err)
		require.Equal(t, http.StatusOK, got.StatusCode(), string(got.Body))
		return contracttest.Body(t, got, got.JSON200).Description
	}
	require.Equal(t, new("Ledger"),
		update(ordersapi.UpdateWebhookRequest{Description: nullable.NewNullableWithValue("Ledger")}))
	require.Equal(t, new("Ledger"), update(ordersapi.UpdateWebhookRequest{Enabled: new(false)}), "what is not sent stays")
	require.Nil(t, update(ordersapi.UpdateWebhookRequest{Description: nullable.NewNullNullable[string]()}))
	require.Zero(t, s.count(`SELECT count(*) FROM webhooks WHERE description IS NOT NULL`))
}

// The document alone limits the length of the address of a webhook.
func TestWebhookAddressesAreAsLongAsTheDocumentSays(t *testing.T) {
	t.Parallel()
	s := start(t)
	admin := s.as(ordersapi.RoleAdmin)
	longest := "https://hooks.example.com/" + strings.Repeat("a", 2048-26)
	made := s.subscribe(longest)
	require.Equal(t, longest, made.Webhook.URL)
	changed, err := admin.UpdateWebhookWithResponse(t.Context(), made.Webhook.ID,
		ordersapi.UpdateWebhookRequest{URL: new(longest[:2047] + "b")})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, changed.StatusCode(), string(changed.Body))
	refused, err := admin.UpdateWebhookWithResponse(t.Context(), made.Webhook.ID,
		ordersapi.UpdateWebhookRequest{URL: new(longest + "a")})
	require.NoError(t, err)
	require.Equal(t, "maxLength", contracttest.Body(t, refused, refused.ApplicationProblemJSON422).Errors[0].Keyword)
}

// A refusal names what is wrong with the address of a webhook.
func TestWhatIsWrongWithAWebhookAddress(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.config = func(c *Config) { c.AllowPrivate = false } })
	admin := s.as(ordersapi.RoleAdmin)
	for url, want := range map[string]string{
		"https://ada@hooks.example.com/":    "Must have no user and no password; what is sent is signed.",
		"https://ada:pw@hooks.example.com/": "Must have no user and no password; what is sent is signed.",
		"https://hooks.example.com/a#part":  "Must have no fragment, which is never sent.",
		"https://hooks.example.com:65536/":  "Must have a port between 1 and 65535, or none.",
		"http://hooks.example.com/":         "Must be an https address outside of private networks.",
		"https://10.0.0.1/":                 "Must be an https address outside of private networks.",
		"https://hooks.internal/":           "Must be an https address outside of private networks.",
	} {
		got, err := admin.CreateWebhookWithResponse(t.Context(), ordersapi.CreateWebhookRequest{
			URL: url, EventTypes: []ordersapi.OrderEventType{ordersapi.OrderEventTypeOrderPlaced},
		})
		require.NoError(t, err)
		refused := contracttest.Body(t, got, got.ApplicationProblemJSON422)
		require.Len(t, refused.Errors, 1, url)
		require.Equal(t, [3]string{"#/url", "format", want},
			[3]string{refused.Errors[0].Pointer, refused.Errors[0].Keyword, refused.Errors[0].Detail}, url)
	}
}

// A scheme has no case (RFC 3986, section 3.1).
func TestAWebhookAddressInCapitals(t *testing.T) {
	t.Parallel()
	s := start(t, func(o *options) { o.config = func(c *Config) { c.AllowPrivate = false } })
	made := s.subscribe("HTTPS://Hooks.Example.com/A")
	require.Equal(t, "HTTPS://Hooks.Example.com/A", made.Webhook.URL)
}

func TestPricesAreInCurrenciesThatThereAre(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	for _, currency := range []string{"AAA", "XXX", "XTS", "XAU", "DEM"} {
		got, err := staff.CreateProductWithResponse(t.Context(),
			ordersapi.CreateProductRequest{Sku: "A", Name: "A", Price: ordersapi.Price{Amount: 1, Currency: currency}})
		require.NoError(t, err)
		refused := contracttest.Body(t, got, got.ApplicationProblemJSON422)
		require.Equal(t, [2]string{"#/price/currency", "format"},
			[2]string{refused.Errors[0].Pointer, refused.Errors[0].Keyword}, currency)
	}
	// A product that was priced in a currency that no longer exists can still be ordered, and changed.
	id := s.product(5, func(p *ordersdb.CreateProductParams) { p.Currency = "BGN" })
	customer := s.as(ordersapi.RoleCustomer)
	order := s.order(customer, id, 1)
	require.Equal(t, "BGN", order.Total.Currency)
	changed, err := staff.UpdateProductWithResponse(t.Context(), id, &ordersapi.UpdateProductParams{IfMatch: `"1"`},
		ordersapi.UpdateProductRequest{Name: new("Bob")})
	require.NoError(t, err)
	require.Equal(t, http.StatusOK, changed.StatusCode(), string(changed.Body))
}

func TestNamesOfProductsHideNothing(t *testing.T) {
	t.Parallel()
	s := start(t)
	staff := s.as(ordersapi.RoleStaff)
	for i, name := range []string{strings.Repeat("e\u0301", 200), "\U0001f469\u200d\U0001f52c kit", "می\u200cخواهم"} {
		got, err := staff.CreateProductWithResponse(t.Context(), ordersapi.CreateProductRequest{
			Sku: "N" + string(rune('0'+i)), Name: name, Price: ordersapi.Price{Amount: 1, Currency: "EUR"},
		})
		require.NoError(t, err)
		require.Equal(t, http.StatusCreated, got.StatusCode(), string(got.Body))
		require.Equal(t, format.Text(name), contracttest.Body(t, got, got.JSON201).Name)
	}
	for _, name := range []string{
		strings.Repeat("e\u0301", 201), "Bob\u200b", "B\u00adob", "\u202eboB", "\u3164", "Bob\ufe0f", "Bob\U000e0041",
		"Bob\uffff",
	} {
		got, err := staff.CreateProductWithResponse(t.Context(),
			ordersapi.CreateProductRequest{Sku: "X", Name: name, Price: ordersapi.Price{Amount: 1, Currency: "EUR"}})
		require.NoError(t, err)
		require.Equal(t, "#/name", contracttest.Body(t, got, got.ApplicationProblemJSON422).Errors[0].Pointer, name)
	}
}
