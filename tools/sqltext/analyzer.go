package main

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"

	"golang.org/x/tools/go/analysis"
	"golang.org/x/tools/go/analysis/passes/inspect"
	"golang.org/x/tools/go/ast/inspector"
)

const doc = `find SQL text that is built at run time

The text of a statement is a constant, or a variable of the package that go:embed fills. What a caller sends is an
argument of the statement: in its text it would be SQL injection. Concatenation, fmt.Sprintf, a builder and a variable
are reported alike, however harmless, because a reader cannot tell.

A statement that must be built is excused on its line or the one above, with the reason:

	//sqltext:allow the name of a channel cannot be an argument; it is random letters

A statement is what the methods below run that belong to pgx or database/sql, or that have a result of one of their
types, as an interface for them has. A method that has the name of one of them and such a result may pass on its own
parameter, because its callers are held to the same. Tests, and packages that import testing, are not looked at.`

// Analyzer reports SQL text that is built at run time.
var Analyzer = &analysis.Analyzer{
	Name: "sqltext", Doc: doc, Run: run, Requires: []*analysis.Analyzer{inspect.Analyzer},
}

// methods are those whose last parameter of type string is SQL.
var methods = map[string]bool{
	"Exec": true, "Query": true, "QueryRow": true, "Prepare": true, "Queue": true, // pgx, pgxpool, generated interfaces
	"ExecParams": true, "CopyTo": true, "CopyFrom": true, "SendQuery": true, "SendQueryParams": true, // pgconn
	"SendPrepare": true,
	"ExecContext": true, "QueryContext": true, "QueryRowContext": true, "PrepareContext": true, // database/sql
}

// allowance is what excuses a statement.
const allowance = "//sqltext:allow"

// checker looks at one package.
type checker struct {
	pass     *analysis.Pass
	embedded map[types.Object]bool
	allowed  map[string]map[int]*excuse // by file and line
}

type excuse struct {
	pos  token.Pos
	used bool
}

// isKit tells whether a file belongs to a package that only tests use. The tests of a package do not count: go vet looks
// at it together with them.
func isKit(file *ast.File) bool {
	return slices.ContainsFunc(file.Imports, func(i *ast.ImportSpec) bool { return i.Path.Value == `"testing"` })
}

func run(pass *analysis.Pass) (any, error) {
	c := &checker{pass: pass, embedded: map[types.Object]bool{}, allowed: map[string]map[int]*excuse{}}
	for _, file := range pass.Files {
		if c.isTest(file.Pos()) {
			continue
		}
		if isKit(file) {
			return nil, nil
		}
		c.readFile(file)
	}
	called := map[ast.Expr]bool{}
	in := pass.ResultOf[inspect.Analyzer].(*inspector.Inspector)
	in.WithStack([]ast.Node{(*ast.CallExpr)(nil), (*ast.SelectorExpr)(nil)},
		func(node ast.Node, push bool, stack []ast.Node) bool {
			if !push || c.isTest(node.Pos()) {
				return push
			}
			switch n := node.(type) {
			case *ast.CallExpr:
				called[ast.Unparen(n.Fun)] = true
				c.call(n, stack)
			case *ast.SelectorExpr:
				if _, ok := c.sqlOf(n); ok && !called[n] {
					c.report(n, n.Sel.Name+" is taken as a value, which hides the SQL text of its calls")
				}
			}
			return true
		})
	for _, lines := range c.allowed {
		for _, e := range lines {
			if !e.used {
				pass.Reportf(e.pos, "nothing is to be allowed here: remove the comment")
			}
		}
	}
	return nil, nil
}

func (c *checker) isTest(pos token.Pos) bool {
	return strings.HasSuffix(c.pass.Fset.Position(pos).Filename, "_test.go")
}

// readFile collects the variables that go:embed fills, and the excuses.
func (c *checker) readFile(file *ast.File) {
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			value := spec.(*ast.ValueSpec)
			if isEmbedded(value.Doc) || len(group.Specs) == 1 && isEmbedded(group.Doc) {
				for _, name := range value.Names {
					c.embedded[c.pass.TypesInfo.Defs[name]] = true
				}
			}
		}
	}
	lines := map[int]*excuse{}
	for _, group := range file.Comments {
		for _, comment := range group.List {
			reason, ok := strings.CutPrefix(comment.Text, allowance)
			reason, _, _ = strings.Cut(reason, "//") // what a comment in the comment says
			switch {
			case !ok:
			case strings.TrimSpace(reason) == "":
				c.pass.Reportf(comment.Pos(), "the reason is missing: write %s and why the text cannot be a constant", allowance)
			default:
				lines[c.pass.Fset.Position(comment.Pos()).Line] = &excuse{pos: comment.Pos()}
			}
		}
	}
	c.allowed[c.pass.Fset.Position(file.Pos()).Filename] = lines
}

func isEmbedded(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	for _, comment := range doc.List {
		if strings.HasPrefix(comment.Text, "//go:embed ") {
			return true
		}
	}
	return false
}

// call looks at a call below the nodes of a stack.
func (c *checker) call(call *ast.CallExpr, stack []ast.Node) {
	at, ok := c.sqlOf(call.Fun)
	if !ok || at >= len(call.Args) { // f(g()) passes on results that g's calls are held to.
		return
	}
	sql := ast.Unparen(call.Args[at])
	if c.pass.TypesInfo.Types[sql].Value != nil || c.isEmbeddedVariable(sql) || c.isPassedOn(sql, stack) {
		return
	}
	c.report(call.Args[at], "this SQL text is not a constant: pass what changes as an argument of the statement")
}

// sqlOf tells which argument of calls of a function is SQL.
func (c *checker) sqlOf(function ast.Expr) (at int, ok bool) {
	selected, ok := ast.Unparen(function).(*ast.SelectorExpr)
	if !ok {
		return 0, false
	}
	method, ok := c.pass.TypesInfo.Uses[selected.Sel].(*types.Func)
	if !ok {
		return 0, false
	}
	at, ok = sqlParameter(method)
	if s := c.pass.TypesInfo.Selections[selected]; s != nil && s.Kind() == types.MethodExpr {
		at++ // The receiver is the first argument.
	}
	return at, ok
}

// sqlParameter tells which parameter of a method is SQL, if it runs statements.
func sqlParameter(method *types.Func) (at int, ok bool) {
	signature := method.Signature()
	if !methods[method.Name()] || signature.Recv() == nil || !runsStatements(method) {
		return 0, false
	}
	for i := signature.Params().Len() - 1; i >= 0; i-- {
		if basic, isBasic := signature.Params().At(i).Type().Underlying().(*types.Basic); isBasic &&
			basic.Kind() == types.String {
			return i, true
		}
	}
	return 0, false
}

func runsStatements(method *types.Func) bool {
	if isDatabase(method.Pkg()) {
		return true
	}
	results := method.Signature().Results()
	for i := range results.Len() {
		t := results.At(i).Type()
		if pointer, ok := t.(*types.Pointer); ok {
			t = pointer.Elem()
		}
		if named, ok := types.Unalias(t).(*types.Named); ok && isDatabase(named.Obj().Pkg()) {
			return true
		}
	}
	return false
}

func isDatabase(pkg *types.Package) bool {
	if pkg == nil {
		return false
	}
	return pkg.Path() == "database/sql" || strings.HasPrefix(pkg.Path()+"/", "github.com/jackc/pgx/v5/")
}

// isEmbeddedVariable tells whether an expression is a variable, or string(a variable), that go:embed fills.
func (c *checker) isEmbeddedVariable(e ast.Expr) bool {
	if call, ok := e.(*ast.CallExpr); ok && len(call.Args) == 1 && c.pass.TypesInfo.Types[call.Fun].IsType() {
		e = ast.Unparen(call.Args[0])
	}
	name, ok := e.(*ast.Ident)
	return ok && c.embedded[c.pass.TypesInfo.Uses[name]]
}

// isPassedOn tells whether an expression is the SQL parameter of the method around it, whose callers are held to the
// rule.
func (c *checker) isPassedOn(e ast.Expr, stack []ast.Node) bool {
	name, ok := e.(*ast.Ident)
	if !ok {
		return false
	}
	for _, node := range stack {
		declared, ok := node.(*ast.FuncDecl)
		if !ok {
			continue
		}
		method, _ := c.pass.TypesInfo.Defs[declared.Name].(*types.Func)
		if method == nil {
			continue
		}
		at, ok := sqlParameter(method)
		parameter := c.pass.TypesInfo.Uses[name]
		return ok && method.Signature().Params().At(at) == parameter && !c.isAssigned(declared.Body, parameter)
	}
	return false
}

// isAssigned tells whether a function changes a variable.
func (c *checker) isAssigned(body *ast.BlockStmt, variable types.Object) (assigned bool) {
	ast.Inspect(body, func(node ast.Node) bool {
		switch n := node.(type) {
		case *ast.AssignStmt:
			for _, left := range n.Lhs {
				name, ok := ast.Unparen(left).(*ast.Ident)
				assigned = assigned || ok && c.pass.TypesInfo.Uses[name] == variable
			}
		case *ast.UnaryExpr: // Through its address anybody may change it.
			name, ok := ast.Unparen(n.X).(*ast.Ident)
			assigned = assigned || n.Op == token.AND && ok && c.pass.TypesInfo.Uses[name] == variable
		}
		return !assigned
	})
	return assigned
}

// report reports an expression unless it is excused.
func (c *checker) report(e ast.Expr, message string) {
	position := c.pass.Fset.Position(e.Pos())
	for _, line := range []int{position.Line, position.Line - 1} {
		if excused := c.allowed[position.Filename][line]; excused != nil {
			excused.used = true
			return
		}
	}
	c.pass.Reportf(e.Pos(), "%s", message)
}
