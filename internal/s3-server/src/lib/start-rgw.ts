import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
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

/**
 * Starts a real S3 server: the gateway of Ceph with a store in memory, as processes of its own on 127.0.0.1. Takes about
 * three seconds. Needs Debian's packages radosgw, ceph-mon, ceph-osd and ceph-common.
 */
export async function startRgw(): Promise<Rgw> {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-rgw-'));
  // Another one for each process that may do this at once: 10000 to 14999. The script takes two more ranges above, all of them below
  // the ports that the system gives away by itself.
  const port = 10_000 + (process.pid % 5_000);
  const pids = async (): Promise<number[]> => {
    const text = await readFile(join(folder, 'ceph', 'pids'), 'utf8').catch(() => '');
    return text.split('\n').filter(Boolean).map(Number);
  };
  const run = async (name: string): Promise<void> => {
    const script = join(import.meta.dirname, '../../scripts', name);
    const starting = spawn('bash', [script, join(folder, 'ceph'), String(port)], {
      stdio: ['ignore', 'ignore', 'inherit'],
    });
    const [code] = (await once(starting, 'exit')) as readonly (number | null)[];
    if (code === 0) return;
    await stop();
    throw new Error(`${name} ended with ${code}: are radosgw, ceph-mon, ceph-osd and ceph-common installed?`);
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
