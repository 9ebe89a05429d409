package events

import (
	"encoding/json"
	"errors"
	"strings"
	"time"

	"github.com/google/uuid"
)

// specVersion and dataContentType are those of every event.
const (
	specVersion     = "1.0"
	dataContentType = "application/json"
)

// Event is something that happened, in the attributes of CloudEvents.
//
// Source: CloudEvents 1.0.2, sections "Context Attributes" and "Event Data", and the extension "Distributed Tracing".
type Event struct {
	// ID is the event's own; a copy that is delivered again has the same.
	ID uuid.UUID `json:"id"`
	// Source is the service that it happened in, as in "/users".
	Source string `json:"source"`
	// Type says what happened, as in "user.disabled".
	Type string `json:"type"`
	// Subject is what it happened to. Events of one subject are in order.
	Subject uuid.UUID `json:"subject"`
	// Time is when it happened, UTC.
	Time time.Time `json:"time"`
	// Traceparent continues the trace of the request that made it happen; "" when there was none.
	Traceparent string `json:"traceparent,omitempty"`
	// Data is a JSON object that depends on the type.
	Data json.RawMessage `json:"data"`
}

// envelope is an event in the JSON format.
//
// Source: JSON Event Format for CloudEvents 1.0.2, section 3.
type envelope struct {
	SpecVersion string `json:"specversion"`
	Event
	DataContentType string `json:"datacontenttype"`
}

func (e Event) encode() ([]byte, error) {
	return json.Marshal(envelope{SpecVersion: specVersion, Event: e, DataContentType: dataContentType})
}

// decode reads an event and refuses what a handler could not rely on. What other publishers add is ignored.
func decode(message []byte) (Event, error) {
	var e envelope
	if err := json.Unmarshal(message, &e); err != nil {
		// The decoder's own words may quote the message.
		return Event{}, errors.New("it is not a CloudEvent in JSON")
	}
	switch {
	case e.SpecVersion != specVersion:
		return Event{}, errors.New("its specversion is not " + specVersion)
	case e.ID == uuid.Nil || e.Subject == uuid.Nil || e.Type == "" || e.Time.IsZero():
		return Event{}, errors.New("its id, subject, type or time is missing")
	case e.DataContentType != dataContentType || len(e.Data) == 0 || e.Data[0] != '{':
		return Event{}, errors.New("its data is not a JSON object")
	}
	return e.Event, nil
}

// stream names the stream of a service's events.
func stream(service string) string { return strings.ToUpper(service) }

// source names a service in its events.
func source(service string) string { return "/" + service }

// topics are the NATS subjects of a service's events.
func topics(service string) string { return topic(service, ">") }

func topic(service, eventType string) string { return "plumbline." + service + "." + eventType }
