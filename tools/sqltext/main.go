// Command sqltext finds SQL text that is built at run time. make lint runs it:
//
//	go vet -vettool=bin/tools/sqltext ./...
package main

import "golang.org/x/tools/go/analysis/unitchecker"

func main() { unitchecker.Main(Analyzer) }
