package program

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"time"

	"example.com/plumbline/impl/platform/clienttls"
	"example.com/plumbline/impl/platform/events"
	"example.com/plumbline/impl/platform/hosts"
	"example.com/plumbline/impl/platform/telemetry"
)

// NATS say where NATS is, and how each side proves who it is.
type NATS struct {
	NATSURL            telemetry.Secret `koanf:"nats_url" usage:"where events are published and consumed, as in nats://user:password@host:4222; without it none are, and the service's own are kept for a week"`
	NATSCredentials    string           `koanf:"nats_credentials" usage:"path of the file with this service's JWT and key for NATS, as nsc writes it"`
	NATSCA             string           `koanf:"nats_ca" usage:"path of the PEM file with the authorities that sign the certificate of NATS, where they are not public"`
	NATSCert           string           `koanf:"nats_cert" usage:"path of the PEM file with this service's certificate for NATS"`
	NATSKey            string           `koanf:"nats_key" usage:"path of the PEM file with the key of that certificate"`
	NATSConnectTimeout time.Duration    `koanf:"nats_connect_timeout" usage:"how long one attempt to connect to NATS may take"`
	NATSReconnectWait  time.Duration    `koanf:"nats_reconnect_wait" usage:"the longest pause between two attempts to connect to NATS; the first ones are shorter"`
}

// DefaultNATS returns the defaults of NATS.
func DefaultNATS() NATS {
	return NATS{
		NATSConnectTimeout: events.DefaultConnectTimeout, NATSReconnectWait: events.DefaultReconnectWait,
	}
}

func (n *NATS) files() tlsFiles {
	return tlsFiles{clienttls.Files{CA: n.NATSCA, Cert: n.NATSCert, Key: n.NATSKey}, "nats", "NATS"}
}

// natsServer is the NATS of the settings.
func (n *NATS) natsServer() events.Server {
	return events.Server{
		URLs: n.NATSURL, Credentials: n.NATSCredentials, CA: n.NATSCA, Cert: n.NATSCert, Key: n.NATSKey,
		ConnectTimeout: n.NATSConnectTimeout, ReconnectWait: n.NATSReconnectWait,
	}
}

// Validate refuses settings that cannot work. Files are looked at with the findings.
func (n *NATS) Validate() error {
	var errs []error
	refuse := func(when bool, text string) {
		if when {
			errs = append(errs, errors.New(text))
		}
	}
	isSet := n.NATSURL.Reveal() != ""
	if !isSet {
		refuse(n.NATSCredentials != "", "nats_credentials is set and nats_url is not: say where NATS is")
	} else if err := events.CheckURL(n.NATSURL); err != nil {
		errs = append(errs, fmt.Errorf("nats_url: %w", err))
	}
	refuse(n.NATSCredentials != "" && n.urls(func(u *url.URL) bool { return u.User != nil }),
		"nats_credentials is set and nats_url has a user or a token: NATS takes one of them, remove the other")
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"nats_connect_timeout", n.NATSConnectTimeout}, {"nats_reconnect_wait", n.NATSReconnectWait}} {
		refuse(d.value < leastTimeout || d.value > mostTimeout,
			fmt.Sprintf("%s is between %s and %s", d.name, leastTimeout, mostTimeout))
	}
	return errors.Join(append(errs, n.files().validate(isSet))...)
}

// urls tells whether something holds for one of the URLs.
func (n *NATS) urls(holds func(*url.URL) bool) bool {
	for text := range strings.SplitSeq(n.NATSURL.Reveal(), ",") {
		if u, err := url.Parse(strings.TrimSpace(text)); err == nil && holds(u) {
			return true
		}
	}
	return false
}

// natsFindings adds those of NATS: files that cannot be used are refused.
func (n *NATS) natsFindings(found *Findings) {
	found.Add(n.NATSURL.Reveal() == "", "nats_url",
		"no event is published, none is heard, and those of more than a week ago are lost",
		"where NATS is, as in nats://host:4222")
	crosses := func(u *url.URL) bool { return u.Scheme == "nats" && !hosts.IsLoopback(u.Host) }
	found.Add(!n.natsServer().UsesTLS() && n.urls(crosses), "nats_url",
		"events and the password may go to NATS in the clear", "tls:// in place of nats://")
	if n.NATSCredentials != "" {
		found.refuseFile("nats_credentials", events.CheckCredentials(n.NATSCredentials))
	}
	found.addOpen("nats_credentials", n.NATSCredentials, "NATS")
	n.files().find(found)
}
