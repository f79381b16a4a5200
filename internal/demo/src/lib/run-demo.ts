import { stat } from 'node:fs/promises';
import { join } from 'node:path';

import { buildDemoDatabases, startWriter, type Writer } from '@quackup/fixtures';

import { checkQuiet, checkWritten, type Finding, type WrittenDatabase } from './check-restored.ts';
import { DATABASE_NAMES, type DemoPlaces, preparePlaces } from './demo-places.ts';
import { nextSteps } from './next-steps.ts';
import { type ChildOutput, runQuackup } from './run-quackup.ts';

export interface DemoOptions {
  /** Takes each line that the demo itself says. */
  readonly say: (line: string) => void;
  readonly colors: boolean;
  /** Where the output of the command line goes. */
  readonly childOutput: ChildOutput;
  /** Take only so many of the 3,000,000 flights. */
  readonly flights?: number;
  /** Path of another command line than ours, with the same arguments. */
  readonly cli?: string;
}

const WRITTEN = 'audit_trail.duckdb';
const QUIET = DATABASE_NAMES.filter((name) => name !== WRITTEN);
const COMMITS_PER_SECOND = 100;
// Far below DuckDB's default of 16 MB, so that several checkpoints fall into the backup: the hard case.
const CHECKPOINT_THRESHOLD = 1_000_000;

/**
 * Backs up three databases while a process writes to one of them, verifies, restores elsewhere and compares. Everything
 * that is shown of Quackup is its real command line, run as a process of its own.
 *
 * @returns the exit code: 0 only if every command succeeded and everything that came back is right.
 */
export async function runDemo(places: DemoPlaces, options: DemoOptions): Promise<number> {
  const { say } = options;
  const bold = (text: string): string => (options.colors ? `\u001B[1m${text}\u001B[0m` : text);
  const mark = (ok: boolean): string => {
    if (!options.colors) return ok ? 'ok    ' : 'FAILED';
    return ok ? '\u001B[32m✓\u001B[0m' : '\u001B[31m✗\u001B[0m';
  };
  const quackup = async (command: readonly string[], shown = command): Promise<boolean> => {
    say(`\n${bold(`$ quackup ${shown.join(' ')} --config ${places.shown}/quackup.yaml`)}`);
    const code = await runQuackup([...command, '--config', places.config], options.childOutput, options.cli);
    if (code !== 0) say(`${mark(false)} quackup ${command[0]} ended with exit code ${code}`);
    return code === 0;
  };

  await preparePlaces(places);
  say(bold('Three databases from 3 million real flights'));
  await buildDemoDatabases(places.data, options.flights === undefined ? {} : { flights: options.flights });
  await using writer = await startWriter(join(places.data, WRITTEN), {
    commitsPerSecond: COMMITS_PER_SECOND,
    checkpointThreshold: CHECKPOINT_THRESHOLD,
  });
  for (const name of DATABASE_NAMES) say(await describeDatabase(places, name, writer));
  await writer.waitFor(writer.lastAcknowledged + COMMITS_PER_SECOND / 4);

  const acknowledgedBefore = writer.lastAcknowledged;
  if (!(await quackup(['backup']))) return 1;
  const during = writer.lastAcknowledged - acknowledgedBefore;
  // A commit may have been in the backup before we have heard of it; the next one tells that we have heard of all.
  await writer.waitFor(writer.lastAcknowledged + 1);
  const written: WrittenDatabase = { acknowledgedBefore, acknowledgedAfter: writer.lastAcknowledged };
  if (!(await quackup(['list']))) return 1;
  if (!(await quackup(['verify', 'latest', '--level', 'scan']))) return 1;
  if (!(await quackup(restoreTo(places.restored), restoreTo(`${places.shown}/restored`)))) return 1;

  say(`\n${bold('Is what came back what was there?')}`);
  const { data, restored } = places;
  const findings: Finding[] = [];
  const look = async (finding: Finding | Promise<Finding>): Promise<void> => {
    const found = await finding;
    say(`${mark(found.ok)} ${found.text}`);
    findings.push(found);
  };
  for (const name of QUIET) await look(checkQuiet(name, data, restored));
  await look(checkWritten(WRITTEN, restored, written));
  await look({ ok: during > 0, text: `the writer was not held up: ${during} commits while the backup ran` });
  // Only now can somebody else open the source.
  await writer.stop();
  await look(checkQuiet(WRITTEN, data, restored, ['main.events']));
  if (findings.some(({ ok }) => !ok)) return 1;
  for (const line of nextSteps(places.shown)) say(line);
  return 0;
}

function restoreTo(folder: string): readonly string[] {
  return ['restore', 'latest', '--restore-dir', folder];
}

async function describeDatabase(places: DemoPlaces, name: string, writer: Writer): Promise<string> {
  const { size } = await stat(join(places.data, name));
  const state =
    name === WRITTEN
      ? `process ${writer.pid} holds it open and commits ${COMMITS_PER_SECOND} times a second`
      : 'at rest';
  return `  ${`${places.shown}/data/${name}`.padEnd(30)} ${(size / 1e6).toFixed(1).padStart(6)} MB  ${state}`;
}
