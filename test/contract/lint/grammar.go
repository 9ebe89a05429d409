package main

// grammar is OpenAPI 3.0.3 as far as the contract uses it: for each kind of object its members, and the kind of each
// member. "[]x" is a list of x, "{}x" is x by name, "" is a value that no rule looks into. Members that could hold
// schemas and that no rule looks into (callbacks, encoding) are left out, so that nothing passes unseen.
var grammar = map[string]map[string]string{
	"document": {
		"openapi": "", "info": "info", "servers": "[]server", "paths": "{}pathItem", "components": "components",
		"security": "", "tags": "[]tag", "externalDocs": "externalDocs",
	},
	"info": {
		"title": "", "description": "", "termsOfService": "", "contact": "contact", "license": "license", "version": "",
	},
	"contact":      {"name": "", "url": "", "email": ""},
	"license":      {"name": "", "url": ""},
	"server":       {"url": "", "description": "", "variables": ""},
	"externalDocs": {"description": "", "url": ""},
	"tag":          {"name": "", "description": "", "externalDocs": "externalDocs"},
	"pathItem": {
		"summary": "", "description": "", "parameters": "[]parameter",
		"get": "operation", "put": "operation", "post": "operation", "delete": "operation", "patch": "operation",
		"head": "operation", "options": "operation",
	},
	"operation": {
		"tags": "", "summary": "", "description": "", "externalDocs": "externalDocs", "operationId": "",
		"parameters": "[]parameter", "requestBody": "requestBody", "responses": "{}response",
		"deprecated": "", "security": "",
	},
	"parameter": {
		"name": "", "in": "", "description": "", "required": "", "deprecated": "", "style": "", "explode": "",
		"allowReserved": "", "schema": "schema", "example": "", "examples": "{}example",
	},
	"header": {
		"description": "", "required": "", "deprecated": "", "style": "", "explode": "", "schema": "schema",
		"example": "", "examples": "{}example",
	},
	"requestBody": {"description": "", "content": "{}mediaType", "required": ""},
	"mediaType":   {"schema": "schema", "example": "", "examples": "{}example"},
	"response":    {"description": "", "headers": "{}header", "content": "{}mediaType", "links": "{}link"},
	"example":     {"summary": "", "description": "", "value": ""},
	"link":        {"operationId": "", "parameters": "", "requestBody": "", "description": ""},
	"components": {
		"schemas": "{}schema", "responses": "{}response", "parameters": "{}parameter", "examples": "{}example",
		"requestBodies": "{}requestBody", "headers": "{}header", "securitySchemes": "{}securityScheme", "links": "{}link",
	},
	"securityScheme": {
		"type": "", "description": "", "name": "", "in": "", "scheme": "", "bearerFormat": "",
		"flows": "", "openIdConnectUrl": "",
	},
	"schema": {
		"title": "", "description": "", "type": "", "format": "", "nullable": "", "enum": "", "default": "", "example": "",
		"multipleOf": "", "maximum": "", "exclusiveMaximum": "", "minimum": "", "exclusiveMinimum": "",
		"maxLength": "", "minLength": "", "pattern": "", "maxItems": "", "minItems": "", "uniqueItems": "",
		"maxProperties": "", "minProperties": "", "required": "", "properties": "{}schema", "additionalProperties": "schema",
		"items": "schema", "allOf": "[]schema", "oneOf": "[]schema", "anyOf": "[]schema", "not": "schema",
		"discriminator": "", "readOnly": "", "writeOnly": "", "deprecated": "", "externalDocs": "externalDocs",
	},
}
