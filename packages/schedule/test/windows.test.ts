import { readFileSync } from 'node:fs';
import { writeFile, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { installSchedule, removeSchedule, showSchedule } from '../src/index.ts';
import { encodeTask, windowsQuote, windowsTask } from '../src/lib/windows-task.ts';
import { checkedWindows } from './support/job.ts';
import { hasProgram, runProgram } from '@quackup/fixtures';
import { MACHINE, testMachine } from './support/test-machine.ts';

const SCHEMA = fileURLToPath(new URL('fixtures/task.xsd', import.meta.url));

/** What xmllint has against it by the schema. */
async function problemsOf(task: Uint8Array): Promise<string> {
  await using machine = await testMachine();
  await mkdir(machine.home);
  const path = join(machine.home, 'task.xml');
  await writeFile(path, task);
  const { status, stderr } = runProgram('xmllint', ['--nonet', '--noout', '--schema', SCHEMA, path]);
  return status === 0 ? '' : stderr;
}

/** The children of every element, from the indentation. */
function childrenOf(text: string, element: string): string[][] {
  const found = text.matchAll(new RegExp(String.raw`^(\t*)<${element}[ >][^]*?^\1</${element}>`, 'gm'));
  return [...found].map(([all, indent = '']) =>
    [...all.matchAll(new RegExp(String.raw`^${indent}\t<(\w+)`, 'gm'))].map(([, name = '']) => name),
  );
}

function task(cron: string): string {
  return windowsTask(checkedWindows({ when: { cron } }), MACHINE).replaceAll('\r\n', '\n');
}

/** CommandLineToArgvW, by its documentation; without the special rule for the first word. */
function asWindowsReads(line: string): string[] {
  const words: string[] = [];
  let word: string | undefined;
  let quoted = false;
  for (const [piece = ''] of line.matchAll(/\\*"|\\+|\s|[^\\\s"]+/g)) {
    if (piece.endsWith('"')) {
      const slashes = piece.length - 1;
      word = (word ?? '') + '\\'.repeat(Math.floor(slashes / 2));
      if (slashes % 2 === 1) word += '"';
      else quoted = !quoted;
    } else if (/^\s$/.test(piece) && !quoted) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + piece;
  }
  return word === undefined ? words : [...words, word];
}

describe('a task', () => {
  test
    .skipIf(!hasProgram('xmllint'))
    .each([
      '0 2 * * *',
      '0 2 * * 1-5',
      '0,30 2 1,15 * *',
      '0 2 * 1-6 sun',
      '0 2 * 3 *',
      '0 2 31 12 *',
      '*/30 * * * *',
    ])('for %s is valid by the schema (needs xmllint)', async (cron) => {
    for (const scope of ['user', 'system'] as const) {
      const bytes = encodeTask(windowsTask(checkedWindows({ when: { cron }, scope }), MACHINE));
      expect(await problemsOf(bytes)).toBe('');
    }
  });

  test.skipIf(!hasProgram('xmllint')).each([
    ['an element that there is not', /<Priority>7/, '<Priorty>7'],
    ['an order that is not allowed', /(<Enabled>.*\n)\s*(<StartBoundary>.*\n)/, '$2$1'],
    ['a reference to nobody', / Context="Author"/, ' Context="Nobody"'],
    ['a time that is none', /T02:00:00/, 'T2:00'],
  ])('with %s is not (the check is one; needs xmllint)', async (_name, from, to) => {
    const text = windowsTask(checkedWindows(), MACHINE).replaceAll('\r\n', '\n');
    expect(text).toMatch(from);
    expect(await problemsOf(encodeTask(text.replace(from, to)))).not.toBe('');
  });

  test('says when', () => {
    expect(task('30 2 * * *')).toMatch(
      /<StartBoundary>2026-01-01T02:30:00<\/StartBoundary>\s*<RandomDelay>PT300S<\/RandomDelay>\s*<ScheduleByDay>\s*<DaysInterval>1</,
    );
    expect(task('0 2 * * 1,3')).toMatch(/<DaysOfWeek>\s*<Monday\/>\s*<Wednesday\/>\s*<\/DaysOfWeek>/);
    expect(task('0 2 5 2 *')).toMatch(
      /<Day>5<\/Day>\s*<\/DaysOfMonth>\s*<Months>\s*<February\/>\s*<\/Months>/,
    );
    expect(task('0 2 5 * *').match(/<(January|December)\/>/g)).toHaveLength(2);
    expect(task('0 2 * 6 0')).toMatch(/<Week>1<[^]*<Week>Last<[^]*<Sunday\/>[^]*<June\/>/);
    expect(childrenOf(task('*/30 * * * *'), 'CalendarTrigger')).toHaveLength(48);
  });

  test('is refused for times that it cannot say', () => {
    const refused = expect.objectContaining({ code: 'NOT_EXPRESSIBLE' });
    expect(() => task('*/20 * * * *')).toThrow(refused);
    expect(() => task('0 2 13 * 5')).toThrow(refused);
  });

  test('has no random delay if none is wished', () => {
    expect(windowsTask(checkedWindows({ maxDelaySeconds: 0 }), MACHINE)).not.toContain('RandomDelay');
  });

  test('runs as the user who is signed in, or as SYSTEM', () => {
    expect(task('0 2 * * *')).toMatch(/<LogonType>InteractiveToken</);
    expect(windowsTask(checkedWindows({ scope: 'system' }), MACHINE)).toMatch(/<UserId>S-1-5-18</);
  });

  test('gives the program every word as it was', () => {
    const word = fc.oneof(
      fc.string({ unit: 'grapheme', maxLength: 12 }).map((text) => text.replaceAll(/\p{Cc}/gu, '')),
      fc.array(fc.constantFrom('\\', '"', ' ', 'a', '%'), { maxLength: 10 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(fc.array(word, { maxLength: 5 }), (words) => {
        expect(asWindowsReads(words.map(windowsQuote).join(' '))).toEqual(words);
      }),
      { numRuns: 500 },
    );
  });

  test.skipIf(!hasProgram('xmllint'))('is XML in UTF-16, as it declares (needs xmllint)', async () => {
    await using machine = await testMachine();
    await mkdir(machine.home);
    const path = join(machine.home, 'task.xml');
    const bytes = encodeTask(windowsTask(checkedWindows(), MACHINE));
    expect(bytes.subarray(0, 4)).toEqual(Buffer.from([0xff, 0xfe, 0x3c, 0x00]));
    await writeFile(path, bytes);
    const { status, stdout, stderr } = runProgram(
      'xmllint',
      ['--xpath', 'string(//*[local-name()="WorkingDirectory"])', path],
      { env: { LC_ALL: 'C.UTF-8' } },
    );
    expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
    expect(stdout.trim()).toBe(String.raw`C:\Daten & Müll`);
  });
});

describe('the Task Scheduler', () => {
  test('is given the task, shows it, and loses it', async () => {
    let stored: Buffer | undefined;
    await using machine = await testMachine((_program, [verb, , , , file = '']) => {
      if (verb === '/create') stored = readFileSync(file);
      else if (verb === '/delete') stored = undefined;
      return stored === undefined && verb === '/query' ? { status: 1 } : { stdout: stored ?? '' };
    });
    const job = checkedWindows();
    expect(await removeSchedule('windows', job, machine)).toBe(false);
    await installSchedule('windows', job, machine);
    expect(machine.ran.at(-1)).toMatch(/^schtasks \/create \/tn \\Quackup\\daily \/xml .*task\.xml \/f$/);
    expect(await showSchedule('windows', job, {}, machine)).toMatchObject({ state: 'current' });
    await installSchedule('windows', job, machine);
    expect(await removeSchedule('windows', job, machine)).toBe(true);
    expect(machine.ran.at(-1)).toBe(String.raw`schtasks /delete /tn \Quackup\daily /f`);
  });

  test('keeps a task that somebody else wrote', async () => {
    await using machine = await testMachine(() => ({ stdout: '<Task/>' }));
    const notOurs = expect.objectContaining({ code: 'NOT_OURS' });
    await expect(removeSchedule('windows', checkedWindows(), machine)).rejects.toThrow(notOurs);
    await expect(installSchedule('windows', checkedWindows(), machine)).rejects.toThrow(notOurs);
    expect(machine.ran.every((each) => each.startsWith('schtasks /query'))).toBe(true);
  });
});
