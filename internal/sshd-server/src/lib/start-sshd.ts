import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';

import { SSHD } from './why-no-sshd.ts';

export interface SshdOptions {
  /** Requests that are refused, as `sftp-server -P` names them: `hardlink`, `posix-rename`, `fsync`. Default: none. */
  readonly denied?: readonly string[];
  /** Whether every request that writes is refused. Default: no. */
  readonly readOnly?: boolean;
}

/** A running server. It takes this process's user with the key, and nothing else. */
export interface Sshd extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  readonly username: string;
  /** Fingerprint of the server's key: `SHA256:...`. */
  readonly hostKey: string;
  /** The key that logs in. */
  readonly privateKey: string;
  /** Absolute path of a folder that is there and empty. */
  readonly folder: string;
  /** Ends all sessions as a cut line does; new ones can be made at once. */
  dropSessions(): Promise<void>;
  /** From now on nothing answers on the sessions that there are. */
  freezeSessions(): Promise<void>;
}

/**
 * Starts OpenSSH's sshd on a free port of 127.0.0.1, with keys and a folder of its own. Needs Debian's package
 * openssh-server.
 */
export async function startSshd(options: SshdOptions = {}): Promise<Sshd> {
  const home = await mkdtemp(join(tmpdir(), 'quackup-sshd-'));
  for (const name of ['host', 'user'])
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', join(home, name)]);
  const folder = join(home, 'data');
  await mkdir(folder, { mode: 0o700 });
  // Root gives up its rights in an empty folder.
  if (userInfo().uid === 0) mkdirSync('/run/sshd', { recursive: true, mode: 0o755 });
  const { child, port } = await startOnFreePort(home, options);
  const exited = once(child, 'exit');
  const key = Buffer.from((await readFile(join(home, 'host.pub'), 'utf8')).split(' ')[1] ?? '', 'base64');
  return {
    host: '127.0.0.1',
    port,
    username: userInfo().username,
    hostKey: `SHA256:${createHash('sha256').update(key).digest('base64').replace(/=$/, '')}`,
    privateKey: await readFile(join(home, 'user'), 'utf8'),
    folder,
    dropSessions: () => signalChildrenOf(child, 'SIGKILL'),
    freezeSessions: () => signalChildrenOf(child, 'SIGSTOP'),
    [Symbol.asyncDispose]: async () => {
      await signalChildrenOf(child, 'SIGKILL');
      child.kill('SIGKILL');
      await exited;
      await rm(home, { recursive: true, force: true });
    },
  };
}

async function startOnFreePort(
  home: string,
  options: SshdOptions,
): Promise<{ readonly child: ChildProcess; readonly port: number }> {
  const log: string[] = [];
  // Somebody else may take the port between the look and the start.
  for (let attempt = 0; attempt < 5; attempt += 1) {
    const port = await freePort();
    const config = join(home, 'sshd_config');
    await writeFile(config, configOf(home, port, options));
    const child = spawn(SSHD, ['-D', '-e', '-f', config], { stdio: ['ignore', 'ignore', 'pipe'] });
    for await (const line of createInterface({ input: child.stderr })) {
      log.push(line);
      if (!line.startsWith('Server listening')) continue;
      child.stderr.resume();
      return { child, port };
    }
  }
  throw new Error(`sshd did not start:\n${log.join('\n')}`);
}

function configOf(home: string, port: number, { denied = [], readOnly = false }: SshdOptions): string {
  const refused = denied.length === 0 ? '' : ` -P ${denied.join(',')}`;
  return `Port ${port}
ListenAddress 127.0.0.1
HostKey ${home}/host
PidFile none
AuthorizedKeysFile ${home}/user.pub
PasswordAuthentication no
KbdInteractiveAuthentication no
UsePAM no
PermitRootLogin prohibit-password
StrictModes no
MaxStartups 100
Subsystem sftp internal-sftp${refused}${readOnly ? ' -R' : ''}
`;
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  server.close();
  await once(server, 'close');
  return port;
}

/** Each session is a child of the server. */
async function signalChildrenOf({ pid }: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '');
  for (const child of children.split(' ').filter(Boolean)) {
    try {
      process.kill(Number(child), signal);
    } catch {
      // It has ended by itself.
    }
  }
}
