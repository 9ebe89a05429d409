package main

import (
	"fmt"
	"html"
	"html/template"
	"math"
	"strconv"
	"strings"
)

// chart is lines over one axis, drawn as SVG: once wide and once narrow, of which the page shows the one that fits.
type chart struct {
	Title, About string
	X, Y         string // what the axes count, with the unit
	Series       []series
	Limit        float64 // a line that values should be below; 0 for none
	LimitName    string
	Log          bool // of the values' axis
	Dots         bool // at each point
	Marks        []mark
	Until        float64 // the end of the X axis, which then begins at 0; 0 for an axis that spans the points
}

// series is one line. Class is that of its colour.
type series struct {
	Name, Class string
	Points      []point
}

// point is a place on a line; where Y is not a number, the line has a gap.
type point struct{ X, Y float64 }

// mark is a place on the X axis that has a name.
type mark struct {
	X    float64
	Name string
}

// frame is the place of a drawing within its picture, in pixels.
type frame struct{ width, height, left, right, top, bottom float64 }

var (
	wide   = frame{width: 1080, height: 250, left: 62, right: 14, top: 24, bottom: 44}
	narrow = frame{width: 350, height: 230, left: 46, right: 10, top: 24, bottom: 44}
)

// scale maps values to pixels.
type scale struct {
	from, to, low, high float64
	log                 bool
}

func (s scale) at(value float64) float64 {
	if s.log {
		value = math.Max(value, s.from)
		return s.low + (s.high-s.low)*math.Log(value/s.from)/math.Log(s.to/s.from)
	}
	return s.low + (s.high-s.low)*(value-s.from)/(s.to-s.from)
}

// ticks are about as many round values within the scale.
func (s scale) ticks(count int) (all []float64) {
	if s.log {
		steps := []float64{1, 2, 5}
		if math.Log10(s.to/s.from) > 3 {
			steps = []float64{1}
		}
		for decade := math.Floor(math.Log10(s.from)); decade <= math.Log10(s.to); decade++ {
			for _, step := range steps {
				if v := step * math.Pow(10, decade); v >= s.from*0.999 && v <= s.to*1.001 {
					all = append(all, v)
				}
			}
		}
		return all
	}
	step := niceStep((s.to - s.from) / float64(count))
	first := int(math.Ceil(s.from/step - 1e-9))
	for n := first; float64(n)*step <= s.to*(1+1e-9); n++ {
		all = append(all, float64(n)*step)
	}
	return all
}

// niceStep is the smallest of 1, 2, 5, 10, 20 and so on that is no less than a value.
func niceStep(value float64) float64 {
	decade := math.Pow(10, math.Floor(math.Log10(value)))
	for _, step := range []float64{1, 2, 5} {
		if step*decade >= value*(1-1e-9) {
			return step * decade
		}
	}
	return 10 * decade
}

// number writes a tick.
func number(v float64) string {
	if v >= 1000 && math.Mod(v, 100) == 0 {
		return strconv.FormatFloat(v/1000, 'g', 4, 64) + "k"
	}
	return strconv.FormatFloat(math.Round(v*1000)/1000, 'g', 6, 64)
}

// SVG draws the chart in both sizes.
func (c chart) SVG() template.HTML {
	drawn := c.draw(wide, "wide", 10) + c.draw(narrow, "narrow", 5)
	return template.HTML(drawn) //nolint:gosec // draw escapes what it writes.
}

func (c chart) draw(f frame, class string, xTicks int) string {
	x, y := c.scales(f)
	var b strings.Builder
	fmt.Fprintf(&b, `<svg class="%s" viewBox="0 0 %g %g" role="img" aria-label="%s">`,
		class, f.width, f.height, html.EscapeString(c.Title+": "+c.About))
	for _, v := range y.ticks(5) {
		fmt.Fprintf(&b, `<line class="grid" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.low, x.high, y.at(v), y.at(v))
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="end">%s</text>`, x.low-6, y.at(v)+4, number(v))
	}
	for _, v := range x.ticks(xTicks) {
		fmt.Fprintf(&b, `<line class="tick" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.at(v), x.at(v), y.low, y.low+4)
		fmt.Fprintf(&b, `<text x="%.1f" y="%.1f" text-anchor="middle">%s</text>`, x.at(v), y.low+17, number(v))
	}
	fmt.Fprintf(&b, `<line class="axis" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.low, x.high, y.low, y.low)
	fmt.Fprintf(&b, `<text class="name" x="4" y="13">%s</text>`, html.EscapeString(c.Y))
	fmt.Fprintf(&b, `<text class="name" x="%.1f" y="%.1f" text-anchor="end">%s</text>`,
		x.high, f.height-6, html.EscapeString(c.X))
	if c.Limit > 0 && c.Limit <= y.to {
		fmt.Fprintf(&b, `<line class="limit" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`,
			x.low, x.high, y.at(c.Limit), y.at(c.Limit))
		fmt.Fprintf(&b, `<text class="limit" x="%.1f" y="%.1f">%s</text>`,
			x.low+6, y.at(c.Limit)-5, html.EscapeString(c.LimitName))
	}
	for _, m := range c.Marks {
		anchor, shift := "end", -5.0
		if x.at(m.X) < (x.low+x.high)/2 {
			anchor, shift = "start", 5
		}
		fmt.Fprintf(&b, `<line class="mark" x1="%.1f" x2="%.1f" y1="%.1f" y2="%.1f"/>`, x.at(m.X), x.at(m.X), y.low, y.high)
		fmt.Fprintf(&b, `<text class="mark" x="%.1f" y="%.1f" text-anchor="%s">%s</text>`,
			x.at(m.X)+shift, y.high+12, anchor, html.EscapeString(m.Name))
	}
	for _, s := range c.Series {
		c.line(&b, s, x, y)
	}
	b.WriteString(c.readings(x, y))
	b.WriteString("</svg>\n")
	return b.String()
}

// scales finds the values that the axes span.
func (c chart) scales(f frame) (x, y scale) {
	x = scale{from: math.Inf(1), to: math.Inf(-1), low: f.left, high: f.width - f.right}
	y = scale{from: math.Inf(1), low: f.height - f.bottom, high: f.top, log: c.Log}
	for _, s := range c.Series {
		for _, p := range s.Points {
			x.from, x.to = min(x.from, p.X), max(x.to, p.X)
			if !math.IsNaN(p.Y) {
				y.to = max(y.to, p.Y)
				if p.Y > 0 {
					y.from = min(y.from, p.Y)
				}
			}
		}
	}
	if c.Until > 0 {
		x.from, x.to = 0, c.Until
	}
	if math.IsInf(x.from, 0) {
		x.from, x.to = 0, 1
	}
	if x.to <= x.from {
		x.to = x.from + 1
	}
	if !c.Log {
		y.from = 0
		if y.to <= 0 {
			y.to = 1
		}
		y.to = niceStep(y.to/5) * math.Ceil(y.to/niceStep(y.to/5)-1e-9)
		return x, y
	}
	if c.Limit > 0 {
		y.to = max(y.to, c.Limit)
	}
	if math.IsInf(y.from, 0) {
		y.from, y.to = 1, 10
	}
	y.from = math.Pow(10, math.Floor(math.Log10(y.from)))
	y.to = max(y.to*1.3, y.from*10)
	return x, y
}

// line draws a series, with a gap where there is no value.
func (c chart) line(b *strings.Builder, s series, x, y scale) {
	var path strings.Builder
	next := "M"
	for _, p := range s.Points {
		if math.IsNaN(p.Y) {
			next = "M"
			continue
		}
		fmt.Fprintf(&path, "%s%.1f %.1f", next, x.at(p.X), y.at(p.Y))
		next = "L"
	}
	fmt.Fprintf(b, `<path class="line %s" d="%s"/>`, s.Class, path.String())
	for _, p := range s.Points {
		if c.Dots && !math.IsNaN(p.Y) {
			fmt.Fprintf(b, `<circle class="dot %s" cx="%.1f" cy="%.1f" r="3.5"/>`, s.Class, x.at(p.X), y.at(p.Y))
		}
	}
}

// readings are invisible columns that tell the values under the pointer.
func (c chart) readings(x, y scale) string {
	if len(c.Series) == 0 {
		return ""
	}
	var b strings.Builder
	points := c.Series[0].Points
	for i, p := range points {
		from, to := x.low, x.high
		if i > 0 {
			from = (x.at(points[i-1].X) + x.at(p.X)) / 2
		}
		if i+1 < len(points) {
			to = (x.at(p.X) + x.at(points[i+1].X)) / 2
		}
		var text strings.Builder
		text.WriteString(number(p.X) + " " + c.X)
		for _, s := range c.Series {
			if i < len(s.Points) && !math.IsNaN(s.Points[i].Y) {
				fmt.Fprintf(&text, "\n%s: %s", s.Name, number(s.Points[i].Y))
			}
		}
		fmt.Fprintf(&b, `<rect class="reading" x="%.1f" y="%.1f" width="%.1f" height="%.1f"><title>%s</title></rect>`,
			from, y.high, max(0, to-from), y.low-y.high, html.EscapeString(text.String()))
	}
	return b.String()
}
