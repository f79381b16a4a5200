import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { GcsFaults } from './faults.ts';
import { handleRequest } from './handle-request.ts';
import type { GcsOperation } from './operation.ts';
import type { GcsServerOptions, Metadata, RequestRecord, ServerState } from './server-state.ts';

/** A running server. */
export interface GcsServer extends AsyncDisposable {
  /** `http://127.0.0.1:PORT` */
  readonly endpoint: string;
  /** What is to go wrong. */
  readonly faults: GcsFaults;
  /** Every request so far, in the order of their coming. */
  readonly requests: readonly RequestRecord[];
  /** Operations that are answered with 403. May be changed at any time. */
  readonly denied: Set<GcsOperation>;
  /** Sizes of the objects that are there, by name in ascending order. */
  objects(bucket?: string): ReadonlyMap<string, number>;
  /** How many times a name was written, whatever became of it. */
  generations(name: string, bucket?: string): number;
  /** What was stored with an object. */
  metadataOf(name: string, bucket?: string): Metadata | undefined;
  /** Names of the resumable uploads that are neither finished nor cancelled. */
  uploads(): readonly string[];
  /** Ends all connections and removes the server's folder. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts a server of the JSON API on 127.0.0.1. Bodies are kept in files in a temporary folder, the rest in memory.
 *
 * @param options See {@link GcsServerOptions}: a bucket `test` that is open to everybody if nothing else is said.
 */
export async function startGcsServer(options: GcsServerOptions = {}): Promise<GcsServer> {
  const {
    port = 0,
    denied = [],
    buckets = ['test'],
    tokens,
    pageSize = 1000,
    now = () => new Date(),
  } = options;
  const folder = await mkdtemp(join(tmpdir(), 'quackup-gcs-server-'));
  const state: ServerState = {
    options: { pageSize, now },
    tokens,
    denied: new Set(denied),
    folder,
    faults: new GcsFaults(),
    requests: [],
    buckets: new Map(buckets.map((name) => [name, new Map()])),
    generations: new Map(),
    uploads: new Map(),
    counter: 0,
  };
  const server = createServer((request, response) => {
    // A connection that is reset on either side is part of the game.
    request.on('error', () => {});
    response.on('error', () => {});
    handleRequest(state, request, response).catch(() => response.destroy());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await rm(folder, { recursive: true, force: true });
  };
  const handle: GcsServer = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: state.faults,
    requests: state.requests,
    denied: state.denied,
    objects: (bucket = 'test') => {
      const sizes = [...(state.buckets.get(bucket) ?? [])].map(([name, { size }]): [string, number] => [
        name,
        size,
      ]);
      return new Map(sizes.sort(([left], [right]) => (left < right ? -1 : 1)));
    },
    generations: (name, bucket = 'test') => state.generations.get(`${bucket}/${name}`) ?? 0,
    metadataOf: (name, bucket = 'test') => state.buckets.get(bucket)?.get(name)?.metadata,
    uploads: () =>
      [...state.uploads.values()].filter(({ done }) => done === undefined).map(({ target }) => target.name),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => handle.close(),
  };
  return handle;
}
