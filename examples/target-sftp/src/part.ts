import { randomBytes } from 'node:crypto';
import { posix } from 'node:path';

import type { Connection } from './connection.ts';
import { checkRoot, makeFolder, partsFolder } from './place.ts';
import { isAbsence } from './sftp-error.ts';

const FILE_MODE = 0o600;

/** A put that is not finished: a new file that is open for writing. Its folders are made if they are missing. */
export class Part {
  readonly path: string;
  /** Rejects with the error of the reply, or `CONTAINER_NOT_FOUND`. */
  readonly handle: Promise<Buffer>;
  readonly #connection: Connection;
  #closed = false;

  constructor(connection: Connection, root: string) {
    this.#connection = connection;
    this.path = posix.join(partsFolder(root), `${randomBytes(16).toString('hex')}.part`);
    this.handle = this.#open(root);
  }

  /** Closes the file, once: its number may be another file's by then. */
  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    const handle = await this.handle;
    await this.#connection.request<void>((sftp, reply) => sftp.close(handle, reply));
  }

  /** Closes the file and removes its name, whatever has happened to it. */
  async discard(): Promise<void> {
    await this.handle;
    await this.close().catch(() => {});
    await this.#connection.request<void>((sftp, reply) => sftp.unlink(this.path, reply));
  }

  async #open(root: string): Promise<Buffer> {
    const open = (): Promise<Buffer> =>
      this.#connection.request<Buffer>((sftp, reply) => sftp.open(this.path, 'wx', FILE_MODE, reply));
    try {
      return await open();
    } catch (error) {
      if (!isAbsence(error)) throw error;
    }
    if (!(await makeFolder(this.#connection, root))) await checkRoot(this.#connection, root);
    await makeFolder(this.#connection, partsFolder(root));
    return open();
  }
}
