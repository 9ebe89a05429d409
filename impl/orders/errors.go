package orders

import (
	"errors"
	"time"

	"example.com/plumbline/gen/ordersapi"
	"example.com/plumbline/impl/platform/contract"
	"example.com/plumbline/impl/platform/dbfault"
	"example.com/plumbline/impl/platform/fault"
	"example.com/plumbline/impl/platform/postgres"
)

// The faults of this service, besides those of the chain.
var (
	errVersionChanged = fault.New(fault.PreconditionFailed, ordersapi.ProblemCodeVersionChanged,
		"The resource has changed since you read it; current is its present state.")
	errProductNotFound = fault.New(fault.NotFound, ordersapi.ProblemCodeProductNotFound,
		"There is no product with that id.")
	errOrderNotFound = fault.New(fault.NotFound, ordersapi.ProblemCodeOrderNotFound,
		"There is no order with that id.")
	errWebhookNotFound = fault.New(fault.NotFound, ordersapi.ProblemCodeWebhookNotFound,
		"There is no webhook with that id.")
	errDeliveryNotFound = fault.New(fault.NotFound, ordersapi.ProblemCodeDeliveryNotFound,
		"The webhook has no delivery with that id.")
	errSKUTaken = fault.New(fault.Conflict, ordersapi.ProblemCodeSkuTaken,
		"There is already a product with this SKU.")
	errProductArchived = fault.New(fault.Conflict, ordersapi.ProblemCodeProductArchived,
		"The product is archived and cannot be duplicated.")
	errOutOfStock = fault.New(fault.Conflict, ordersapi.ProblemCodeOutOfStock,
		"There are not enough units.")
	errPriceChanged = fault.New(fault.Conflict, ordersapi.ProblemCodePriceChanged,
		"The total is not the expected one; errors has the total.")
	errProductUnavailable = fault.New(fault.Conflict, ordersapi.ProblemCodeProductUnavailable,
		"Some products cannot be ordered; errors names the lines.")
	errMixedCurrencies = fault.New(fault.Conflict, ordersapi.ProblemCodeMixedCurrencies,
		"The products have prices in different currencies; order them separately.")
	errOrderState = fault.New(fault.Conflict, ordersapi.ProblemCodeOrderState,
		"The state of the order does not allow this; allowed_actions of the order lists what is possible.")
	errPaymentMismatch = fault.New(fault.Conflict, ordersapi.ProblemCodePaymentMismatch,
		"The amount is not the total of the order; errors has the total.")
	errPaymentReferenceUsed = fault.New(fault.Conflict, ordersapi.ProblemCodePaymentReferenceUsed,
		"The payment with this reference has paid another order.")
	errTooManyOpenOrders = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManyOpenOrders,
		"You have reached the limit of unpaid orders; pay or cancel one first.")
	errTooManyReservedUnits = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManyReservedUnits,
		"These are more units than you may have in unpaid orders; errors says how many are left.")
	errRefundTooLarge = fault.New(fault.Conflict, ordersapi.ProblemCodeRefundTooLarge,
		"The amount is more than is left of the payment.")
	errTooManyExports = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManyExports,
		"You have reached the limit of concurrent exports; wait for one to end.")
	errTooManyStreams = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManyStreams,
		"You have reached the limit of concurrent streams; end another stream first.")
	errTooManyWebhooks = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManyWebhooks,
		"The limit of webhooks is reached; remove one first.")
	errTooManySecrets = fault.New(fault.Conflict, ordersapi.ProblemCodeTooManySecrets,
		"The webhook has reached the limit of secrets in force; wait until the older ones end.")
	errWebhookDisabled = fault.New(fault.Conflict, ordersapi.ProblemCodeWebhookDisabled,
		"The webhook is disabled, so nothing is sent to it; enable it first.")
	errCustomersUnavailable = fault.New(fault.Unavailable, ordersapi.ProblemCodeCustomersUnavailable,
		"The service cannot find out now whether the account may order; try again.").After(time.Second)
)

// faults lists them for the chain, for the problem pages, and for the test that compares them with the document.
func faults() []*fault.Error {
	return []*fault.Error{
		errVersionChanged, errProductNotFound, errOrderNotFound, errWebhookNotFound, errDeliveryNotFound, errSKUTaken,
		errProductArchived, errOutOfStock, errPriceChanged, errProductUnavailable, errMixedCurrencies, errOrderState,
		errRefundTooLarge, errTooManyExports, errTooManyStreams, errPaymentMismatch, errPaymentReferenceUsed,
		errTooManyOpenOrders, errTooManyReservedUnits, errTooManyWebhooks, errTooManySecrets, errWebhookDisabled,
		errCustomersUnavailable,
	}
}

// explain turns the errors of the database into faults; it is the only place that knows them. missing is the fault of a
// row that is not there; nil means that a missing row is a defect.
func explain(err error, missing *fault.Error) error {
	var f *fault.Error
	switch {
	case err == nil || errors.As(err, &f):
		return err
	case postgres.Constraint(err) == "products_sku_key":
		return errSKUTaken.Because(err)
	case postgres.Constraint(err) == "stock_available_not_negative":
		return errOutOfStock.At(fault.Violation{
			Pointer: "#/delta", Keyword: "minimum", Detail: "More cannot be written off than is available.",
		}).Because(err)
	case postgres.Constraint(err) == "stock_received_range":
		return contract.Violated("#/delta", "maximum", "More cannot be counted").Because(err)
	case postgres.Constraint(err) == "orders_payment_key":
		return errPaymentReferenceUsed.At(fault.Violation{
			Pointer: "#/reference", Keyword: "uniqueItems", Detail: "Must be that of this order's payment alone.",
		}).Because(err)
	case postgres.Constraint(err) == "orders_number_key":
		return contract.ErrUnavailable.Because(err) // Two random numbers were equal; another attempt has another number.
	default:
		return dbfault.Explain(err, missing)
	}
}
