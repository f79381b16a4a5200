import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

/** Which way bytes go, as the client sees it. */
export type Way = 'up' | 'down';

/**
 * A port in front of a server that can be closed and opened again: to its clients, a gateway that is killed and restarted. All
 * that lies on the server stays.
 */
export class Gate implements AsyncDisposable {
  readonly #upstream: number;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #each: { readonly way: Way; readonly bytes: number } | undefined;
  #limit: { readonly way: Way; left: number; readonly onCut: () => void } | undefined;

  private constructor(upstream: number) {
    this.#upstream = upstream;
  }

  static async before(endpoint: string): Promise<Gate> {
    const gate = new Gate(Number(new URL(endpoint).port));
    await gate.open();
    return gate;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${this.#port}`;
  }

  async open(): Promise<void> {
    this.#server = createServer((client) => this.#join(client));
    this.#server.listen(this.#port, '127.0.0.1');
    await once(this.#server, 'listening');
    this.#port = (this.#server.address() as AddressInfo).port;
  }

  /** Ends every connection; new ones are refused. */
  close(): void {
    this.#limit = undefined;
    this.#server?.close();
    this.#server = undefined;
    for (const socket of this.#sockets) socket.destroy();
  }

  /** Closes when so many bytes have gone one way. @returns when that has happened. */
  closeAfter(way: Way, bytes: number): Promise<void> {
    return new Promise((resolve) => {
      this.#limit = { way, left: bytes, onCut: resolve };
    });
  }

  /** From now on every connection ends after so many bytes one way, as behind a proxy that cuts. */
  cutEach(way: Way, bytes: number): void {
    this.#each = { way, bytes };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.close();
  }

  #join(client: Socket): void {
    const server = connect(this.#upstream, '127.0.0.1');
    let left = this.#each?.bytes ?? Infinity;
    for (const [from, to, way] of [
      [client, server, 'up'],
      [server, client, 'down'],
    ] as const) {
      this.#sockets.add(from);
      from.on('error', () => to.destroy());
      from.on('close', () => {
        this.#sockets.delete(from);
        to.destroy();
      });
      from.on('data', (bytes) => {
        if (way === this.#each?.way) left -= bytes.length;
        if (left <= 0) {
          client.resetAndDestroy();
          return;
        }
        if (!this.#passes(way, bytes.length)) return;
        if (!to.write(bytes)) from.pause();
      });
      to.on('drain', () => from.resume());
    }
  }

  #passes(way: Way, bytes: number): boolean {
    const limit = this.#limit;
    if (limit === undefined || limit.way !== way) return true;
    limit.left -= bytes;
    if (limit.left > 0) return true;
    this.close();
    limit.onCut();
    return false;
  }
}
