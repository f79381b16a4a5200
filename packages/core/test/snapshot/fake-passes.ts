import type { DatabaseHead, WalSummary } from '@quackup/duckdb-file';

import type { DatabaseState, FileState } from '../../src/lib/snapshot/database-files.ts';
import type { EndOfPass, StartOfPass } from '../../src/lib/snapshot/rules.ts';

const slot = (iteration: number) => ({
  iteration: BigInt(iteration),
  metaBlock: 0n,
  freeList: 0n,
  blockCount: 10,
  blockSize: 262_144,
  vectorSize: 2048,
  serializationCompatibility: 1,
});

/** A clear head of iteration `iteration`; heads of one iteration are equal byte for byte. */
export function head(iteration: number, databaseId = 'id'): DatabaseHead {
  return {
    bytes: Uint8Array.of(iteration),
    main: { storageVersion: 67, libraryVersion: 'v1.5.6', sourceId: '', encrypted: false, databaseId },
    layout: { kind: 'clear', active: slot(iteration), blockSize: 262_144 },
  } as unknown as DatabaseHead;
}

/** A head that cannot be read, as of an encrypted file. */
export function opaqueHead(): DatabaseHead {
  return {
    ...head(0),
    layout: { kind: 'opaque', reason: 'encrypted', blockSize: 262_144 },
  } as unknown as DatabaseHead;
}

export function wal(fields: Partial<WalSummary> = {}): WalSummary {
  const commits = fields.commits ?? 0;
  return {
    state: commits > 0 ? 'clean' : 'empty',
    length: commits * 100,
    commitEnd: commits * 100,
    commits,
    rowGroupDataEntries: 0,
    ...fields,
  } as WalSummary;
}

export function file(modifiedNs = 1n, inode = 1n): FileState {
  return { device: 1n, inode, size: 100n, modifiedNs };
}

export function state(fields: Partial<DatabaseState> = {}): DatabaseState {
  return {
    database: file(),
    wal: undefined,
    'wal.checkpoint': undefined,
    'wal.recovery': undefined,
    ...fields,
  };
}

export function start(fields: Partial<StartOfPass> = {}): StartOfPass {
  return { head: head(5), wal: wal({ commits: 1 }), state: state(), ...fields };
}

export function end(fields: Partial<EndOfPass> = {}): EndOfPass {
  return { head: head(5), wal: wal({ commits: 1 }), samePrefix: true, state: state(), ...fields };
}
