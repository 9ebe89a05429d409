package main

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
)

// mix is the weight of each of the operations, in their order.
type mix []float64

// defaultMix is that of a shop whose visitors look more than they buy.
func defaultMix() mix {
	var m mix
	for _, o := range operations {
		m = append(m, o.weight)
	}
	return m
}

// parseMix reads weights, as in order=10,pay=10. Kinds that are not named keep their weight; all=0 before them clears
// every weight.
func parseMix(text string) (mix, error) {
	m := defaultMix()
	for part := range strings.SplitSeq(text, ",") {
		if part == "" {
			continue
		}
		name, number, _ := strings.Cut(part, "=")
		weight, err := strconv.ParseFloat(number, 64)
		if err != nil || !(weight >= 0 && weight <= 1e6) {
			return nil, fmt.Errorf("mix: %q is no weight from 0 to 1000000: write it as in order=10", part)
		}
		at := slices.IndexFunc(operations, func(u use) bool { return u.name == name })
		switch {
		case name == "all":
			for i := range m {
				m[i] = weight
			}
		case at < 0:
			return nil, fmt.Errorf("mix: there is no %q: the kinds are %s", name, m)
		default:
			m[at] = weight
		}
	}
	if m.sum() <= 0 {
		return nil, fmt.Errorf("mix: all weights are 0: the kinds are %s", defaultMix())
	}
	return m, nil
}

func (m mix) sum() (sum float64) {
	for _, weight := range m {
		sum += weight
	}
	return sum
}

// draw chooses one of the operations at random.
func (m mix) draw(random *rand.Rand) int {
	at := random.Float64() * m.sum()
	for i, weight := range m {
		if at < weight {
			return i
		}
		at -= weight
	}
	return slices.IndexFunc(m, func(weight float64) bool { return weight > 0 }) // Rounding may lead past the end.
}

// String writes the mix as it is read.
func (m mix) String() string {
	var parts []string
	for i, o := range operations {
		parts = append(parts, fmt.Sprintf("%s=%g", o.name, m[i]))
	}
	return strings.Join(parts, ",")
}
