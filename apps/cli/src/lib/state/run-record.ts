/*
 * schedule.json in the state folder, {@link RunState}: from it `daily --if-due` and the daemon tell whether a run was missed.
 * It is written when a run begins and when it has ended; a run that began and did not end was cut off (no power, kill -9).
 */
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { writeAtomically } from './write-atomically.ts';

/** One that is cut off again and again (no memory) is not begun for ever. */
const MAX_ATTEMPTS = 3;

export interface RunState {
  /** When the last run began that came to an end, well or not; or since when there is a schedule. ISO 8601, UTC. */
  readonly settled?: string;
  /** When a run began that has not ended. ISO 8601, UTC. */
  readonly begun?: string;
  /** How many in a row began and did not end. */
  readonly attempts: number;
}

/**
 * The begin of the last run that counts: times of a schedule after it are due. A run that was cut off does not count, until there
 * were too many. Ask only while no run is at work. `undefined`: nothing is known.
 */
export function lastThatCounts({ settled, begun, attempts }: RunState): Date | undefined {
  const text = begun !== undefined && attempts >= MAX_ATTEMPTS ? begun : settled;
  return text === undefined ? undefined : new Date(text);
}

/** The state when a run begins. */
export function whenBegun({ settled, begun, attempts }: RunState, now: Date): RunState {
  return {
    ...(settled !== undefined && { settled }),
    begun: now.toISOString(),
    attempts: begun === undefined ? 1 : attempts + 1,
  };
}

/** The state when that run has ended. */
export function whenEnded({ settled, begun }: RunState): RunState {
  const last = begun ?? settled;
  return { ...(last !== undefined && { settled: last }), attempts: 0 };
}

/** What is known; of a file that says nothing sensible, nothing. */
export async function readRunState(stateFolder: string): Promise<RunState> {
  try {
    const value = JSON.parse(await readFile(pathIn(stateFolder), 'utf8')) as Partial<Record<string, unknown>>;
    const { settled, begun, attempts } = value;
    return {
      ...(isMoment(settled) && { settled }),
      ...(isMoment(begun) && { begun }),
      attempts: typeof attempts === 'number' ? attempts : 0,
    };
  } catch {
    // A new one is written when the next run begins.
    return { attempts: 0 };
  }
}

/** Replaces it, whole or not at all. */
export async function writeRunState(stateFolder: string, state: RunState): Promise<void> {
  await writeAtomically(pathIn(stateFolder), `${JSON.stringify(state)}\n`);
}

function pathIn(stateFolder: string): string {
  return join(stateFolder, 'schedule.json');
}

function isMoment(value: unknown): value is string {
  return typeof value === 'string' && !Number.isNaN(Date.parse(value));
}
