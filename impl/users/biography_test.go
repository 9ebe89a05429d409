package users

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
	"golang.org/x/net/html/atom"

	"example.com/plumbline/gen/usersapi"
)

// vectors gives biographies that try to run a script, load something, or look like another part of the page.
func vectors() []string {
	return []string{
		// Scripts, however they are written.
		`<script>run()</script>`, `<SCRIPT>run()</SCRIPT>`, `<sCrIpT src=https://evil.example/x.js></sCrIpT>`,
		`<script/src="https://evil.example/x.js">`, "<script\n>run()</script\n>",
		"<script\t\f src=//evil.example/x.js></script>", `<script>run()`,
		`<scr<script>ipt>run()</scr</script>ipt>`, `<<script>run();//<</script>`,
		`<script type=module>import "https://evil.example/x.js"</script>`, `</script><script>run()</script>`,
		`<p><script>run()</script></p>`, `<script><!--run()//--></script>`,
		`<noscript><p title="</noscript><img src=x onerror=run()>"></noscript>`, `<svg><script>run()</script></svg>`,
		`<svg><script href="data:,run()" /></svg>`,
		// Event handlers.
		`<img src=x onerror=run()>`, `<img src=x onerror="run()"`, `<img/src=x/onerror=run()>`,
		"<img src=x onerror\n=\nrun()>", `<IMG SRC=x OnErRoR=run()>`, `<img src=x:y onerror=&#114;un()>`,
		`<image src=x onerror=run()>`, `<img srcset=, onerror=run()>`, `<p onclick=run()>p</p>`,
		`<p onmouseover="run()">p</p>`, `<b onfocus=run() tabindex=1 autofocus>b</b>`,
		`<li onpointerenter=run()>`, `<br onload=run()>`, `<em/onwheel=run()>e</em>`,
		`<i onanimationstart=run() style="animation:x 1s">i</i>`, `<strong ontransitionend=run()>s</strong>`,
		`<ul oncopy=run()><li>l</ul>`, `<ol onscrollend=run()>`, `<p/onbeforeinput=run() contenteditable>p`,
		"<p \x0bonclick=run()>p", `<p x="'" onclick='run("'>p`,
		`<body onload=run()>`, `<body onhashchange=run()>`, `<html onmousemove=run()>`, `<frameset onload=run()>`,
		`<video><source onerror=run()></video>`, `<audio src=x onerror=run()>`,
		`<video poster=x onloadstart=run()>`, `<details open ontoggle=run()>d</details>`,
		`<marquee onstart=run()>m</marquee>`, `<input autofocus onfocus=run()>`, `<select onfocus=run() autofocus>`,
		`<textarea autofocus onfocus=run()>`, `<keygen autofocus onfocus=run()>`,
		`<button popovertarget=x>b</button><p popover id=x onbeforetoggle=run()>`, `<dialog open onclose=run()>`,
		// Links.
		`<a href="javascript:run()">a</a>`, `<a href="JaVaScRiPt:run()">a</a>`, "<a href=\"java\nscript:run()\">a</a>",
		"<a href=\"java\tscript:run()\">a</a>", "<a href=\" \x01javascript:run()\">a</a>",
		`<a href="javascript&colon;run()">a</a>`, `<a href="&#106;avascript:run()">a</a>`,
		`<a href="&#x6A&#x61vascript:run()">a</a>`, `<a href="java&Tab;script:run()">a</a>`,
		`<a href="javascript:%72un()">a</a>`, `<a href="vbscript:run()">a</a>`,
		`<a href="data:text/html,<script>run()</script>">a</a>`,
		`<a href="data:text/html;base64,PHNjcmlwdD5ydW4oKTwvc2NyaXB0Pg==">a</a>`,
		`<a href="blob:https://evil.example/x">a</a>`, `<a href="//evil.example/">a</a>`, `<a href="\\evil.example\">a</a>`,
		`<a href="https:javascript:run()">a</a>`, `<a href="https:///run">a</a>`,
		`<a href="https://bank.example@evil.example/">a</a>`, `<a href="http://evil.example/">a</a>`,
		`<a href="/api/v1/logout">a</a>`, `<a href="?x=1">a</a>`, `<a href="#x">a</a>`, `<a href>a</a>`,
		`<a href="https://evil.example/" onclick=run()>a</a>`, `<a href="https://evil.example/" rel=opener target=_top>a</a>`,
		`<a href="https://evil.example/" ping="https://evil.example/">a</a>`,
		`<a href="https://evil.example/" style="position:fixed;inset:0">a</a>`,
		`<a href='https://evil.example/"onclick="run()'>a</a>`, `<a name=body id=forms href="https://evil.example/">a</a>`,
		`<a href=https://evil.example/><img src=x onerror=run()></a>`,
		`<svg><a xlink:href="javascript:run()"><text>a</text></a></svg>`, `<math href="javascript:run()">m</math>`,
		// Elements that load, frame, send or redirect.
		`<iframe src="javascript:run()"></iframe>`, `<iframe srcdoc="<script>run()</script>"></iframe>`,
		`<object data="javascript:run()"></object>`, `<embed src="https://evil.example/x.swf">`,
		`<applet code=x></applet>`, `<link rel=stylesheet href=https://evil.example/x.css>`,
		`<meta http-equiv=refresh content="0;url=javascript:run()">`, `<base href="https://evil.example/">`,
		`<style>@import "https://evil.example/x.css";</style>`, `<style>p{background:url(javascript:run())}</style>`,
		`<p style="background:url(https://evil.example/x)">p</p>`, `<p style="width:expression(run())">p`,
		`<form action="javascript:run()"><button>b</button></form>`, `<button formaction="javascript:run()">b</button>`,
		`<isindex type=image src=x onerror=run()>`, `<input type=image src=x>`,
		`<table background="javascript:run()">`, `<portal src="https://evil.example/">`,
		`<template><script>run()</script></template>`, `<slot onslotchange=run()>`, `<x-y onclick=run()>x</x-y>`,
		// Markup that parsers read differently.
		`<svg/onload=run()>`, `<svg><animate onbegin=run() attributeName=x>`,
		`<svg><set attributeName=href to="javascript:run()">`,
		`<svg><use href="data:image/svg+xml,<svg id=x onload=run()>#x">`,
		`<svg><foreignObject><p onclick=run()>p</p></foreignObject></svg>`,
		`<svg></p><style><a id="</style><img src=x onerror=run()>">`,
		`<math><mtext><table><mglyph><style><img src=x onerror=run()>`,
		`<math><annotation-xml encoding="text/html"><p onclick=run()>p</p></annotation-xml></math>`,
		`<form><math><mtext></form><form><mglyph><style></math><img src=x onerror=run()>`,
		`<title><p title="</title><img src=x onerror=run()>">`, `<textarea><p title="</textarea><img src=x onerror=run()>">`,
		`<xmp><p title="</xmp><img src=x onerror=run()>">`, `<plaintext><img src=x onerror=run()>`,
		`<noembed><img title="</noembed><img src=x onerror=run()>"></noembed>`, `<!--><img src=x onerror=run()>-->`,
		`<!-- --!><img src=x onerror=run()>-->`, `<![CDATA[<img src=x onerror=run()>]]>`,
		`<?xml version="1.0"?><img src=x onerror=run()>`, `<!DOCTYPE p [<!ENTITY x "<script>run()</script>">]><p>&x;</p>`,
		`<!--[if IE]><script>run()</script><![endif]-->`, `</p/onclick=run()><img src=x onerror=run()>`,
		`<p title='<script>run()</script>'>p</p>`, "<p title=`><img src=x onerror=run()>`>p</p>", `<p"onclick=run()>p`,
		`<img """><script>run()</script>">`, "\ufeff<script>run()</script>",
		`+ADw-script+AD4-run()+ADw-/script+AD4-<img src=x>`,
	}
}

// beyond names something in HTML, as a browser parses it, that no biography may have; "" means that there is nothing.
func beyond(t testing.TB, text string) string {
	t.Helper()
	nodes, err := html.ParseFragment(strings.NewReader(text),
		&html.Node{Type: html.ElementNode, Data: "div", DataAtom: atom.Div})
	require.NoError(t, err)
	for _, top := range nodes {
		if found := beyondIn(top); found != "" {
			return found
		}
		for node := range top.Descendants() {
			if found := beyondIn(node); found != "" {
				return found
			}
		}
	}
	return ""
}

func beyondIn(node *html.Node) string {
	if node.Type == html.TextNode {
		return ""
	}
	if node.Type != html.ElementNode || node.Namespace != "" {
		return "a node: " + node.Data
	}
	switch node.Data {
	case "p", "br", "b", "i", "em", "strong", "ul", "ol", "li":
		if len(node.Attr) > 0 {
			return node.Data + " with " + node.Attr[0].Key
		}
		return ""
	case "a":
		attributes := map[string]string{}
		for _, a := range node.Attr {
			attributes[a.Key] = a.Val
		}
		link, err := url.Parse(attributes["href"])
		if err != nil || link.Scheme != "https" || link.Host == "" || link.User != nil {
			return "a link to " + attributes["href"]
		}
		if len(node.Attr) != 3 || attributes["rel"] != "nofollow noopener" || attributes["target"] != "_blank" {
			return "a link that is not as links are"
		}
		return ""
	default:
		return "an element: " + node.Data
	}
}

func TestVectorsAreHarmless(t *testing.T) {
	t.Parallel()
	s := start(t)
	all, harmful := vectors(), 0
	seen := map[string]bool{}
	for _, vector := range all {
		require.False(t, seen[vector], "twice: %s", vector)
		seen[vector] = true
		if beyond(t, vector) != "" {
			harmful++
		}
		got := *s.service.biography(&vector)
		require.Empty(t, beyond(t, got), "%s became %s", vector, got)
		require.Equal(t, got, *s.service.biography(&got), "%s is left as it is", got)
		require.Empty(t, beyond(t, *s.service.biography(new("<p>" + vector + "</p><ul><li>" + vector))), vector)
	}
	require.GreaterOrEqual(t, harmful, 100, "the test can see what is wrong with them")
	t.Logf("%d vectors, %d of them harmful by themselves", len(all), harmful)
}

// Harmless markup stays.
func TestBiographies(t *testing.T) {
	t.Parallel()
	s := start(t)
	const all = `<p>I <b>wrote</b> <i>the</i> <em>first</em> <strong>program</strong>.<br>So:</p>` +
		`<ul><li>it</li></ul><ol><li>ran</li></ol>`
	for sent, want := range map[string]string{
		"": "", "plain\ntext": "plain\ntext", "1 < 2 & 3": "1 &lt; 2 &amp; 3",
		all: all, `<h1>Ada</h1><script>run()</script>`: `Ada`,
		`<a href="https://example.com/ada?a=1&b=2">me</a>`: `<a href="https://example.com/ada?a=1&amp;b=2" ` +
			`rel="nofollow noopener" target="_blank">me</a>`,
	} {
		got := *s.service.biography(&sent)
		require.Equal(t, want, got)
		require.Empty(t, beyond(t, got))
	}
	require.Nil(t, s.service.biography(nil))
}

// Every reader gets the same form; the database keeps what was sent.
func TestEveryReaderOfABiography(t *testing.T) {
	t.Parallel()
	s := start(t)
	ada, support := s.member(), s.member(usersapi.RoleSupport)
	const sent, want = `<p onclick=run()>Ada<script>run()</script></p>`, `<p>Ada</p>`
	body, err := json.Marshal(map[string]string{"biography": sent})
	require.NoError(t, err)
	status, text := s.tell(ada, string(body))
	require.Equal(t, http.StatusOK, status, text)
	var changed usersapi.Profile
	require.NoError(t, json.Unmarshal([]byte(text), &changed))
	require.Equal(t, want, *changed.Biography)
	require.Equal(t, sent, *s.userOf(ada).Biography)
	for _, access := range []string{ada.access, support.access} {
		require.Equal(t, want, *must(s.profileOf(ada.user.ID, access)).Biography)
	}
	require.Equal(t, want, *person{ClientWithResponses: s.as(ada.access)}.profile(t).Biography)
	require.Equal(t, want, *person{ClientWithResponses: s.as(ada.access)}.exportOwnData(t).Profile.Biography)

	// These give the longest answers: every character is escaped.
	for _, long := range []string{
		strings.Repeat(`"`, 2000), `<a href="https://x/` + strings.Repeat("\U0001F600", 1970) + `">a</a>`,
	} {
		body, err := json.Marshal(map[string]string{"biography": long})
		require.NoError(t, err)
		status, text := s.tell(ada, string(body))
		require.Equal(t, http.StatusOK, status, text)
	}
	status, text = s.tell(ada, `{"biography":"`+strings.Repeat("a", 2001)+`"}`)
	require.Equal(t, http.StatusUnprocessableEntity, status, text)
	status, text = s.tell(ada, `{"biography":null}`)
	require.Equal(t, http.StatusOK, status, text)
	require.NotContains(t, text, "biography")
}
