// Makes gen/ts from the documents in openapi/: the shapes with openapi-typescript, and beside them one table of what the
// client has to know of each operation, so that nothing of an operation is written by hand.
import {execFileSync} from 'node:child_process';
import {mkdir, readdir, readFile, writeFile} from 'node:fs/promises';
import openapiTS, {astToString} from 'openapi-typescript';
import {parse} from 'yaml';

const root = new URL('../../../', import.meta.url);
const out = new URL('gen/ts/', root);
// Every document is a service's.
const services = (await readdir(new URL('openapi/', root))).filter((file) => file.endsWith('.yaml')).map((file) => file.replace('.yaml', '')).sort();
const made = '// Made by `make gen` from openapi/; not to be edited.\n';

// What an operation can end with is for the services to say: it follows from its policy as well. Go finds the program by its
// import path also from the copy of the sources in which tools/generate calls this.
const problems = JSON.parse(execFileSync('go', ['run', 'example.com/plumbline/test/contract/problems', ...services.map((service) => `openapi/${service}.yaml`)], {cwd: root, encoding: 'utf8'}));

await mkdir(out, {recursive: true});
const documents = {};
for (const service of services) {
  const file = new URL(`openapi/${service}.yaml`, root);
  documents[service] = parse(await readFile(file, 'utf8'), {maxAliasCount: -1});
  await writeFile(new URL(`${service}.ts`, out), made + astToString(await openapiTS(file, {silent: true, defaultNonNullable: false})));
}

const shapes = new Map([['Problem', membersOf(documents.users, documents.users.components.schemas.Problem)]]);
const operations = services.flatMap((service) => operationsOf(service, documents[service]));
await writeFile(new URL('operations.ts', out), `${made}${services.map((service) => `import type * as ${service} from './${service}.js';\n`).join('')}
/**
 * What the client does for each operation: method, path, answers and marks. An answer is a status, and what its body may be: a
 * media type, or the name of one of the shapes for JSON; a status alone has no body. The marks: p needs no access token, c the
 * refresh cookie travels with it, k takes an Idempotency-Key, m takes If-Match, l is a list in pages, s can be followed as a
 * stream of events, b answers with bytes, and a digit says that the ETag of its answer is that of its path without so many of
 * its last segments.
 */
export const table = {
${services.map((service) => `  ${service}: {\n${operations.filter((o) => o.service === service).map((o) => `    ${o.id}: '${[o.method, o.path, o.answers, o.marks].join(' ').trim()}',\n`).join('')}  },\n`).join('')}} as const;

/** The members that each shape requires. A letter behind the colon is the type of those that have one: s string, n number, b boolean, a array, o object. */
export const shapes: Readonly<Record<string, string>> = {
${[...shapes].map(([name, members]) => `  ${name}: '${members}',\n`).join('')}};

/** The codes with which the service refuses to carry a session on. */
export const endings: readonly string[] = [${problems.users.refreshSession.filter(({status}) => status === 401).map(({code}) => `'${code}'`).join(', ')}];

/** Where a service is known to be, by its name. */
export type ServiceName = keyof typeof table;

/** The schemas of all documents. Of a name that several have, the first counts; each has codes of its own. */
export interface Schemas extends ${services.map(schemasOf).join(', ')} {
${services.map((service) => `  ${codesName(service)}: ${service}.components['schemas']['ProblemCode'];\n`).join('')}  ProblemCode: ${services.map((service) => `${service}.components['schemas']['ProblemCode']`).join(' | ')};
}

/** Every operation: where it is, its shapes, and the codes of its problems by status. */
export interface Operations {
${operations.map(declaration).join('')}}
`);

// codesName is that of the codes of one service, as in UsersProblemCode.
function codesName(service) {
  return `${service[0].toUpperCase()}${service.slice(1)}ProblemCode`;
}

// schemasOf gives the schemas of a service that none before it has.
function schemasOf(service, place) {
  const known = ["'ProblemCode'", ...services.slice(0, place).map((before) => `keyof ${before}.components['schemas']`)];
  return `Omit<${service}.components['schemas'], ${known.join(' | ')}>`;
}

function operationsOf(service, document) {
  const found = [];
  for (const [path, item] of Object.entries(document.paths)) {
    for (const [method, operation] of Object.entries(item)) {
      if (!operation.operationId) continue;
      const parameters = [...(item.parameters ?? []), ...(operation.parameters ?? [])].map((p) => resolve(document, p));
      const responses = Object.entries(operation.responses).map(([status, r]) => [status, resolve(document, r)]);
      const success = responses.filter(([status]) => status.startsWith('2'));
      const offers = success.flatMap(([, r]) => Object.keys(r.content ?? {}));
      const has = (place, name) => parameters.some((p) => p.in === place && p.name === name);
      const sends = (name) => success.some(([, r]) => name in (r.headers ?? {}));
      const marks = [
        operation['x-access'].public && 'p',
        (parameters.some((p) => p.in === 'cookie') || sends('Set-Cookie')) && 'c',
        operation['x-idempotency'] && 'k',
        has('header', 'If-Match') && 'm',
        has('query', 'cursor') && 'l',
        offers.includes('text/event-stream') && 's',
        offers.length > 0 && !offers.includes('application/json') && 'b',
        sends('ETag') && String(above(document, path)),
      ];
      found.push({
        service, id: operation.operationId, method: method.toUpperCase(), path, marks: marks.filter(Boolean).join(''),
        answers: success.map(([status, r]) => [status, bodiesOf(document, r)].filter(Boolean).join('=')).join('|'),
        deprecated: operation.deprecated, text: `${operation.summary}.\n${operation.description}`, codes: codesOf(service, document, operation.operationId),
      });
    }
  }
  return found;
}

// bodiesOf names what the body of an answer may be, and keeps the shape of what is JSON.
function bodiesOf(document, response) {
  return Object.entries(response.content ?? {}).map(([type, {schema}]) => {
    if (type !== 'application/json') return type;
    const name = schema.$ref?.replace('#/components/schemas/', '');
    const members = membersOf(document, resolve(document, schema));
    if (!name || (shapes.get(name) ?? members) !== members) throw new Error(`The shape of an answer needs a name of its own: ${name}`);
    shapes.set(name, members);
    return name;
  }).join(',');
}

// membersOf lists what an object requires, with the type of what can be nothing else.
function membersOf(document, schema) {
  if (schema.type !== 'object') throw new Error('An answer that is not an object has no members to know it by.');
  const letters = {string: 's', integer: 'n', number: 'n', boolean: 'b', array: 'a', object: 'o'};
  return (schema.required ?? []).map((name) => {
    const {type, nullable} = resolve(document, schema.properties[name]);
    return [name, !nullable && letters[type]].filter(Boolean).join(':');
  }).join(',');
}

// above counts the segments between a path and the resource that its ETag is of: the nearest one that is read with an ETag.
function above(document, path) {
  for (let count = 0, at = path; at; count++, at = at.slice(0, at.lastIndexOf('/'))) {
    const read = document.paths[at]?.get?.responses['200'];
    if (read && resolve(document, read).headers?.ETag) return count;
  }
  return 0; // It is of what Location names.
}

// codesOf gives the codes of an operation's problems by status. What no operation of the document ends with comes before any.
function codesOf(service, document, id) {
  const codes = {};
  for (const {status, code} of problems[service][id]) (codes[status] ??= []).push(code);
  const ended = new Set(Object.values(problems[service]).flat().map((problem) => problem.code));
  codes.default = document.components.schemas.ProblemCode.enum.filter((code) => !ended.has(code));
  return codes;
}

function resolve(document, node) {
  if (!node.$ref) return node;
  return node.$ref.replace('#/', '').split('/').reduce((at, name) => at[name], document);
}

function declaration(o) {
  const comment = o.text.trim().split('\n').map((line) => `   * ${line.trim()}\n`).join('').replaceAll('*/', '*\\/');
  const codes = Object.entries(o.codes).map(([status, names]) => `      ${status}: ${names.map((c) => `'${c}'`).join(' | ')};\n`).join('');
  return `  /**\n${comment}${o.deprecated ? '   * @deprecated\n' : ''}   */
  ${o.id}: {
    method: '${o.method}';
    path: '${o.path}';
    marks: '${o.marks}';
    shape: ${o.service}.operations['${o.id}'];
    codes: {
${codes}    };
  };
`;
}
