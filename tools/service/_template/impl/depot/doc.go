// Package depot is the depot service: it keeps widgets.
package depot
