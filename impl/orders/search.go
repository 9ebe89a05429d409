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
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/paging"
	"example.com/plumbline/impl/platform/postgres"
)

const (
	// mostWords is the maximum of different words in a search: for each common word PostgreSQL reads as many entries of
	// the index as products have it.
	mostWords = 8
	// leastPrefix is the minimum of letters and digits of a prefix; a shorter word matches only as a whole.
	leastPrefix = 2
	// lookedAt is how many products a search examines at most, of the newest and of the matches.
	lookedAt = 2000
	// lookedAtFirst is how many of the newest products are examined before the index, for each product of a page.
	lookedAtFirst = 10
)

// errSearchTimeout is contract.ErrTimeout with a detail that says what helps.
var errSearchTimeout = func() *fault.Error {
	f := *contract.ErrTimeout
	f.Detail = "The search took longer than it may; search for longer words, or for fewer."
	return &f
}()

// searchProducts gives a page of the products that match every word of a text, and the cursor of the next page.
func (s *Service) searchProducts(
	ctx context.Context, text string, status ordersdb.ProductStatus, after paging.Position, limit int32,
) (rows []product, next *string, err error) {
	query, words := searchFor(text)
	switch {
	case words > mostWords:
		return nil, nil, contract.ErrInvalid.At(fault.Violation{
			Pointer: "#/query/q", Keyword: "maxItems", Params: map[string]any{"maxItems": mostWords},
			Detail: "Must have at most " + strconv.Itoa(mostWords) + " different words.",
		})
	case words == 0:
		return nil, nil, nil
	}
	err = s.inTx(ctx, func(tx tx) (err error) {
		if err := tx.LimitSearch(ctx, strconv.FormatInt(s.searchTimeout.Milliseconds(), 10)); err != nil {
			return err
		}
		rows, next, err = searchWithin(ctx, tx, query, status, after, limit)
		return err
	})
	if postgres.IsTimeout(err) {
		return nil, nil, errSearchTimeout.Because(err)
	}
	return rows, next, explain(err, nil)
}

// searchWithin searches in up to three ways. It first examines the newest products, without the index: a few, and then
// lookedAt of them if those few promise a full page. Where they do not fill a page, it reads the matches from the index
// and sorts them, if they are lookedAt at most. Otherwise it examines the newest lookedAt products for every match, and
// the next page continues after the last one examined.
func searchWithin(
	ctx context.Context, q ordersdb.Querier, query string, status ordersdb.ProductStatus, after paging.Position,
	limit int32,
) ([]product, *string, error) {
	newest := ordersdb.SearchNewestProductsParams{
		Query: query, Status: status, BeforeTime: after.Time, BeforeID: after.ID,
		LookedAt: min(lookedAtFirst*limit, lookedAt), RowLimit: limit + 1,
	}
	rows, err := q.SearchNewestProducts(ctx, newest)
	if err != nil {
		return nil, nil, err
	}
	// If matches are as frequent among lookedAt products as among these, they fill the page.
	if found, most := len(rows), int(limit); found <= most && found*lookedAt > most*int(newest.LookedAt) {
		newest.LookedAt = lookedAt
		if rows, err = q.SearchNewestProducts(ctx, newest); err != nil {
			return nil, nil, err
		}
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
	// The end is read first: every product down to it is examined, whatever is added or archived before the next
	// statement.
	end, err := q.GetSearchEnd(ctx, ordersdb.GetSearchEndParams{
		Status: status, BeforeTime: after.Time, BeforeID: after.ID, LookedAt: lookedAt,
	})
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

// convertRows converts the rows of a query that gives the columns of a product.
func convertRows[Row ordersdb.SearchNewestProductsRow | ordersdb.ListFoundProductsRow](rows []Row) []product {
	products := make([]product, len(rows))
	for i, row := range rows {
		products[i] = product(row)
	}
	return products
}

// number matches the beginning of a word that PostgreSQL parses as a number in scientific notation, apart from the rest
// of the word.
var number = regexp.MustCompile(`\b[0-9]+e[0-9]+`)

// searchFor writes the words of a text as a tsquery, and gives their number. Long words match as prefixes. A word
// consists of letters, digits and combining marks, so it holds no quote and no operator. An empty query finds nothing.
func searchFor(text string) (query string, words int) {
	isPart := func(r rune) bool { return unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r) }
	var terms []string
	text = number.ReplaceAllString(strings.ToLower(text), "$0 ")
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !isPart(r) }) {
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

// beginsWords tells whether few enough words begin with these letters to search for the prefix. For Chinese, Japanese
// and Korean one letter is enough: their scripts have thousands of letters, or no spaces between words.
func beginsWords(letters string) bool {
	short := func(r rune) bool {
		return !unicode.In(r, unicode.Han, unicode.Hiragana, unicode.Katakana, unicode.Hangul)
	}
	return len([]rune(letters)) >= leastPrefix || !strings.ContainsFunc(letters, short)
}
