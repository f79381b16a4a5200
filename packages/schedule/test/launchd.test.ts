import { readFileSync, writeFileSync } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { installSchedule, type Job, removeSchedule, showSchedule } from '../src/index.ts';
import { launchdPlist, plistPath } from '../src/lib/launchd-plist.ts';
import { checked, job } from './support/job.ts';
import { hasProgram, runProgram } from '@quackup/fixtures';
import { testMachine } from './support/test-machine.ts';

/** What Apple's DTD of property lists, http://www.apple.com/DTDs/PropertyList-1.0.dtd, says of elements. */
const DTD = `
<!ENTITY % any "(array | data | date | dict | real | integer | string | true | false)">
<!ELEMENT plist %any;>
<!ATTLIST plist version CDATA "1.0">
<!ELEMENT array (%any;)*>
<!ELEMENT dict (key, %any;)*>
<!ELEMENT key (#PCDATA)> <!ELEMENT string (#PCDATA)> <!ELEMENT data (#PCDATA)> <!ELEMENT date (#PCDATA)>
<!ELEMENT true EMPTY> <!ELEMENT false EMPTY> <!ELEMENT real (#PCDATA)> <!ELEMENT integer (#PCDATA)>
`;

/** What launchd.plist(5) says of the keys that are used. */
const LAUNCHD_KEYS: Readonly<Record<string, string>> = {
  Label: 'string',
  ProgramArguments: 'array',
  WorkingDirectory: 'string',
  EnvironmentVariables: 'dict',
  RunAtLoad: 'true',
  StartCalendarInterval: 'array',
  ProcessType: 'string',
  LowPriorityIO: 'true',
  Umask: 'integer',
};

async function plist(change: Partial<Job> = {}): Promise<string> {
  await using machine = await testMachine();
  return launchdPlist(checked(change), machine).text;
}

/** The entries of StartCalendarInterval. */
function intervals(text: string): Record<string, number>[] {
  const [, array = ''] = /<key>StartCalendarInterval<\/key>\s*<array>([^]*?)<\/array>/.exec(text) ?? [];
  return [...array.matchAll(/<dict\/>|<dict>([^]*?)<\/dict>/g)].map(([, dict = '']) =>
    Object.fromEntries(
      [...dict.matchAll(/<key>(\w+)<\/key>\s*<integer>(\d+)<\/integer>/g)].map(([, key = '', value]) => [
        key,
        Number(value),
      ]),
    ),
  );
}

describe('a property list', () => {
  test('names the label, the program and the times', async () => {
    const text = await plist({ when: { cron: '0,30 2 * * sat,sun' } });
    expect(text).toMatch(/<key>Label<\/key>\s*<string>io\.quackup\.daily<\/string>/);
    expect(text).toMatch(
      /<key>ProgramArguments<\/key>\s*<array>\s*<string>\/usr\/bin\/node<\/string>\s*<string>\/opt\/quackup\/bin\.js<\/string>\s*<string>daily</,
    );
    expect(text).toMatch(
      /<key>EnvironmentVariables<\/key>\s*<dict>\s*<key>PATH<\/key>\s*<string>\/usr\/bin:\/bin</,
    );
    expect(intervals(text)).toEqual([
      { Weekday: 0, Hour: 2, Minute: 0 },
      { Weekday: 0, Hour: 2, Minute: 30 },
      { Weekday: 6, Hour: 2, Minute: 0 },
      { Weekday: 6, Hour: 2, Minute: 30 },
    ]);
  });

  test('has the keys of launchd.plist(5), each of its type', async () => {
    const keys = [...(await plist()).matchAll(/^\t\t<key>(\w+)<\/key>\n\t\t<(\w+)/gm)];
    expect(Object.fromEntries(keys.map(([, key = '', type = '']) => [key, type]))).toEqual(LAUNCHD_KEYS);
  });

  test('looks at each start whether a run was missed', async () => {
    const text = await plist();
    expect(text).toMatch(/<key>RunAtLoad<\/key>\s*<true\/>/);
    expect(text).toMatch(/<string>--if-due<\/string>\s*<string>0 2 \* \* \*<\/string>/);
  });

  test('leaves out what may be anything', async () => {
    expect(intervals(await plist())).toEqual([{ Hour: 2, Minute: 0 }]);
    expect(intervals(await plist({ when: { cron: '* * * * *' } }))).toEqual([{}]);
    expect(intervals(await plist({ when: { cron: '5 * 1 1,7 *' } }))).toEqual([
      { Month: 1, Day: 1, Minute: 5 },
      { Month: 7, Day: 1, Minute: 5 },
    ]);
  });

  test('is refused for times that it cannot say', async () => {
    const refused = expect.objectContaining({ code: 'NOT_EXPRESSIBLE' });
    await expect(plist({ when: { cron: '0 2 13 * 5' } })).rejects.toThrow(refused);
    await expect(plist({ when: { cron: '0-58 0-22 * * *' } })).rejects.toThrow(refused);
  });

  test.skipIf(!hasProgram('xmllint'))(
    "is valid by Apple's DTD, whatever is in it, and a wrong one is not (needs xmllint)",
    async () => {
      await using machine = await testMachine();
      const args = ['<&>"\'', ']]>', '<!-- -->', 'Zürich 備份 🦆', ''];
      await installSchedule('launchd', job({ command: { ...job().command, args } }), machine);
      const path = plistPath('daily', 'user', machine);
      const dtd = join(machine.home, 'plist.dtd');
      await writeFile(dtd, DTD);
      // The DTD that the list names is in a network.
      const check = (): unknown => {
        const bare = join(machine.home, 'bare.plist');
        writeFileSync(bare, readFileSync(path, 'utf8').replace(/<!DOCTYPE[^>]*>/, ''));
        return runProgram('xmllint', ['--nonet', '--noout', '--dtdvalid', dtd, bare]);
      };
      expect(check()).toEqual({ status: 0, stdout: '', stderr: '' });
      const strings = runProgram('xmllint', ['--xpath', '//array[1]/string[position()>2]/text()', path]);
      expect(strings.stdout).toContain('&lt;&amp;&gt;"\'');
      const text = await readFile(path, 'utf8');
      await writeFile(path, text.replace('<true/>', '<yes/>'));
      expect(check()).not.toMatchObject({ status: 0 });
    },
  );
});

describe('launchd', () => {
  test('is given the list, in place of an older one, and loses it', async () => {
    await using machine = await testMachine((_program, args) => (args[0] === 'bootout' ? { status: 3 } : {}));
    await installSchedule('launchd', job(), machine);
    const path = plistPath('daily', 'user', machine);
    expect(machine.ran).toEqual([
      'launchctl bootout gui/501/io.quackup.daily',
      `launchctl bootstrap gui/501 ${path}`,
    ]);
    expect(await showSchedule('launchd', job(), {}, machine)).toMatchObject({ state: 'current' });
    expect(await removeSchedule('launchd', job(), machine)).toBe(true);
    expect(machine.ran.at(-1)).toBe('launchctl bootout gui/501/io.quackup.daily');
    expect(await showSchedule('launchd', job(), {}, machine)).toMatchObject({ state: 'absent' });
    expect(await removeSchedule('launchd', job(), machine)).toBe(false);
  });

  test('of the system is a daemon', async () => {
    await using machine = await testMachine();
    await installSchedule('launchd', job({ scope: 'system' }), machine);
    expect(machine.ran.at(-1)).toBe(
      `launchctl bootstrap system ${join(machine.root, 'Library/LaunchDaemons/io.quackup.daily.plist')}`,
    );
  });
});
