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
	if n.NATSURL.Reveal() == "" {
		for _, file := range []struct{ name, path string }{
			{"nats_credentials", n.NATSCredentials}, {"nats_ca", n.NATSCA}, {"nats_cert", n.NATSCert}, {"nats_key", n.NATSKey},
		} {
			refuse(file.path != "", file.name+" is set and nats_url is not: say where NATS is")
		}
	} else if err := events.CheckURL(n.NATSURL); err != nil {
		errs = append(errs, fmt.Errorf("nats_url: %w", err))
	}
	refuse((n.NATSCert == "") != (n.NATSKey == ""), "nats_cert and nats_key are set together or not at all")
	refuse(n.NATSCredentials != "" && n.urls(func(u *url.URL) bool { return u.User != nil }),
		"nats_credentials is set and nats_url has a user or a token: NATS takes one of them, remove the other")
	for _, d := range []struct {
		name  string
		value time.Duration
	}{{"nats_connect_timeout", n.NATSConnectTimeout}, {"nats_reconnect_wait", n.NATSReconnectWait}} {
		refuse(d.value < leastTimeout || d.value > mostTimeout,
			fmt.Sprintf("%s is between %s and %s", d.name, leastTimeout, mostTimeout))
	}
	return errors.Join(errs...)
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
	refuse := func(setting string, err error) {
		if err != nil {
			*found = append(*found, Finding{Setting: setting, Follows: err.Error(),
				Instead: "the path of a file that this account may read", Refused: true})
		}
	}
	if n.NATSCredentials != "" {
		refuse("nats_credentials", events.CheckCredentials(n.NATSCredentials))
	}
	_, err := clienttls.Files{CA: n.NATSCA}.Roots()
	refuse("nats_ca", err)
	if n.NATSCert != "" && n.NATSKey != "" {
		_, err := clienttls.Files{Cert: n.NATSCert, Key: n.NATSKey}.Certificate()
		refuse("nats_cert", err)
	}
	for _, secret := range []struct{ setting, path string }{
		{"nats_credentials", n.NATSCredentials}, {"nats_key", n.NATSKey},
	} {
		found.Add(clienttls.OpenToAll(secret.path), secret.setting,
			"every account of this machine can read "+secret.path+" and speak to NATS as this service",
			"the path of a file that only this account may read (mode 0400)")
	}
}
