import assert from 'node:assert/strict';
import {execFile} from 'node:child_process';
import {mkdtemp, readdir, readFile, rm, writeFile} from 'node:fs/promises';
import {tmpdir} from 'node:os';
import {join} from 'node:path';
import {after, before, test} from 'node:test';
import {fileURLToPath} from 'node:url';
import {promisify} from 'node:util';
import {gzipSync} from 'node:zlib';
import {build} from 'esbuild';
import {password, program} from './program.js';

const run = promisify(execFile);
const compiler = fileURLToPath(new URL('../node_modules/typescript/bin/tsc', import.meta.url));
const soon = {timeout: 120_000};
let folder: string;
let lasting: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plumbline-npm-'));
  await writeFile(join(folder, 'package.json'), '{"private": true, "type": "module"}');
  const told = await fetch(`${(await program()).address}/clients/typescript.tgz`, {redirect: 'manual'});
  lasting = new URL(told.headers.get('Location')!, told.url).href;
  await run('npm', ['install', '--no-audit', '--no-fund', lasting], {cwd: folder});
});

after(() => rm(folder, {recursive: true}));

/** Compiles a module that uses the package, as a careful project does, and gives what the compiler says. */
async function compile(name: string, text: string): Promise<string> {
  await writeFile(join(folder, name), text);
  const options = ['--noEmit', '--strict', '--exactOptionalPropertyTypes', '--noUncheckedIndexedAccess', '--target', 'ES2022', '--module', 'NodeNext', '--lib', 'ES2023,DOM,DOM.Iterable,DOM.AsyncIterable'];
  return run(process.execPath, [compiler, ...options, name], {cwd: folder}).then(() => '', (failure: {stdout: string}) => failure.stdout);
}

test('the package that a server gives away runs', soon, async () => {
  const {address} = await program();
  const {dependencies} = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8')) as {dependencies: Record<string, string>};
  assert.deepEqual(Object.keys(dependencies), ['@plumbline/client']);
  assert.deepEqual((await readdir(join(folder, 'node_modules'))).filter((name) => !name.startsWith('.')), ['@plumbline']);
  await writeFile(join(folder, 'run.js'), `
    import {createClient, unwrap} from '@plumbline/client';
    const client = createClient({baseUrl: ${JSON.stringify(address)}});
    unwrap(await client.startSession({body: {email: 'customer@plumbline.test', password: ${JSON.stringify(password)}}}));
    console.log(unwrap(await client.getProfile()).email);
  `);
  assert.equal((await run(process.execPath, ['run.js'], {cwd: folder})).stdout, 'customer@plumbline.test\n');
});

test('a lockfile has the version and the address of this content, and npm ci installs it', soon, async () => {
  type Entry = {version: string; resolved: string};
  const {packages} = JSON.parse(await readFile(join(folder, 'package-lock.json'), 'utf8')) as {packages: Record<string, Entry>};
  const {version, resolved} = packages['node_modules/@plumbline/client']!;
  assert.match(version, /^\d+\.\d+\.\d+-sha256-[0-9a-f]{12}$/);
  assert.equal(resolved, lasting);
  assert.match(lasting, /\/clients\/typescript-[0-9a-f]{16}\.tgz$/);
  await run('npm', ['ci', '--no-audit', '--no-fund'], {cwd: folder});
  const {address} = await program();
  await run('npm', ['install', '--no-audit', '--no-fund', '--no-save', `${address}/clients/typescript.tgz`], {cwd: folder});
  const installed = JSON.parse(await readFile(join(folder, 'node_modules/@plumbline/client/package.json'), 'utf8')) as Entry;
  assert.equal(installed.version, version, 'the short address leads to the same');
});

test('its types hold, and refuse what is wrong', soon, async () => {
  const text = `import {createClient} from '@plumbline/client';\nconst r = await createClient().getOrder({path: {orderId: '1'}});\n`;
  assert.equal(await compile('right.ts', `${text}export const status: string = r.ok ? r.data.status : r.problem.code;\n`), '');
  assert.match(await compile('wrong.ts', `${text}export const status: number = r.data.status;\n`), /TS2339/);
});

test('the samples of its README compile', soon, async () => {
  const readme = await readFile(join(folder, 'node_modules/@plumbline/client/README.md'), 'utf8');
  const samples = [...readme.matchAll(/```ts\n([^]*?)```/g)].map((found) => found[1]);
  assert.ok(samples.length > 8);
  assert.equal(await compile('readme.ts', `${samples.join('\n')}\nexport {};\n`), '');
});

test('it is less than 10 KB, and has no any', async () => {
  const {outputFiles} = await build({
    stdin: {contents: `export * from '@plumbline/client'`, resolveDir: folder}, bundle: true, minify: true, write: false, format: 'esm',
  });
  const size = gzipSync(outputFiles[0]!.contents, {level: 9}).length;
  console.log(`the client is ${size} bytes, minified and gzipped`);
  assert.ok(size < 10_000);
  const types = await readFile(join(folder, 'node_modules/@plumbline/client/index.d.ts'), 'utf8');
  assert.doesNotMatch(types, /(?:[:<|&(,=]|\bas|\bextends) *any\b/);
});
