import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, expect, test } from 'vitest';

import { beginRun } from '../src/lib/state/begin-run.ts';
import {
  lastThatCounts,
  readRunState,
  type RunState,
  whenBegun,
  whenEnded,
} from '../src/lib/state/run-record.ts';

const folder = mkdtempSync(join(tmpdir(), 'quackup-record-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const NOTHING: RunState = { attempts: 0 };
const day = (number: number): Date => new Date(Date.UTC(2026, 0, number, 2));

test('a run that ended counts from when it began', () => {
  const ended = whenEnded(whenBegun(NOTHING, day(1)));
  expect(lastThatCounts(ended)).toEqual(day(1));
});

test('one that was cut off does not count, until there were three', () => {
  const ended = whenEnded(whenBegun(NOTHING, day(1)));
  const once = whenBegun(ended, day(2));
  const twice = whenBegun(once, day(3));
  expect(lastThatCounts(once)).toEqual(day(1));
  expect(lastThatCounts(twice)).toEqual(day(1));
  const thrice = whenBegun(twice, day(4));
  expect(lastThatCounts(thrice)).toEqual(day(4));
  expect(lastThatCounts(whenEnded(whenBegun(thrice, day(5))))).toEqual(day(5));
});

test('the file is written when a run begins and ends, and an interrupted run has not ended', async () => {
  const now = (): Date => day(1);
  const run = await beginRun(folder, { now, signal: new AbortController().signal });
  expect(await readRunState(folder)).toEqual({ begun: day(1).toISOString(), attempts: 1 });
  await run[Symbol.asyncDispose]();
  expect(await readRunState(folder)).toEqual({ settled: day(1).toISOString(), attempts: 0 });
  const interrupted = await beginRun(folder, { now: () => day(2), signal: AbortSignal.abort() });
  await interrupted[Symbol.asyncDispose]();
  expect(lastThatCounts(await readRunState(folder))).toEqual(day(1));
});

test.each(['', '{', '[]', 'null', '{"settled":"soon","begun":5,"attempts":"x"}'])(
  'a file that says %j says nothing',
  async (text) => {
    writeFileSync(join(folder, 'schedule.json'), text);
    expect(await readRunState(folder)).toEqual(NOTHING);
  },
);
