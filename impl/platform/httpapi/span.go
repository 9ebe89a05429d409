package httpapi

import (
	"context"
	"net/http"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"

	"example.com/plumbline/impl/platform/telemetry"
)

// describe fills in the span of a request, and adds the spans of its checks. A span has the route and never the path,
// which has ids of accounts, nor the query, a header, an address or a body.
//
// Source: OpenTelemetry semantic conventions for HTTP spans, 1.43; url.path is left out.
func (c *Chain) describe(ctx context.Context, x *exchange, status int, code string) {
	span := trace.SpanFromContext(ctx)
	if c.tracer == nil || !span.IsRecording() {
		return
	}
	method := knownMethod(x.http.Method)
	span.SetName(method)
	span.SetAttributes(attribute.String("http.request.method", method), attribute.String("url.scheme", scheme(x.http)),
		attribute.String("network.protocol.version", protocolVersion(x.http)),
		attribute.Int("http.response.status_code", status))
	if x.op != nil {
		span.SetName(x.op.ID)
		span.SetAttributes(attribute.String("http.route", x.op.Pattern))
	}
	if code != telemetry.Success {
		span.SetAttributes(attribute.String("error.type", code))
	}
	if status >= http.StatusInternalServerError { // What the caller did wrong is no failure of this span.
		span.SetStatus(codes.Error, "")
	}
	began := x.record.began
	for i, s := range c.steps {
		if s.name == "check" && x.record.steps[i] > 0 {
			telemetry.Past(ctx, "check request", began, x.record.steps[i])
		}
		began = began.Add(x.record.steps[i])
	}
	if x.record.inspection > 0 {
		telemetry.Past(ctx, "check answer", x.record.inspecting, x.record.inspection)
	}
}

// knownMethod gives a method of RFC 9110 or RFC 5789, and _OTHER for what else a caller sends.
func knownMethod(method string) string {
	switch method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodPut, http.MethodPatch, http.MethodDelete,
		http.MethodOptions, http.MethodConnect, http.MethodTrace:
		return method
	default:
		return "_OTHER"
	}
}

func scheme(r *http.Request) string {
	if r.TLS != nil {
		return "https"
	}
	return "http"
}

func protocolVersion(r *http.Request) string {
	if r.ProtoMajor == 1 {
		return "1.1"
	}
	return "2"
}
