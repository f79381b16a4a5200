import { join, resolve } from 'node:path';

import { describe, expect, test } from 'vitest';

import { loadConfig, parseConfig, type Config } from '../../src/lib/config/index.ts';
import { DEFAULT_POLICY } from '../../src/lib/retention/index.ts';
import { refusalOf } from './refusal.ts';
import { tempFolder } from './temp-folder.ts';

const FILE = resolve('/etc/quackup/quackup.yaml');

function parse(text: string, env: NodeJS.ProcessEnv = {}): Config {
  return parseConfig(text, { path: FILE, env });
}

/** The lines of the refusal, without the file's path. */
async function problemsOf(text: string, env: NodeJS.ProcessEnv = {}): Promise<string[]> {
  const error = await refusalOf(() => parse(text, env));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.hint).toBeTruthy();
  return error.message
    .split('\n  ')
    .filter((line) => line.startsWith(FILE))
    .map((line) => line.slice(FILE.length + 1));
}

/** `name`: twelve times the anchor `of`. */
const repeated = (name: string, of: string): string =>
  `${name}: &${name} [${Array(12).fill(`*${of}`).join()}]\n`;

describe('what a configuration says', () => {
  test('everything that can be said is read', () => {
    const config = parse(`
databases:
  - data/results.duckdb
  - path: data/audit.duckdb
    name: audit
targets:
  offsite: { type: acme, url: "https://example.org", nested: { a: [1, true] } }
  local: { type: local, path: ./backups }
backup:
  targets: [local]
  compression: { algorithm: gzip, level: 9 }
  wait: 5m
  tempDir: scratch
retention: { keepDays: 7, minCount: 0, keepLast: 1, keepHourly: 2, keepDaily: 3, keepWeekly: 4, keepMonthly: 5, keepYearly: 6 }
`);
    expect(config).toMatchObject({
      path: FILE,
      baseDir: resolve('/etc/quackup'),
      databases: [
        { path: 'data/results.duckdb', place: `${FILE}:3:5` },
        { path: 'data/audit.duckdb', name: 'audit', place: `${FILE}:4:5` },
      ],
      backup: {
        targets: ['local'],
        compression: { algorithm: 'gzip', level: 9 },
        waitMs: 300_000,
        tempDir: resolve('/etc/quackup/scratch'),
      },
      retention: {
        keepDays: 7,
        minCount: 0,
        keepLast: 1,
        keepHourly: 2,
        keepDaily: 3,
        keepWeekly: 4,
        keepMonthly: 5,
        keepYearly: 6,
      },
    });
    expect([...config.targets]).toEqual([
      [
        'offsite',
        { type: 'acme', access: 'full', options: { url: 'https://example.org', nested: { a: [1, true] } } },
      ],
      ['local', { type: 'local', access: 'full', options: { path: './backups' } }],
    ]);
  });

  test.for(['', '# nothing\n', '{}'])('an empty file says nothing and gets the defaults: %j', (text) => {
    expect(parse(text)).toMatchObject({ databases: [], backup: { targets: [] }, retention: DEFAULT_POLICY });
  });

  test('backups go to all targets unless it says to which', () => {
    expect(parse('targets: { b: { type: x }, a: { type: x } }').backup.targets).toEqual(['b', 'a']);
  });

  test('retention that is spelled out as empty is empty, not the default', () => {
    expect(parse('retention: {}').retention).toEqual({});
  });

  test('JSON is read as well, with its $schema', () => {
    const text = JSON.stringify({ $schema: './quackup.schema.json', databases: ['a.db'] });
    expect(parse(text).databases).toMatchObject([{ path: 'a.db' }]);
  });

  test('an anchor is read where it is repeated, and a place inside it is found', async () => {
    const config = parse('targets:\n  a: &t { type: x, n: { m: 1 } }\n  b: *t\n');
    expect(config.targets.get('b')).toEqual(config.targets.get('a'));
    expect(config.placeOf(['targets', 'b', 'n', 'm'])).toBe(`${FILE}:2:28`);
    expect(config.placeOf(['targets', 'b', 'n', 'm'], 'key')).toBe(`${FILE}:2:25`);
    expect(config.placeOf(['targets', 'b', 'missing'])).toBe(`${FILE}:3:6`);
  });
});

describe('what is refused, with its place', () => {
  test.for<[string, string[]]>([
    ['database: []', ['1:1: unknown key "database" (did you mean "databases"?)']],
    ['zzz: 1', ['1:1: unknown key "zzz"']],
    ['retention:\n  keepday: 3', ['2:3: unknown key "retention.keepday" (did you mean "keepDays"?)']],
    [
      'databases: [{ pth: a }]',
      ['1:13: "databases[0].path" is missing', '1:15: unknown key "databases[0].pth" (did you mean "path"?)'],
    ],
    ['databases: [a, 3]', ['1:16: "databases[1]": expected string or object']],
    ['databases: [{ path: 3 }]', ['1:21: "databases[0].path": expected string, received number']],
    ['databases:', ['1:11: "databases": expected array, but nothing is there']],
    [
      'databases: [{ path: a, name: "../a" }]',
      ['1:30: "databases[0].name": the name "../a" holds a slash or a backslash'],
    ],
    ['targets: [a]', ['1:10: "targets": expected object, received array']],
    [
      'targets: { "a b": { type: x } }',
      ['1:12: "targets.a b": a name is letters, digits, ".", "_" and "-", 64 at most'],
    ],
    ['targets: { a: {} }', ['1:15: "targets.a.type" is missing']],
    ['targets: { __proto__: { type: x } }', ['1:12: unknown key "__proto__"']],
    [
      'targets: { local: { type: x } }\nbackup: { targets: [locl] }',
      ['2:21: there is no target "locl" (did you mean "local"?)'],
    ],
    ['targets: { a: { type: x } }\nbackup: { targets: [a, a] }', ['2:24: the target "a" is named twice']],
    ['backup: { targets: [toString] }', ['1:21: there is no target "toString"']],
    ['backup: { wait: 120 }', ['1:17: "backup.wait": expected a duration such as "120s", "5m" or "1h"']],
    [
      'backup: { wait: "2 weeks" }',
      ['1:17: "backup.wait": expected a duration such as "120s", "5m" or "1h"'],
    ],
    ['backup: { wait: 25d }', ['1:17: "backup.wait": at most 24 days']],
    [
      'backup: { compression: { algorithm: lz4 } }',
      [`1:37: "backup.compression.algorithm": expected 'zstd' | 'gzip' | 'none'`],
    ],
    [
      'backup: { compression: { algorithm: zstd, level: 23 } }',
      ['1:50: "backup.compression.level": expected number to be <=22'],
    ],
    [
      'backup: { compression: { algorithm: gzip, level: 0 } }',
      ['1:50: "backup.compression.level": expected number to be >=1'],
    ],
    [
      'backup: { compression: { algorithm: none, level: 1 } }',
      ['1:43: unknown key "backup.compression.level"'],
    ],
    ['retention: { keepDays: -1 }', ['1:24: "retention.keepDays": expected number to be >=0']],
    ['retention: { keepLast: 1.5 }', ['1:24: "retention.keepLast": expected int, received number']],
    ['retention: { minCount: "5" }', ['1:24: "retention.minCount": expected number, received string']],
    ['- a', ['1:1: the configuration: expected object, received array']],
    ['databases: []\ndatabases: [a]', ['2:1: this key is given twice']],
    ['retention: { keepDays: 1, keepDays: 2 }', ['1:27: this key is given twice']],
    ['---\n{}\n---\n{}', ['3:1: a second document begins here; a configuration is one']],
    ['databases: [!path a]', ['1:13: Unresolved tag: !path']],
  ])('%j', async ([text, problems]) => {
    expect(await problemsOf(text)).toEqual(problems);
  });

  test('what is called otherwise here is refused, with its name', async () => {
    expect(await problemsOf('logFile: a.log')).toEqual([
      '1:1: "logFile": a log file is named by "log: { file: PATH }"',
    ]);
  });

  test('all problems are told at once, in the order of the file, whichever check finds them', async () => {
    const text = `
retention: { keepDays: x }
backup: { targets: [nowhere], wait: 99d, temp: t }
databases: [ "\${UNSET}", { path: a, name: "" }, 7 ]
`;
    expect((await problemsOf(text)).map((line) => line.split(': ')[0])).toEqual([
      '2:24',
      '3:21',
      '3:37',
      '3:42',
      '4:14',
      '4:43',
      '4:49',
    ]);
  });

  test('aliases that multiply are refused before they fill the memory', async () => {
    const bomb = `a: &a [${Array(12).fill('x').join()}]\n${repeated('b', 'a')}${repeated('c', 'b')}${repeated('d', 'c')}${repeated('e', 'd')}`;
    expect(await problemsOf(bomb)).toEqual([
      '1:1: Excessive alias count indicates a resource exhaustion attack',
    ]);
  });
});

describe('encryption', () => {
  test('what it says is read; paths are relative to the file', () => {
    const { encryption } = parse(`
encryption:
  recipients: [age1qqq, { file: keys/team.txt }]
  identities:
    - { file: key.age, passphrase: { command: [pass, show, it], timeout: 90s } }
    - { env: MY_KEY }
    - { command: [op, read, x] }
    - prompt
`);
    expect(encryption).toEqual({
      recipients: ['age1qqq', { file: resolve('/etc/quackup/keys/team.txt') }],
      identities: [
        {
          file: resolve('/etc/quackup/key.age'),
          passphrase: { command: ['pass', 'show', 'it'], timeoutMs: 90_000 },
        },
        { env: 'MY_KEY' },
        { command: ['op', 'read', 'x'] },
        'prompt',
      ],
    });
    expect(parse('encryption: { passphrase: prompt }').encryption).toEqual({
      recipients: [],
      identities: [],
      passphrase: 'prompt',
    });
    expect(parse('encryption: { identities: { env: K } }').encryption?.identities).toEqual([{ env: 'K' }]);
    expect(parse('').encryption).toBeUndefined();
  });

  test.each([
    ['{}', 'names neither recipients nor identities nor a passphrase'],
    ['{ recipients: [] }', 'encryption.recipients'],
    ['{ passphrase: prompt, recipients: [age1qqq] }', 'cannot be used together'],
    ['{ recipients: [AGE-SECRET-KEY-1SECRETSECRET] }', 'a recipient begins with age1'],
    ['{ recipients: ["ssh-ed25519 AAAA"] }', 'a recipient begins with age1'],
    ['{ passphrase: my own secret words }', 'must not be written here'],
    ['{ identities: AGE-SECRET-KEY-1SECRETSECRET }', 'must not be written here'],
    ['{ identities: [AGE-SECRET-KEY-1SECRETSECRET] }', 'must not be written here'],
    ['{ identities: [{ file: a, env: B }] }', 'encryption.identities[0]'],
    ['{ identities: [{ timeout: 5s }] }', 'exactly one of'],
    ['{ identities: [{ file: a, timeout: 5s }] }', 'only for a command'],
    ['{ identities: [{ env: A, passphrase: prompt }] }', 'only for a file'],
    ['{ passphrase: { file: a, passphrase: prompt } }', 'passphrase'],
    ['{ identities: [{ env: "a b" }] }', 'environment variable'],
    ['{ identities: [{ command: [] }] }', 'command'],
    ['{ identities: [{ command: "pass show it" }] }', 'command'],
    ['{ identities: [{ command: [a], timeout: 11m }] }', 'at most 10 minutes'],
    ['{ identities: [{ command: [a], timeout: 5 }] }', 'timeout'],
    ['{ identity: { file: a } }', 'identit'],
  ])('%s is refused, without repeating a secret', async (encryption, problem) => {
    const problems = (await problemsOf(`encryption: ${encryption}`)).join('\n');
    expect(problems).toContain(problem);
    expect(problems).toMatch(/^1:\d+: /);
    expect(problems).not.toMatch(/SECRETSECRET|secret words/);
  });
});

describe('variables', () => {
  const env = { HOME_DIR: '/home/duck', EMPTY: '', TRICK: '${HOME_DIR}' };

  test('are replaced in every string, once, and never in keys', () => {
    const config = parse(
      'targets: { "t": { type: "x", "a": ["${HOME_DIR}/a${EMPTY}b"], "${HOME_DIR}": "${TRICK}" } }',
      env,
    );
    expect(config.targets.get('t')?.options).toEqual({ a: ['/home/duck/ab'], '${HOME_DIR}': '${HOME_DIR}' });
  });

  test('a doubled dollar sign keeps the text as it is', () => {
    expect(parse('databases: ["$${HOME_DIR}", "$5", "a$$b"]', env).databases.map(({ path }) => path)).toEqual(
      ['${HOME_DIR}', '$5', 'a$$b'],
    );
  });

  test('one that is not set is refused with its place', async () => {
    expect(await problemsOf('databases:\n  - ${NOPE}/a', env)).toEqual([
      '2:5: the environment variable NOPE is not set',
    ]);
  });

  test.for(['${A-B}', '${}', '${A:-b}', '${HOME_DIR'])(
    '%s is refused: it is not the name of one',
    async (text) => {
      const problems = await problemsOf(`databases: ['${text}']`, env);
      expect(problems).toHaveLength(1);
      expect(problems[0]).toContain('is not the name of an environment variable');
    },
  );

  test('unquoted ones inside braces get a hint about quotes', async () => {
    const error = await refusalOf(() => parse('targets: { a: { type: x, path: ${HOME_DIR} } }', env));
    expect(error.hint).toBe('put text that holds ${...} in quotes where it is inside { } or [ ]');
  });
});

test.each([
  'backup: { wait: 5 }',
  'backup: { pauseWriter: 5 }',
  'backup: { incremental: { fullEvery: 5 } }',
  'verify: { scanEvery: 5 }',
  'schedule: { at: "02:00", jitter: 5 }',
  'hooks: { timeout: 5 }',
  'alarms: { notGrownFor: 5 }',
  'targets: { a: { type: local, limits: { stallTimeout: 5 } } }',
])('a number is no duration, and one is shown: %s', async (text) => {
  expect((await refusalOf(() => parse(text, {}))).message).toMatch(
    /: expected a duration such as "\d+(?:ms|[smd])"/,
  );
});

describe('loadConfig', () => {
  test('reads the file, and paths start at its folder', async () => {
    const folder = await tempFolder({ 'etc/q.yaml': 'backup: { tempDir: ../tmp }' });
    const config = await loadConfig(join(folder, 'etc', 'q.yaml'), {});
    expect(config.backup.tempDir).toBe(join(folder, 'tmp'));
  });

  test('says that there is no such file', async () => {
    const path = join(await tempFolder(), 'none.yaml');
    const error = await refusalOf(() => loadConfig(path, {}));
    expect([error.code, error.message]).toEqual([
      'CONFIG_NOT_FOUND',
      `there is no configuration file ${path}`,
    ]);
  });

  test('a folder is not a configuration', async () => {
    const path = await tempFolder();
    const error = await refusalOf(() => loadConfig(path, {}));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toContain(path);
  });
});
