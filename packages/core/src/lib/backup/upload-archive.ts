import type { ArchiveWriter } from '../archive/archive-writer.ts';
import type { Base } from '../archive/base.ts';
import type { Encryption } from '../encryption/encryption.ts';
import type { ObjectKey } from '@quackup/target-api';
import { broadcast } from '../target/broadcast.ts';
import type { TargetClient } from '../target/target-client.ts';
import { whenAbsent } from '../target/when-absent.ts';
import type { Reservation } from './reserve-name.ts';
import { type StoredArchive, storedArchive } from './stored-archive.ts';

/** Targets that get the same bytes. */
interface Group {
  readonly base: Base | undefined;
  readonly clients: TargetClient[];
}

export interface UploadOptions {
  readonly key: ObjectKey;
  /** By the name of their target; none for a full backup. */
  readonly bases: ReadonlyMap<string, Base> | undefined;
  readonly encryption: Encryption | undefined;
}

/**
 * One reading of the databases, written to every live target. The end of an archive says what a target has already, so targets
 * with the same base get the same bytes. Each group has an encryption of its own: under one key two ends would give both away.
 *
 * @returns what was stored, by the name of the target; a target that failed is given up.
 * @throws what the archive's source throws.
 */
export async function uploadArchive(
  writer: ArchiveWriter,
  reservation: Reservation,
  { key, bases, encryption }: UploadOptions,
): Promise<ReadonlyMap<string, StoredArchive>> {
  const stored = new Map<string, StoredArchive>();
  const groups = groupByBase(reservation.live(), bases);
  const failure: { error?: { readonly cause: unknown } } = {};
  const bodies = broadcast(writer.body(), groups.length);
  const puts = groups.flatMap(({ base, clients }, place) => {
    const body = bodies[place];
    if (body === undefined) throw new Error(`no branch ${place}`);
    const archive = storedArchive(
      body,
      writer,
      { base, encryption, isSole: groups.length === 1 },
      (result) => {
        for (const { name } of clients) stored.set(name, result);
      },
    );
    const copies = broadcast(watched(archive, failure), clients.length);
    return clients.map(async (client, copy) => {
      try {
        const bytes = copies[copy];
        if (bytes === undefined) throw new Error(`no branch ${copy}`);
        await client.put(key, bytes, whenAbsent(client));
      } catch (error) {
        // What failed at the source is no fault of the target's.
        if (failure.error === undefined) reservation.fail(client.name, error);
      }
    });
  });
  await Promise.all(puts);
  if (failure.error !== undefined) throw failure.error.cause;
  return stored;
}

/** Bases are the same if they are of one backup, and its archives, which hold its index, are the same. */
function groupByBase(clients: readonly TargetClient[], bases: UploadOptions['bases']): Group[] {
  const groups = new Map<string, Group>();
  for (const client of clients) {
    const base = bases?.get(client.name);
    const id = base === undefined ? '' : `${base.backup} ${base.archives[0]?.sha256}`;
    const group = groups.get(id);
    if (group === undefined) groups.set(id, { base, clients: [client] });
    else group.clients.push(client);
  }
  return [...groups.values()];
}

/** Remembers whether it was the bytes that failed. */
async function* watched(
  source: AsyncIterable<Uint8Array>,
  failure: { error?: { readonly cause: unknown } },
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    yield* source;
  } catch (cause) {
    failure.error ??= { cause };
    throw cause;
  }
}
