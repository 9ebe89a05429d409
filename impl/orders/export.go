package orders

import (
	"bufio"
	"context"
	"encoding/csv"
	"encoding/json"
	"io"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/google/uuid"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/gen/ordersdb"
	"example.com/plumbline/impl/platform/httpapi"
	"example.com/plumbline/impl/platform/paging"
)

// exportBatch is how many orders are read at once, which bounds the memory of an export.
const exportBatch = 500

// ExportOrders streams orders.
func (s *Service) ExportOrders(
	ctx context.Context, req ordersapi.ExportOrdersRequestObject,
) (ordersapi.ExportOrdersResponseObject, error) {
	end, ok := s.exports.begin(ctx, httpapi.Caller(ctx).Subject)
	if !ok {
		return nil, errTooManyExports
	}
	e := &export{
		ctx: ctx, service: s, end: end, format: *req.Params.Format,
		filter: orderFilter{
			status: (*ordersdb.OrderStatus)(req.Params.Status), from: req.Params.CreatedFrom, after: paging.Newest(),
		},
	}
	e.filter.before(req.Params.CreatedBefore)
	// The first page is read before the answer begins, so that a database that is away is answered with a problem.
	return e, explain(e.readPage(), nil)
}

// exports counts the running exports of this replica by caller.
type exports struct {
	mu      sync.Mutex
	callers map[uuid.UUID]int
}

// begin counts an export until end is called or ctx ends. ok is false when the caller runs mostExports already.
func (e *exports) begin(ctx context.Context, caller uuid.UUID) (end func(), ok bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.callers[caller] >= mostExports {
		return nil, false
	}
	e.callers[caller]++
	end = sync.OnceFunc(func() {
		e.mu.Lock()
		defer e.mu.Unlock()
		if e.callers[caller]--; e.callers[caller] == 0 {
			delete(e.callers, caller)
		}
	})
	context.AfterFunc(ctx, end)
	return end, true
}

// export is an answer that is written while its orders are read.
type export struct {
	ctx     context.Context //nolint:containedctx // The request's; the answer ends with it.
	service *Service
	format  ordersapi.ExportFormat
	filter  orderFilter
	page    []ordersdb.Order
	last    bool   // page is the last one
	end     func() // ends the count of exports.begin
}

// readPage reads the next page. It uses keyset pagination, so nothing is held open between pages, and orders placed
// meanwhile are left out.
func (e *export) readPage() (err error) {
	if e.page, err = e.filter.list(e.ctx, e.service.queries, exportBatch); err != nil {
		return err
	}
	if e.last = len(e.page) < exportBatch; !e.last {
		e.filter.after = positionOf(e.page[len(e.page)-1])
	}
	return nil
}

// VisitExportOrdersResponse writes the export. An error aborts the connection before the end of the answer, so that a
// part is not taken for the whole.
func (e *export) VisitExportOrdersResponse(w http.ResponseWriter) error {
	defer e.end()
	media, name := "application/x-ndjson", "orders.ndjson"
	if e.format == ordersapi.ExportFormatCsv {
		media, name = "text/csv", "orders.csv"
	}
	w.Header().Set("Content-Type", media)
	w.Header().Set("Content-Disposition", `attachment; filename="`+name+`"`)
	w.WriteHeader(http.StatusOK)
	out := bufio.NewWriterSize(w, 64<<10)
	write := e.jsonWriter(out)
	if e.format == ordersapi.ExportFormatCsv {
		write = e.csvWriter(out)
	}
	for {
		if err := write(); err != nil {
			return err
		}
		if e.last {
			return out.Flush()
		}
		if err := e.readPage(); err != nil {
			return err
		}
	}
}

// jsonWriter gives a function that writes the current page as JSON, one order on each line.
func (e *export) jsonWriter(out io.Writer) func() error {
	encoder := json.NewEncoder(out)
	return func() error {
		orders, err := e.service.toAPIOrders(e.ctx, e.page)
		if err != nil {
			return err
		}
		for _, order := range orders {
			if err := encoder.Encode(order); err != nil {
				return err
			}
		}
		return nil
	}
}

// csvWriter gives a function that writes the current page as CSV (RFC 4180), after a header line. Amounts are in minor
// units.
func (e *export) csvWriter(out io.Writer) func() error {
	table := csv.NewWriter(out)
	table.UseCRLF = true
	head := []string{
		"id", "number", "customer_id", "status", "currency", "total", "paid", "refunded", "created_at", "updated_at",
	}
	return func() error {
		if head != nil {
			if err := table.Write(head); err != nil {
				return err
			}
			head = nil
		}
		for _, o := range e.page {
			if err := table.Write([]string{
				o.ID.String(), o.Number, o.CustomerID.String(), string(o.Status), o.Currency,
				strconv.FormatInt(o.TotalAmount, 10), strconv.FormatInt(o.PaidAmount, 10), strconv.FormatInt(o.RefundedAmount, 10),
				o.CreatedAt.UTC().Format(time.RFC3339Nano), o.UpdatedAt.UTC().Format(time.RFC3339Nano),
			}); err != nil {
				return err
			}
		}
		table.Flush()
		return table.Error()
	}
}
