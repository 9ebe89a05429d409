import {spawn, type ChildProcess} from 'node:child_process';
import {mkdtemp, rm, chmod} from 'node:fs/promises';
import {createServer} from 'node:net';
import {fileURLToPath} from 'node:url';

/** The development binary, which the Makefile builds. */
const binary = fileURLToPath(new URL('../../../bin/dev', import.meta.url));

/** The password of all personas. */
export const password = 'a password of the tests';

/** How long the services may take to be ready, in milliseconds. It is long because nothing is asserted on time. */
const patience = 120_000;

/** The running services, with data of their own. */
export interface Program {
  address: string;
  /** Ends them; the data stay until `forget`. */
  stop(): Promise<void>;
  /** Starts them again at the same address with the same data. */
  restart(): Promise<void>;
  /** Deletes the data. */
  forget(): Promise<void>;
}

let running: Promise<Program> | undefined;

/** Gives the running services, which are started once for all tests. */
export function program(): Promise<Program> {
  return (running ??= start());
}

/** Ends them, if any test has asked for them. */
export async function stop(): Promise<void> {
  const program = await running;
  await program?.stop();
  await program?.forget();
}

/** Starts services of one's own, with data of their own. */
export async function start(): Promise<Program> {
  // Not the folder for temporary files of root's: PostgreSQL does not run as root.
  const data = await mkdtemp('/var/tmp/plumbline-typescript-');
  await chmod(data, 0o755);
  const [address, operators] = [await freeAddress(), await freeAddress()];
  const run = async (): Promise<() => Promise<void>> => {
    const child = spawn(binary, ['run'], {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: {
        ...process.env, PLUMBLINE_ADDR: address, PLUMBLINE_OPS_ADDR: operators, PLUMBLINE_DATA: data, PLUMBLINE_DEV_PASSWORD: password,
        ORDERS_OPEN_ORDERS: '1000', ORDERS_RESERVED_UNITS: '1000', // One customer orders for all tests, and pays nothing.
      },
    });
    const ended = new Promise<void>((resolve) => child.once('close', () => resolve()));
    await ready(child);
    return () => {
      child.kill('SIGTERM');
      return ended;
    };
  };
  let end = await run();
  return {
    address: `http://${address}`,
    stop: () => end(),
    restart: async () => {
      end = await run();
    },
    forget: () => rm(data, {recursive: true}),
  };
}

/** Waits until the program says that it is ready. */
function ready(child: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let said = '';
    const timer = setTimeout(() => reject(new Error(`not ready in time: ${said}`)), patience);
    const hear = (part: Buffer): void => {
      said += part.toString();
      if (!said.includes('Ctrl-C stops all of it')) return;
      clearTimeout(timer);
      resolve();
    };
    child.stdout?.on('data', hear);
    child.stderr?.on('data', hear);
    child.once('close', () => {
      clearTimeout(timer);
      reject(new Error(`it ended early: ${said}`));
    });
  });
}

/** Finds a loopback address on which nobody listens. */
export function freeAddress(): Promise<string> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once('error', reject);
    server.listen(0, '127.0.0.1', () => {
      const at = server.address();
      server.close(() => (typeof at === 'object' && at ? resolve(`127.0.0.1:${at.port}`) : reject(new Error('no address'))));
    });
  });
}
