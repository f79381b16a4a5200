import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { S3Faults } from './faults.ts';
import { handleRequest } from './handle-request.ts';
import type { S3Operation } from './operation.ts';
import type { S3ServerOptions } from './server-options.ts';
import { currentVersion, type RequestRecord, type ServerState } from './server-state.ts';

/** A running server. */
export interface S3Server extends AsyncDisposable {
  /** `http://127.0.0.1:PORT`; requests are in path style. */
  readonly endpoint: string;
  /** What is to go wrong. */
  readonly faults: S3Faults;
  /** Every request so far, in the order of their coming. May be emptied by its reader. */
  readonly requests: RequestRecord[];
  /** Operations that are answered with `AccessDenied`. May be changed at any time. */
  readonly denied: Set<S3Operation>;
  /** Sizes of the objects that are there, by key in ascending order. */
  objects(bucket?: string): ReadonlyMap<string, number>;
  /** How many versions of an object there are, delete markers included. */
  versions(key: string, bucket?: string): number;
  /** Headers that were stored with an object. */
  headersOf(key: string, bucket?: string): Readonly<Record<string, string>>;
  /** Keys of the uploads that are neither completed nor aborted. */
  uploads(): readonly string[];
  /** Ends all connections and removes the server's folder. May be called again. */
  close(): Promise<void>;
}

/**
 * Starts an S3 server on 127.0.0.1. It checks signatures (SigV4), lengths and checksums, keeps bodies in a temporary
 * folder and everything else in memory.
 *
 * @param options See {@link S3ServerOptions}: a bucket `test` and the keys `testkey` and `testsecret` if nothing else is said.
 */
export async function startS3Server(options: S3ServerOptions = {}): Promise<S3Server> {
  const { port = 0, denied = [], buckets = ['test'] } = options;
  const folder = await mkdtemp(join(tmpdir(), 'quackup-s3-server-'));
  const state: ServerState = {
    options: {
      buckets,
      credentials: { testkey: 'testsecret' },
      expiredTokens: [],
      versioning: false,
      conditions: 'all',
      pageSize: 1000,
      unordered: false,
      minPartSize: 5 * 1024 * 1024,
      equalParts: false,
      now: () => new Date(),
      ...options,
    },
    denied: new Set(denied),
    folder,
    faults: new S3Faults(),
    requests: [],
    buckets: new Map(buckets.map((name) => [name, new Map()])),
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
  const objectsOf = (bucket: string) => state.buckets.get(bucket) ?? new Map();
  let closing: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
    await rm(folder, { recursive: true, force: true });
  };
  const handle: S3Server = {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    faults: state.faults,
    requests: state.requests,
    denied: state.denied,
    objects: (bucket = 'test') => {
      const objects = objectsOf(bucket);
      const sizes = [...objects.keys()].flatMap((key): [string, number][] => {
        const version = currentVersion(objects, key);
        return version === undefined ? [] : [[key, version.size]];
      });
      return new Map(sizes.sort(([left], [right]) => (left < right ? -1 : 1)));
    },
    versions: (key, bucket = 'test') => objectsOf(bucket).get(key)?.length ?? 0,
    headersOf: (key, bucket = 'test') => currentVersion(objectsOf(bucket), key)?.headers ?? {},
    uploads: () => [...state.uploads.values()].map(({ key }) => key),
    close: () => (closing ??= close()),
    [Symbol.asyncDispose]: () => handle.close(),
  };
  return handle;
}
