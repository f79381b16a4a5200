import { randomBytes } from 'node:crypto';
import { Socket } from 'node:net';

import { TargetError } from '@quackup/target-api';
import type { SFTPWrapper } from 'ssh2';
import SftpClient from 'ssh2-sftp-client';

import { HostKeyCheck } from './host-key.ts';
import type { SftpOptions } from './options.ts';
import { orAborted } from './or-aborted.ts';
import { toTargetError } from './sftp-error.ts';

// A server that is gone without a word is noticed after a minute.
const KEEPALIVE = { keepaliveInterval: 15_000, keepaliveCountMax: 4 };
const READY_TIMEOUT_MS = 20_000;
// Enough to remove what an abort left, if the server answers at all.
const FAREWELL_MS = 3000;

/** How a reply comes back: an error or a value, which is nothing for many requests. */
export type Reply<T> = (error?: Error | null, value?: T) => void;

/** What a server can do beyond the protocol's version 3. */
export interface Extensions {
  readonly hardLink: boolean;
  /** A rename that replaces what is there, in one step. */
  readonly posixRename: boolean;
  readonly sync: boolean;
}

/**
 * One login. Requests may be made at any time and side by side: the protocol numbers them.
 *
 * ssh2-sftp-client connects and ends. Requests go to the `SFTPWrapper` that its `connect` gives: the client's own methods are
 * made for one call at a time, know no hard links and no fsync, and hide the status of the reply.
 */
export class Connection {
  readonly extensions: Extensions;
  readonly #client: SftpClient;
  readonly #sftp: SFTPWrapper;
  readonly #socket: Socket;
  /** Rejects the requests that are under way: ssh2 never answers one that it could not send any more. */
  readonly #pending = new Set<(error: TargetError) => void>();
  readonly #chores = new Set<Promise<unknown>>();
  #open = true;

  private constructor(client: SftpClient, sftp: SFTPWrapper, socket: Socket) {
    this.#client = client;
    this.#sftp = sftp;
    this.#socket = socket;
    this.extensions = extensionsOf(sftp);
    const onEnd = (cause?: Error): void => {
      this.#open = false;
      socket.destroy();
      for (const reject of this.#pending) reject(lost(cause));
    };
    client.on('error', onEnd);
    client.on('close', () => onEnd());
    sftp.on('close', () => onEnd());
    if (socket.destroyed) onEnd();
  }

  /**
   * Logs in.
   *
   * @throws TargetError `UNAUTHENTICATED`, `UNAVAILABLE`, `INVALID_OPTIONS` (a private key that cannot be read).
   */
  static async open(options: SftpOptions, signal: AbortSignal | undefined): Promise<Connection> {
    const { host, port = 22, username, privateKey, passphrase, password, agent } = options;
    const place = `${username}@${host}:${port}`;
    const silent = { error: () => {}, end: () => {}, close: () => {} };
    const client = new SftpClient('quackup', silent);
    // What the promise of `connect` rejects with has lost its `level`.
    let failure: Error | undefined;
    client.on('error', (error: Error) => (failure ??= error));
    const hostKey = new HostKeyCheck(options.hostKey);
    // A socket of our own because of `noDelay`: without it a put runs at a sixtieth of the speed.
    const socket = new Socket();
    socket.setNoDelay(true).connect({ host, port });
    try {
      const connecting = client.connect({
        sock: socket,
        username,
        hostVerifier: hostKey.verify,
        readyTimeout: READY_TIMEOUT_MS,
        ...KEEPALIVE,
        ...(privateKey === undefined ? {} : { privateKey }),
        ...(passphrase === undefined ? {} : { passphrase }),
        ...(password === undefined ? {} : { password }),
        ...(agent === undefined ? {} : { agent }),
      });
      return new Connection(client, await orAborted(connecting, signal), socket);
    } catch (error) {
      socket.destroy();
      signal?.throwIfAborted();
      if (hostKey.refused !== undefined) throw wrongHostKey(place, hostKey.refused, error);
      if (failure === undefined && /privateKey/.test(String(error))) throw unreadableKey(error);
      throw toTargetError(failure ?? error, `log in to ${place}`);
    }
  }

  /** Whether requests can be made. */
  get isOpen(): boolean {
    return this.#open;
  }

  /**
   * Makes one request.
   *
   * @throws the error of the reply with its status as `code`; a TargetError `UNAVAILABLE` if the connection is lost.
   */
  async request<T>(send: (sftp: SFTPWrapper, reply: Reply<T>) => void): Promise<T> {
    const { promise, resolve, reject } = Promise.withResolvers<T>();
    if (!this.#open) throw lost();
    this.#pending.add(reject);
    try {
      // Whoever asks knows what the reply holds.
      send(this.#sftp, (error, value) => (error == null ? resolve(value as T) : reject(error)));
      return await promise;
    } finally {
      this.#pending.delete(reject);
    }
  }

  /** Does something behind: nobody waits for it but {@link close}, and nobody hears of its failing. */
  later(chore: Promise<unknown>): void {
    const done = Promise.allSettled([chore]).finally(() => this.#chores.delete(done));
    this.#chores.add(done);
  }

  /** Ends it: what is done behind gets a moment, requests that are under way fail. */
  async close(): Promise<void> {
    if (this.#open) {
      const moment = Promise.withResolvers<void>();
      const timer = setTimeout(moment.resolve, FAREWELL_MS);
      await Promise.race([Promise.all(this.#chores), moment.promise]);
      await Promise.race([this.#client.end().catch(() => {}), moment.promise]);
      clearTimeout(timer);
    }
    this.#socket.destroy();
  }
}

/**
 * The server announced them when the connection began; ssh2 keeps them to itself, and throws before it sends anything if there
 * is none. What is sent here are requests that fail: nothing has these names.
 */
function extensionsOf(sftp: SFTPWrapper): Extensions {
  const nothing = `.quackup-none-${randomBytes(8).toString('hex')}`;
  return {
    hardLink: isSent(() => sftp.ext_openssh_hardlink(nothing, nothing, () => {})),
    posixRename: isSent(() => sftp.ext_openssh_rename(nothing, nothing, () => {})),
    sync: isSent(() => sftp.ext_openssh_fsync(Buffer.from(nothing), () => {})),
  };
}

function isSent(send: () => void): boolean {
  try {
    send();
    return true;
  } catch {
    return false;
  }
}

function lost(cause?: unknown): TargetError {
  return new TargetError('UNAVAILABLE', 'the connection to the server was lost', {
    hint: 'check the network and the server',
    cause,
  });
}

function wrongHostKey(place: string, fingerprint: string, cause: unknown): TargetError {
  return new TargetError('UNAVAILABLE', `${place} shows the key ${fingerprint}, which is not among hostKey`, {
    // Somebody in between would still be there at the next try.
    retryable: false,
    hint: 'find out whether the key was changed; only then put its fingerprint into hostKey',
    cause,
  });
}

function unreadableKey(cause: unknown): TargetError {
  return new TargetError('INVALID_OPTIONS', 'the private key cannot be read', {
    hint: 'check privateKey, and passphrase if it is encrypted',
    cause,
  });
}
