package program

import (
	"errors"

	"example.com/plumbline/impl/platform/clienttls"
)

// tlsFiles are the settings of one client's files of TLS: redis_ca, redis_cert and redis_key where setting is redis.
type tlsFiles struct {
	clienttls.Files

	setting, server string
}

// validate refuses settings that cannot work; the files are looked at by find. url tells whether the server's URL is
// set.
func (f tlsFiles) validate(url bool) error {
	var errs []error
	for _, file := range []struct{ name, path string }{{"_ca", f.CA}, {"_cert", f.Cert}, {"_key", f.Key}} {
		if file.path != "" && !url {
			errs = append(errs, errors.New(f.setting+file.name+" is set and "+f.setting+"_url is not: say where "+f.server+
				" is"))
		}
	}
	if (f.Cert == "") != (f.Key == "") {
		errs = append(errs, errors.New(f.setting+"_cert and "+f.setting+"_key are set together or not at all"))
	}
	return errors.Join(errs...)
}

// find adds the findings of the files: one that cannot be used is refused.
func (f tlsFiles) find(found *Findings) {
	_, err := f.Roots()
	found.refuseFile(f.setting+"_ca", err)
	if f.Cert != "" && f.Key != "" {
		_, err = f.Certificate()
		found.refuseFile(f.setting+"_cert", err)
	}
	found.addOpen(f.setting+"_key", f.Key, f.server)
}

// refuseFile adds the finding of a file that cannot be used.
func (f *Findings) refuseFile(setting string, err error) {
	if err != nil {
		*f = append(*f, Finding{Setting: setting, Follows: err.Error(),
			Instead: "the path of a file that this account may read", Refused: true})
	}
}

// addOpen adds the finding of a file with a secret that everybody can read.
func (f *Findings) addOpen(setting, path, server string) {
	f.Add(clienttls.OpenToAll(path), setting,
		"every account of this machine can read "+path+" and speak to "+server+" as this service",
		"the path of a file that only this account may read (mode 0400)")
}
