import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';

/** A running gateway. Access key `testkey`, secret key `testsecret`; there is no bucket yet. */
export interface Rgw extends AsyncDisposable {
  readonly endpoint: string;
  /** Kills the gateway with SIGKILL. What it has stored stays, below it. */
  killGateway(): Promise<void>;
  /** Starts it again, at the same port. */
  startGateway(): Promise<void>;
}

const TRIES = 3;

/**
 * Starts a real S3 server: the gateway of Ceph with a store in memory, as processes of its own on 127.0.0.1. Takes about
 * three seconds. Needs Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common. If it does not start, as when another
 * process takes its port in that moment, it says why on stderr and tries again, twice, at other ports.
 */
export async function startRgw(): Promise<Rgw> {
  for (let left = TRIES - 1; ; left--) {
    try {
      return await startOnce();
    } catch (error) {
      if (left === 0) throw error;
      console.error(`${(error as Error).message}\nTrying again.`);
    }
  }
}

async function startOnce(): Promise<Rgw> {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-rgw-'));
  const port = await freePorts();
  const pids = async (): Promise<number[]> => {
    const text = await readFile(join(folder, 'ceph', 'pids'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  };
  const run = async (name: string): Promise<void> => {
    const script = join(import.meta.dirname, '../../scripts', name);
    const starting = spawn('bash', [script, join(folder, 'ceph'), String(port)], {
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    const said: string[] = [];
    starting.stderr.setEncoding('utf8').on('data', (text: string) => said.push(text));
    // Only then has it said everything. What it has started writes to files, so that keeps nothing open.
    const [code] = (await once(starting, 'close')) as readonly (number | null)[];
    if (code === 0) return;
    await stop();
    throw new Error(`${name} ended with ${code}: ${said.join('').trim()}`);
  };
  const stop = async (): Promise<void> => {
    // The gateway first, then the store, then the monitor. What they hold is in memory, so nothing has to be saved.
    for (const pid of (await pids()).toReversed()) await kill(pid);
    await rm(folder, { recursive: true, force: true });
  };
  await run('start-rgw.sh');
  return {
    endpoint: `http://127.0.0.1:${port}`,
    killGateway: async () => {
      const gateway = (await pids()).at(-1);
      if (gateway !== undefined) await kill(gateway);
    },
    startGateway: () => run('start-gateway.sh'),
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * A port from 10000 to 14999 that is free, as is the one 5000 above. The script takes a third range above, of which Ceph seeks
 * free ones by itself. All are below those that the system usually gives away.
 */
async function freePorts(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 5_000);
    if ((await isFree(port)) && (await isFree(port + 5_000))) return port;
  }
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  try {
    server.listen(port, '127.0.0.1');
    await once(server, 'listening');
    return true;
  } catch {
    return false;
  } finally {
    server.close();
  }
}

async function kill(pid: number): Promise<void> {
  try {
    process.kill(pid, 'SIGKILL');
    // They are no children of this process, so their end can only be looked for.
    for (;;) {
      process.kill(pid, 0);
      await pause(20);
    }
  } catch {
    // Gone.
  }
}
