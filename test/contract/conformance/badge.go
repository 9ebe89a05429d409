package conformance

import (
	"bytes"
	"errors"
	"fmt"
	"html/template"
	"os"

	"example.com/plumbline/impl/testkit/contracttest"
)

// The measures of a badge in pixels. A letter of the font is about that wide; textLength makes the browser keep to it.
const (
	letterWidth = 6.9
	badgeMargin = 8.0
)

var badgeTemplate = template.Must(template.New("badge").Parse(
	`<svg xmlns="http://www.w3.org/2000/svg" width="{{.Width}}" height="20" role="img"
  aria-label="{{.Label}}: {{.Value}}">
<title>{{.Label}}: {{.Value}}</title>
<rect width="{{.Width}}" height="20" rx="3" fill="{{.Colour}}"/>
<path d="M3 0h{{.LabelEnd}}v20H3a3 3 0 0 1-3-3V3a3 3 0 0 1 3-3z" fill="#444c56"/>
<g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
<text x="8" y="14" textLength="{{.LabelWidth}}">{{.Label}}</text>
<text x="{{.ValueStart}}" y="14" textLength="{{.ValueWidth}}">{{.Value}}</text>
</g>
</svg>
`))

// Badge draws an SVG picture of a label and a value, green where the value is good.
func Badge(label, value string, good bool) []byte {
	colour := "#b62324"
	if good {
		colour = "#1a7f37"
	}
	labelWidth, valueWidth := letterWidth*float64(len(label)), letterWidth*float64(len(value))
	var out bytes.Buffer
	if err := badgeTemplate.Execute(&out, map[string]any{
		"Label": label, "Value": value, "Colour": colour,
		"LabelWidth": round(labelWidth), "ValueWidth": round(valueWidth),
		"LabelEnd":   round(labelWidth + 2*badgeMargin - 3), // behind the round corner
		"ValueStart": round(labelWidth + 3*badgeMargin),
		"Width":      round(labelWidth + valueWidth + 4*badgeMargin),
	}); err != nil {
		panic(err) // The template and the data are this package's own.
	}
	return out.Bytes()
}

func round(pixels float64) string { return fmt.Sprintf("%.0f", pixels) }

// totalBadge draws what the tests have exercised.
func totalBadge(t contracttest.Totals) []byte {
	value := fmt.Sprintf("%d/%d operations, %d/%d statuses, %d/%d problem codes, %d mismatches",
		t.SeenOperations, t.Operations, t.SeenStatuses, t.Statuses, t.SeenCodes, t.Codes, t.Mismatches)
	return Badge("conformance", value, t.Enough())
}

var errOldBadge = errors.New("the badge of the README showed other figures; it is drawn anew, commit it")

// UpdateBadge replaces the badge that the README shows by the one that Report has drawn. The error says that it was
// another one, so that the figures in the repository are current wherever all tests pass.
func UpdateBadge(drawn, shown string) error {
	current, err := os.ReadFile(drawn)
	if err != nil {
		return err
	}
	old, err := os.ReadFile(shown)
	if err == nil && bytes.Equal(current, old) {
		return nil
	}
	if err := os.WriteFile(shown, current, 0o600); err != nil { //nolint:gosec // The suite names a file of the repository.
		return err
	}
	return fmt.Errorf("%s: %w", shown, errOldBadge)
}
