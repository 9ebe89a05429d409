package orders

import (
	"context"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
)

const (
	// mostWords is how many different words a search has at most: each that many products have costs PostgreSQL a look at as many entries
	// of the index.
	mostWords = 8
	// leastPrefix is how many letters and digits the beginning of a word has at least; less is found as a whole word only.
	leastPrefix = 2
	// lookedAt is how many products a search looks at one by one: of the newest, and of those that it finds.
	lookedAt = 2000
	// lookedAtFirst is how many of the newest are looked at before the index is, for each product of a page.
	lookedAtFirst = 10
)

// errSearchTimeout is httpapi.ErrTimeout, and says what helps.
var errSearchTimeout = func() *fault.Error {
	f := *httpapi.ErrTimeout
	f.Detail = "The search took longer than it may; search for longer words, or for fewer."
	return &f
}()

// search gives a page of the products that have all words of a text, and where the next one starts.
func (s *Service) search(ctx context.Context, text string, status ordersdb.ProductStatus, after paging.Position, limit int32) (rows []product, next *string, err error) {
	query, words := searchFor(text)
	switch {
	case words > mostWords:
		return nil, nil, httpapi.ErrInvalid.At(fault.Violation{
			Pointer: "#/query/q", Keyword: "maxItems", Params: map[string]any{"maxItems": mostWords}, Detail: "Must have at most " + strconv.Itoa(mostWords) + " different words.",
		})
	case words == 0:
		return nil, nil, nil
	}
	err = s.inTx(ctx, func(q ordersdb.Querier) (err error) {
		if err := q.LimitSearch(ctx, strconv.FormatInt(s.searchTimeout.Milliseconds(), 10)); err != nil {
			return err
		}
		rows, next, err = searchWithin(ctx, q, query, status, after, limit)
		return err
	})
	if postgres.IsTimeout(err) {
		return nil, nil, errSearchTimeout.Because(err)
	}
	return rows, next, explain(err, nil)
}

// searchWithin searches in three ways. What most products have fills a page from a few of the newest, without a look at the index of words.
// What few have is found by that index, and put in order. What many have and not the newest is found among more of these, as far as it
// is there: the next page goes on behind the last product that was looked at.
func searchWithin(ctx context.Context, q ordersdb.Querier, query string, status ordersdb.ProductStatus, after paging.Position, limit int32) ([]product, *string, error) {
	newest := ordersdb.SearchNewestProductsParams{
		Query: query, Status: status, BeforeTime: after.Time, BeforeID: after.ID, LookedAt: min(lookedAtFirst*limit, lookedAt), RowLimit: limit + 1,
	}
	rows, err := q.SearchNewestProducts(ctx, newest)
	if err != nil {
		return nil, nil, err
	}
	if len(rows) > int(limit) {
		page, next := pageOf(convertRows(rows), limit)
		return page, next, nil
	}
	ids, err := q.FindProducts(ctx, ordersdb.FindProductsParams{Query: query, RowLimit: lookedAt + 1})
	if err != nil {
		return nil, nil, err
	}
	if len(ids) <= lookedAt {
		found, err := q.ListFoundProducts(ctx, ordersdb.ListFoundProductsParams{
			Ids: ids, Status: status, BeforeTime: after.Time, BeforeID: after.ID, RowLimit: limit + 1,
		})
		page, next := pageOf(convertRows(found), limit)
		return page, next, err
	}
	// The end comes first: whatever is added or archived before the next statement, everything down to the end is looked at.
	end, err := q.GetSearchEnd(ctx, ordersdb.GetSearchEndParams{Status: status, BeforeTime: after.Time, BeforeID: after.ID, LookedAt: lookedAt})
	all := postgres.IsNoRows(err)
	if err != nil && !all {
		return nil, nil, err
	}
	newest.EndTime, newest.EndID, newest.LookedAt = end.CreatedAt, end.ID, math.MaxInt32
	if rows, err = q.SearchNewestProducts(ctx, newest); err != nil {
		return nil, nil, err
	}
	page, next := pageOf(convertRows(rows), limit)
	if next == nil && !all {
		cursor := paging.Encode(paging.Position{Time: end.CreatedAt, ID: end.ID})
		next = &cursor
	}
	return page, next, nil
}

// convertRows makes products of the rows of a query that gives the columns of one.
func convertRows[Row ordersdb.SearchNewestProductsRow | ordersdb.ListFoundProductsRow](rows []Row) []product {
	products := make([]product, len(rows))
	for i, row := range rows {
		products[i] = product(row)
	}
	return products
}

// number is the beginning of a word that PostgreSQL takes for a number, and what follows it for another word.
var number = regexp.MustCompile(`\b[0-9]+e[0-9]+`)

// searchFor writes what to search for as PostgreSQL's text search does: every word, long ones as the beginning of one. A word
// is what letters, digits and the marks over them make up, so none can hold a quote, and PostgreSQL sees no more
// of them. Without a word nothing is found.
func searchFor(text string) (query string, words int) {
	isPart := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	var terms []string
	for _, word := range strings.FieldsFunc(number.ReplaceAllString(strings.ToLower(text), "$0 "), func(r rune) bool { return !isPart(r) }) {
		letters := strings.Join(strings.FieldsFunc(word, unicode.IsMark), "")
		term := "'" + word + "'"
		if beginsWords(letters) {
			term += ":*"
		}
		if letters != "" && !slices.Contains(terms, term) {
			terms = append(terms, term)
		}
	}
	return strings.Join(terms, " & "), len(terms)
}

// beginsWords tells whether so few words begin with these letters that they can be looked for. Of the scripts of Chinese, Japanese and
// Korean that holds from the first letter on: they have thousands, or no spaces between words.
func beginsWords(letters string) bool {
	short := func(r rune) bool {
		return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
	}
	return len([]rune(letters)) >= leastPrefix || !strings.ContainsFunc(letters, short)
}
