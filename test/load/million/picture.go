package main

import (
	"bytes"
	"fmt"
	"html"
)

// draw makes a page with two bars for each list, the first page above one far behind: equal bars mean that a page costs
// the same wherever it is.
func draw(orders int, looks []look) []byte {
	const (
		left, width, height = 330, 460, 16
		gap                 = 10
	)
	var longest int64 = 1
	for _, l := range looks {
		longest = max(longest, l.plan.buffers())
	}
	var bars bytes.Buffer
	y, last := 30, ""
	for _, l := range looks {
		name := html.EscapeString(l.list.name)
		colour, page := "#2a6f97", "page 1"
		if l.pages > 0 {
			colour, page = "#e07a5f", fmt.Sprintf("page %d", l.pages+1)
		}
		if name == last {
			name = ""
		} else {
			last = name
			y += gap
		}
		long := max(2, int(l.plan.buffers()*width/longest))
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end">%s</text>`, left-90, y+12, name)
		fmt.Fprintf(&bars, `<text x="%d" y="%d" text-anchor="end" fill="#666">%s</text>`, left-8, y+12, page)
		fmt.Fprintf(&bars, `<rect x="%d" y="%d" width="%d" height="%d" fill="%s"/>`, left, y, long, height-2, colour)
		fmt.Fprintf(&bars, `<text x="%d" y="%d">%d buffers, %.2f ms</text>`+"\n",
			left+long+6, y+12, l.plan.buffers(), l.plan.Millis)
		y += height
	}
	var page bytes.Buffer
	fmt.Fprintf(&page, `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Lists of %[1]d orders</title>
<svg xmlns="http://www.w3.org/2000/svg" width="980" height="%[2]d" font-family="sans-serif" font-size="12">
<text x="12" y="18" font-size="14">
What a page of %[3]d costs among %[1]d orders: buffers of 8 KiB that PostgreSQL looks at
</text>
%[4]s</svg>
</html>
`, orders, y+20, pageSize, bars.String())
	return page.Bytes()
}
