package settings

// InForce is the value of a setting that comes from elsewhere than the sources, and where from, as operators are told
// it. A *T whose settings have some has a method
//
//	InForce() map[string]settings.InForce
//
// that returns them by name. A value of the sources has no effect then: one that takes precedence is left out.
type InForce struct{ Value, From string }

// elsewhere returns what the settings say of values from elsewhere.
func elsewhere(values any) map[string]InForce {
	if told, ok := values.(interface{ InForce() map[string]InForce }); ok {
		return told.InForce()
	}
	return nil
}
