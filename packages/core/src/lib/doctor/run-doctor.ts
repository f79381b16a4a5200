/**
 * Looks at everything that a backup needs, and at what the backups say. Small probes gather facts, pure functions judge them:
 * one file each. Nothing is changed but for probe objects on the targets, which are removed again.
 */
import { stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';

import type { Clock, DatabaseSource } from '../api.ts';
import { systemClock } from '../clock.ts';
import { type Config, resolveDatabases } from '../config/index.ts';
import { QuackupError } from '../errors.ts';
import { DEFAULT_SCAN_EVERY_MS } from '../daily/run-daily.ts';
import { mayHaveWriter } from '../snapshot/lock-holders.ts';
import { scanDatabase } from '../verify/scan-database.ts';
import { check, type DoctorCheck, failed, ok, type Verdict, warn } from './check.ts';
import { checkDatabase } from './checks/check-database.ts';
import { checkTargetFacts } from './checks/check-target.ts';
import { judgeRetention } from './checks/retention.ts';
import { judgeTempFolder, judgeTempLeftovers, type TempNeeds } from './checks/temp.ts';
import { type DatabaseFacts, probeDatabase } from './probes/database-facts.ts';
import { type DoctorTarget, probeTarget } from './probes/target-facts.ts';
import { probeTemp, type TempFacts } from './probes/temp-facts.ts';

/** The last good backup may be this old unless something else is said: a day, and time for a run to take longer. */
export const DEFAULT_MAX_AGE_MS: number = 26 * 3_600_000;

export interface DoctorOptions {
  readonly config: Config;
  /** All targets of the configuration, open or with the error that kept them from it. */
  readonly targets: readonly DoctorTarget[];
  /** How old the last good backup may be, in milliseconds. Default: 26 hours. */
  readonly maxAgeMs?: number;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
}

/** @returns every check that could be made. Only an abort is thrown. */
export async function runDoctor(options: DoctorOptions): Promise<DoctorCheck[]> {
  const { config, targets, maxAgeMs = DEFAULT_MAX_AGE_MS, clock = systemClock, signal } = options;
  const resolved = await findDatabases(config);
  const checks = [await checkEngine(signal), check('databases', undefined, resolved.verdict)];
  const facts: DatabaseFacts[] = [];
  for (const database of resolved.databases) {
    signal?.throwIfAborted();
    const each = await probeDatabase(database);
    facts.push(each);
    checks.push(...checkDatabase(each));
  }
  const temp = await probeTemp(config.backup.tempDir ?? tmpdir());
  checks.push(
    check('temp-folder', undefined, judgeTempFolder(temp, await tempNeeds(facts, temp))),
    check('temp-leftovers', undefined, judgeTempLeftovers(temp)),
    check('retention', undefined, judgeRetention(config.retention, clock.now())),
  );
  const { retention, verify, backup } = config;
  const usedBytes = facts.reduce((sum, each) => sum + usedBytesOf(each), 0);
  for (const target of targets) {
    signal?.throwIfAborted();
    const found = await probeTarget(target, { clock, signal });
    checks.push(
      ...checkTargetFacts(found, {
        now: clock.now(),
        maxAgeMs,
        scanEveryMs: verify.scanEveryMs ?? DEFAULT_SCAN_EVERY_MS,
        retention,
        databases: resolved.databases.map(({ name }) => name),
        usedBytes,
        inUse: backup.targets.includes(target.name),
      }),
    );
  }
  return checks;
}

/** In a child, as verification does it. */
async function checkEngine(signal: AbortSignal | undefined): Promise<DoctorCheck> {
  try {
    const { engine } = await scanDatabase(':memory:', { name: 'an empty database', signal });
    return check('engine', undefined, ok(`DuckDB ${engine} runs`));
  } catch (error) {
    signal?.throwIfAborted();
    const hint =
      'install Quackup again for this machine; backups work without, verification by a scan does not';
    return check('engine', undefined, failed(`DuckDB does not run here: ${(error as Error).message}`, hint));
  }
}

async function findDatabases(
  config: Config,
): Promise<{ readonly databases: readonly DatabaseSource[]; readonly verdict: Verdict }> {
  const hint = 'correct databases: in quackup.yaml';
  try {
    const { databases, warnings } = await resolveDatabases(config);
    return { databases, verdict: judgeDatabases(databases.length, warnings, hint) };
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    return { databases: [], verdict: failed(error.message, error.hint ?? hint) };
  }
}

function judgeDatabases(count: number, warnings: readonly string[], hint: string): Verdict {
  if (count === 0) {
    const message = ['there is no database to back up', ...warnings].join('\n');
    return failed(message, 'list them under databases: in quackup.yaml');
  }
  return warnings.length > 0
    ? warn(warnings.join('\n'), hint)
    : ok(`${count} database${count === 1 ? '' : 's'}`);
}

const usedBytesOf = ({ file }: DatabaseFacts): number => ('error' in file ? 0 : file.usedBytes);

/** A database that is in use is frozen first: all of them at a time. A clone takes no room. */
async function tempNeeds(facts: readonly DatabaseFacts[], temp: TempFacts): Promise<TempNeeds> {
  let frozenBytes = 0;
  for (const each of facts) {
    if (each.holders === 'unknown' || !mayHaveWriter(each.holders)) continue;
    const device = (await stat(each.path).catch(() => undefined))?.dev;
    if (temp.clonesDevice === undefined || device !== temp.clonesDevice) frozenBytes += usedBytesOf(each);
  }
  return { frozenBytes, scanBytes: Math.max(0, ...facts.map(usedBytesOf)) };
}
