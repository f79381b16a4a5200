import { spawnSync } from 'node:child_process';

import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { findSchedule, installSchedule, type Job, removeSchedule, showSchedule } from '../src/index.ts';
import { cronBlock, editCrontab } from '../src/lib/crontab.ts';
import { cronQuote } from '../src/lib/cron-quote.ts';
import { checked, job } from './support/job.ts';
import { cronMachine, MACHINE, testMachine } from './support/test-machine.ts';

const COMMAND =
  "cd /srv/data && export PATH=/usr/bin:/bin && exec /usr/bin/node /opt/quackup/bin.js daily --config /etc/quackup.yaml --if-due '0 2 * * *'";
const BLOCK =
  '# BEGIN quackup daily\n' +
  '# Written by quackup schedule; what is changed here is lost.\n' +
  '# quackup runs at: 0 2 * * *\n' +
  '# A second line looks every hour whether a run was missed; the command itself says if there is anything to do.\n' +
  `0 2 * * * ${COMMAND}\n` +
  `44 * * * * ${COMMAND}\n` +
  '# END quackup daily\n';

/**
 * What cron makes of the rest of a line: do_command.c of Vixie's cron and those that came of it, which differ in whether `\\\\`
 * stands for one backslash. `undefined`: there is input for the command.
 */
function asCronReads(line: string, pairsOfBackslashes: boolean): string | undefined {
  let out = '';
  let escaped = false;
  for (const each of line) {
    if (escaped) {
      const taken = each === '%' || (pairsOfBackslashes && each === '\\');
      out = taken ? `${out.slice(0, -1)}${each}` : `${out}${each}`;
      escaped = false;
    } else if (each === '%') return undefined;
    else {
      out += each;
      escaped = each === '\\';
    }
  }
  return out;
}

const block = (change: Partial<Job> = {}): string => cronBlock(checked(change), MACHINE);

describe('the lines of a crontab', () => {
  test('are a comment that begins, the job, and a comment that ends', () => {
    expect(block()).toBe(BLOCK);
  });

  test('that come every hour anyway need no second one', () => {
    expect(block({ when: { cron: '*/20 * * * *' } })).not.toMatch(/^\d+ \* \* \* \*/m);
    expect(block({ when: { cron: '*/20 * * * 1' } })).toMatch(/^44 \* \* \* \*/m);
  });

  test('are refused for the times of another zone', () => {
    const when = { at: '02:00', timeZone: 'Europe/Berlin' };
    expect(() => block({ when })).toThrow(expect.objectContaining({ code: 'NOT_EXPRESSIBLE' }));
    expect(block({ when: { at: '02:00', timeZone: 'UTC' } })).toContain(
      '# quackup runs at: 0 2 * * * (UTC)\n',
    );
  });

  test.skipIf(process.platform === 'win32')('give the shell every word as it was, whatever is in it', () => {
    const nasty = fc.array(
      fc.oneof(
        fc.string({ unit: 'grapheme', minLength: 0, maxLength: 12 }),
        fc
          .array(fc.constantFrom('\\', '%', "'", '"', '$', '`', ' ', '*', '!', '~', '#', ';', 'ü'), {
            maxLength: 12,
          })
          .map((all) => all.join('')),
      ),
      { minLength: 1, maxLength: 5 },
    );
    fc.assert(
      fc.property(nasty, (words) => {
        const clean = words.map((word) => word.replaceAll(/\p{Cc}/gu, '').toWellFormed());
        const line = ['printf', String.raw`'\%s\0'`, ...clean.map(cronQuote)].join(' ');
        const commands = [false, true].map((pairs) => asCronReads(line, pairs));
        expect(commands[1]).toBe(commands[0]);
        const { stdout } = spawnSync('/bin/sh', ['-c', commands[0] ?? 'exit 1'], { encoding: 'utf8' });
        expect(stdout.split('\0').slice(0, -1)).toEqual(clean);
      }),
      { numRuns: 150 },
    );
  });

  test('are refused if cron would cut the command off', () => {
    const args = ['x'.repeat(1000)];
    expect(() => block({ command: { ...job().command, args } })).toThrow(/cron takes 999/);
  });

  test('are put in and taken out, and every other byte stays', () => {
    const line = fc.oneof(
      fc.constantFrom(
        '# BEGIN quackup other',
        '# END quackup other',
        '# BEGIN quackup daily2',
        '',
        '# begin quackup daily',
      ),
      fc.string({ unit: 'grapheme', maxLength: 20 }).map((text) => text.replaceAll('\n', '')),
    );
    const foreign = fc
      .array(line, { maxLength: 8 })
      .map((lines) => lines.map((each) => `${each}\n`).join(''));
    fc.assert(
      fc.property(foreign, foreign, fc.uint8Array({ maxLength: 20 }), (before, after, bytes) => {
        // Any bytes, as other encodings have them.
        const odd = Buffer.concat([
          Buffer.from(bytes.map((byte) => (byte === 10 ? 0xe4 : byte))),
          Buffer.from('\n'),
        ]);
        const others = Buffer.concat([Buffer.from(before), odd, Buffer.from(after)]);
        const installed = editCrontab(others, 'daily', BLOCK);
        expect(installed).toEqual(Buffer.concat([others, Buffer.from(BLOCK)]));
        expect(editCrontab(installed, 'daily', BLOCK)).toEqual(installed);
        expect(editCrontab(installed, 'daily', undefined)).toEqual(others);
        // In the middle it is changed where it is.
        const middle = Buffer.concat([Buffer.from(before), Buffer.from(BLOCK), odd, Buffer.from(after)]);
        const changed = BLOCK.replace('0 2', '0 3');
        expect(editCrontab(middle, 'daily', changed)).toEqual(
          Buffer.concat([Buffer.from(before), Buffer.from(changed), odd, Buffer.from(after)]),
        );
      }),
    );
  });

  test('follow a last line that has no line break', () => {
    expect(editCrontab(Buffer.from('* * * * * true'), 'daily', BLOCK).toString()).toBe(
      `* * * * * true\n${BLOCK}`,
    );
  });

  test.each([
    ['an end is missing', BLOCK.replace('# END quackup daily\n', '')],
    ['a beginning is missing', BLOCK.replace('# BEGIN quackup daily\n', '')],
    ['they are there twice', BLOCK + BLOCK],
    ['they are the wrong way round', '# END quackup daily\n# BEGIN quackup daily\n'],
  ])('are left alone if %s', (_name, text) => {
    for (const block of [BLOCK, undefined]) {
      expect(() => editCrontab(Buffer.from(text), 'daily', block)).toThrow(
        expect.objectContaining({ code: 'NOT_OURS' }),
      );
    }
  });
});

describe('cron', () => {
  test('is installed once, shown, changed, and removed', async () => {
    await using machine = await cronMachine('MAILTO=ops\n0 1 * * * true\n');
    const from = new Date('2026-01-15T12:00:00Z');
    expect(await findSchedule('cron', job(), machine)).toBeUndefined();
    const options = { from };
    expect(await showSchedule('cron', job(), options, machine)).toEqual({
      method: 'cron',
      state: 'absent',
      planned: BLOCK,
      next: [16, 17, 18, 19, 20].map((day) => new Date(Date.UTC(2026, 0, day, 2))),
    });

    await installSchedule('cron', job(), machine);
    expect(machine.crontab()?.toString()).toBe(`MAILTO=ops\n0 1 * * * true\n${BLOCK}`);
    expect(await showSchedule('cron', job(), options, machine)).toMatchObject({
      state: 'current',
      installed: BLOCK,
    });
    const writes = (): number => machine.ran.filter((each) => each === 'crontab -').length;
    const before = writes();
    await installSchedule('cron', job(), machine);
    expect(writes()).toBe(before);

    expect(await findSchedule('cron', job(), machine)).toEqual({ when: { cron: '0 2 * * *' } });
    const later = job({ when: { at: '03:00' } });
    expect(await showSchedule('cron', later, options, machine)).toMatchObject({
      state: 'different',
      installed: BLOCK,
    });
    await installSchedule('cron', later, machine);
    expect(machine.crontab()?.toString()).toContain('\n0 3 * * * cd ');

    expect(await removeSchedule('cron', later, machine)).toBe(true);
    expect(machine.crontab()?.toString()).toBe('MAILTO=ops\n0 1 * * * true\n');
    expect(await removeSchedule('cron', later, machine)).toBe(false);
  });

  test('is installed where there is no crontab; for the system it is that of root', async () => {
    await using machine = await cronMachine();
    await installSchedule('cron', job({ scope: 'system' }), machine);
    expect(machine.crontab()?.toString()).toBe(BLOCK);
    expect(machine.ran).toEqual(['crontab -u root -l', 'crontab -u root -', 'crontab -u root -l']);
  });

  test('is not touched if its crontab cannot be read', async () => {
    await using machine = await testMachine(() => ({ status: 1, stderr: 'crontab: permission denied' }));
    await expect(installSchedule('cron', job(), machine)).rejects.toThrow(
      /cannot be read: crontab: permission denied/,
    );
    await expect(removeSchedule('cron', job(), machine)).rejects.toThrow(/cannot be read/);
    expect(machine.ran).toEqual(['crontab -l', 'crontab -l']);
  });

  test('says so if the crontab is not what was written', async () => {
    await using machine = await testMachine((_program, args) => ({ stdout: args[0] === '-l' ? 'x\n' : '' }));
    await expect(installSchedule('cron', job(), machine)).rejects.toThrow(/not what was written/);
  });

  test('refuses a name that no job can have, also to remove it', async () => {
    await using machine = await cronMachine();
    await expect(removeSchedule('cron', { name: 'a\nb', scope: 'user' }, machine)).rejects.toThrow(/no name/);
    expect(machine.ran).toEqual([]);
  });
});
