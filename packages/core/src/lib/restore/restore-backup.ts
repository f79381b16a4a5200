/**
 * A restore: all databases are written and checked beside their places first, then each is switched in. A database that
 * cannot be restored is reported; the others are restored.
 */
import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';

import type { Clock, FailureReport, NamedTarget, RestoreOptions, RestoreReport } from '../api.ts';
import { systemClock } from '../clock.ts';
import { QuackupError } from '../errors.ts';
import { failureReport } from '../failure-report.ts';
import type { FileRole } from '../format/schema.ts';
import { type Lease, NO_LEASE } from '../lease/lease.ts';
import { acquireReadLease } from '../lease/read-lease.ts';
import { ownHolder } from '../process/holder.ts';
import { nearestFolder } from '../process/nearest-folder.ts';
import { TargetClient } from '../target/target-client.ts';
import { planDestinations } from './destinations.ts';
import { claimSite } from './journal.ts';
import { keepOwner } from './keep-owner.ts';
import { refuseOnePlace } from './one-place.ts';
import { refuseHeld } from './refuse-held.ts';
import { refuseWalBehindLink, refuseWalBesideLink } from './refuse-links.ts';
import { type Place, resolvePlace } from './resolve-place.ts';
import { inWay, notRecovered, notReplaced, notSettled, notWritten } from './restore-errors.ts';
import { openRestoreSource, type RestoreSource } from './restore-source.ts';
import { exists, type Journal, RestoreSite } from './restore-site.ts';
import { asideFiles, type InPlace, recoverSite, removeTraces, settleSwitch } from './settle-switch.ts';
import { freeSuffix, switchSets } from './switch-sets.ts';
import { checkFreeSpace } from './write-set.ts';

/** A database and where it goes. */
interface Destination extends Place {
  readonly name: string;
}

/** A database that has been written beside its place. */
interface Prepared {
  readonly destination: Destination;
  readonly site: RestoreSite;
  readonly journal: Journal;
  readonly sizeBytes: number;
  readonly warning: string | undefined;
}

/**
 * Restores a backup, or one database of it.
 *
 * @throws BACKUP_NOT_FOUND, BACKUP_DAMAGED, FORMAT_UNSUPPORTED if the backup cannot be used.
 * @throws KEY_REQUIRED, KEY_WRONG if it is encrypted and cannot be read: nothing has been touched then.
 * @throws DATABASE_NOT_IN_BACKUP if there is no such database in it.
 * @throws TARGET_EXISTS if a file is in the way and `overwrite` is not set: nothing has been touched then.
 * @throws DATABASE_IN_USE if a process holds a database that would be replaced: nothing has been touched then.
 * @throws RESTORE_FAILED if two databases would go to one place, or a place is none that can be restored to: nothing has
 *   been touched then.
 * @throws RESTORE_PENDING if another restore to the same place is under way.
 * @throws NO_SPACE if there is not enough room: nothing has been touched then.
 */
export async function restoreBackup(
  target: NamedTarget,
  name: string,
  options: RestoreOptions = {},
): Promise<RestoreReport> {
  const startedMs = performance.now();
  const client = new TargetClient(target, { signal: options.signal });
  await using source = await openRestoreSource(client, name, options.keys);
  const run = new RestoreRun(source, options);
  await run.plan();
  if (options.dryRun !== true) {
    await using _reading = await readLeaseIfFree(client, name, options.clock ?? systemClock);
    await run.execute();
  }
  return run.report(Math.round(performance.now() - startedMs));
}

/** A restore does not wait for a cleanup. If that removes the backup, it fails, and what was in its place stays. */
async function readLeaseIfFree(client: TargetClient, name: string, clock: Clock): Promise<Lease> {
  try {
    return await acquireReadLease(client, name, clock);
  } catch (error) {
    if (error instanceof QuackupError && error.code === 'LEASE_HELD') return NO_LEASE;
    throw error;
  }
}

class RestoreRun {
  readonly #source: RestoreSource;
  readonly #options: RestoreOptions;
  readonly #recovered: string[] = [];
  readonly #restored: { name: string; path: string; sizeBytes: number }[] = [];
  readonly #movedAside: string[] = [];
  readonly #warnings: string[] = [];
  readonly #failed: { name: string; path: string; error: FailureReport }[] = [];
  readonly #destinations: Destination[] = [];

  constructor(source: RestoreSource, options: RestoreOptions) {
    this.#source = source;
    this.#options = options;
  }

  /** Decides where everything goes and refuses what must not be done. Touches nothing but leftovers of killed runs. */
  async plan(): Promise<void> {
    const { database, overwrite = false, dryRun = false } = this.#options;
    const { backup, databases, failed } = this.#source;
    const wanted = databases.filter(({ name }) => database === undefined || name === database);
    if (database !== undefined && wanted.length === 0) {
      const why = failed.includes(database) ? ', which failed when it was made' : '';
      throw new QuackupError('DATABASE_NOT_IN_BACKUP', `${backup} holds no database ${database}${why}`, {
        hint: `it holds ${databases.map(({ name }) => name).join(', ')}`,
      });
    }
    if (database === undefined && failed.length > 0) {
      this.#warnings.push(`not in this backup, for they failed when it was made: ${failed.join(', ')}`);
    }
    for (const { name, path } of planDestinations(wanted, this.#options)) {
      const place = await resolvePlace(path).catch((error: unknown) => {
        throw notWritten(new RestoreSite(path), error);
      });
      this.#destinations.push({ name, ...place });
    }
    await refuseOnePlace(this.#destinations);
    for (const destination of this.#destinations) {
      const site = new RestoreSite(destination.path);
      if (!dryRun) await this.#recover(site);
      try {
        const inTheWay = await site.liveFiles();
        if (inTheWay.length > 0 && !overwrite) throw inWay(site, inTheWay, this.#recovered);
        await refuseWalBesideLink(destination);
        refuseWalBehindLink(destination.name, destination, this.#source.rolesOf(destination.name));
        if (inTheWay.includes('database')) await refuseHeld(site.path);
      } catch (error) {
        throw notWritten(site, error);
      }
    }
  }

  async #recover(site: RestoreSite): Promise<void> {
    try {
      if (!(await exists(site.folder))) return;
      const recovered = await recoverSite(site);
      if (recovered !== undefined) this.#recovered.push(recovered);
    } catch (error) {
      throw notRecovered(site, error);
    }
  }

  async execute(): Promise<void> {
    await this.#checkSpace();
    await this.#makeFolders();
    const { onProgress, signal } = this.#options;
    const task = 'restore';
    const totalBytes = this.#destinations.reduce((sum, { name }) => sum + this.#source.bytesOnDisk(name), 0);
    onProgress?.({ type: 'task-start', task, label: 'restoring', totalBytes });
    const prepared: Prepared[] = [];
    try {
      for (const destination of this.#destinations) {
        signal?.throwIfAborted();
        const ready = await this.#prepare(destination, (bytes) =>
          onProgress?.({ type: 'task-advance', task, bytes }),
        );
        if (ready !== undefined) prepared.push(ready);
      }
      signal?.throwIfAborted();
    } catch (error) {
      for (const { site } of prepared) await removeTraces(site);
      throw error;
    } finally {
      onProgress?.({ type: 'task-end', task });
    }
    for (const ready of prepared) await this.#switch(ready);
  }

  report(durationMs: number): RestoreReport {
    const planned = this.#destinations.map(({ name, path }) => ({
      name,
      path,
      sizeBytes: this.#source.sizeOf(name),
    }));
    const dryRun = this.#options.dryRun === true;
    return {
      backup: this.#source.backup,
      restored: dryRun ? planned : this.#restored,
      movedAside: this.#movedAside,
      failed: this.#failed,
      recovered: this.#recovered,
      warnings: this.#warnings,
      dryRun,
      durationMs,
    };
  }

  async #checkSpace(): Promise<void> {
    // By file system: folders of one have one free space between them.
    const needs = new Map<bigint, { readonly folder: string; readonly bytes: number }>();
    for (const { name, path } of this.#destinations) {
      const folder = dirname(path);
      const { dev: device } = await stat(await nearestFolder(folder), { bigint: true });
      const before = needs.get(device) ?? { folder, bytes: 0 };
      needs.set(device, { ...before, bytes: before.bytes + this.#source.bytesOnDisk(name) });
    }
    for (const { folder, bytes } of needs.values()) await checkFreeSpace(folder, bytes);
  }

  async #makeFolders(): Promise<void> {
    for (const { path } of this.#destinations) {
      try {
        await mkdir(dirname(path), { recursive: true });
      } catch (error) {
        throw notWritten(new RestoreSite(path), error);
      }
    }
  }

  async #prepare(destination: Destination, onBytes: (bytes: number) => void): Promise<Prepared | undefined> {
    const { name, path } = destination;
    const { clock = systemClock, signal } = this.#options;
    const site = new RestoreSite(path);
    const journal: Journal = {
      format: 1,
      phase: 'writing',
      backup: this.#source.backup,
      holder: await ownHolder(),
      suffix: await freeSuffix(site, clock.now()),
      oldFiles: [],
      newFiles: [],
    };
    try {
      await claimSite(site, journal);
    } catch (error) {
      throw notWritten(site, error);
    }
    try {
      const newFiles: FileRole[] = await this.#source.write(name, {
        pathOf: (role) => site.fresh(role),
        onBytes,
      });
      const warning = (await exists(site.path))
        ? await keepOwner(
            site.path,
            newFiles.map((role) => site.fresh(role)),
          )
        : undefined;
      const sizeBytes = this.#source.sizeOf(name);
      return { destination, site, journal: { ...journal, newFiles }, sizeBytes, warning };
    } catch (error) {
      const explained = await giveUp(site, error);
      if (signal?.aborted === true) throw explained;
      if (this.#destinations.length === 1) throw explained;
      this.#failed.push({ name, path, error: failureReport(explained) });
      return undefined;
    }
  }

  async #switch({ destination, site, journal, sizeBytes, warning }: Prepared): Promise<void> {
    const { name } = destination;
    try {
      const oldFiles = await this.#checkStillFree(site, destination);
      this.#movedAside.push(...(await switchOrUndo(site, { ...journal, oldFiles })));
      this.#restored.push({ name, path: site.path, sizeBytes });
      if (warning !== undefined) this.#warnings.push(warning);
    } catch (error) {
      const explained = error instanceof QuackupError ? error : notReplaced(site, error);
      if (this.#destinations.length === 1) throw explained;
      this.#failed.push({ name, path: site.path, error: failureReport(explained) });
    }
  }

  /** Looked at again: the writing took its time, and somebody may have come. */
  async #checkStillFree(site: RestoreSite, place: Place): Promise<FileRole[]> {
    try {
      const oldFiles = await site.liveFiles();
      if (oldFiles.length > 0 && this.#options.overwrite !== true) throw inWay(site, oldFiles, []);
      await refuseWalBesideLink(place);
      if (oldFiles.includes('database')) await refuseHeld(site.path);
      return oldFiles;
    } catch (error) {
      throw await giveUp(site, error);
    }
  }
}

/** Removes what has been written beside a place that was not touched. @returns the error to raise. */
async function giveUp(site: RestoreSite, error: unknown): Promise<unknown> {
  try {
    await removeTraces(site);
  } catch (second) {
    return new QuackupError(
      'RESTORE_FAILED',
      `nothing was restored to ${site.path}: ${(error as Error).message}; what was written beside it could not be removed: ${(second as Error).message}`,
      {
        cause: new AggregateError([error, second]),
        hint: 'put right what the message says; the next restore removes what was left',
      },
    );
  }
  return notWritten(site, error);
}

/**
 * Switches to the new set. What fails in the middle is undone as after a crash.
 *
 * @returns the paths of the old set's files by now.
 * @throws DATABASE_IN_USE if a process has opened the old set at the last moment: it is in place again.
 * @throws RESTORE_FAILED if the old set is in place again, or if not even that could be done.
 */
async function switchOrUndo(site: RestoreSite, journal: Journal): Promise<readonly string[]> {
  try {
    return await switchSets(site, journal);
  } catch (error) {
    let inPlace: InPlace;
    try {
      inPlace = await settleSwitch(site, journal);
    } catch (second) {
      throw notSettled(site, journal, [error, second]);
    }
    if (inPlace !== 'new') throw error instanceof QuackupError ? error : notReplaced(site, error);
    // What failed came after the switch: the new set is there, and its traces are gone by now.
    return asideFiles(site, journal);
  }
}
