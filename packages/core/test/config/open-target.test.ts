import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

import {
  defineTarget,
  type OpenContext,
  type StorageTarget,
  TargetError,
  type TargetDefinition,
} from '@quackup/target-api';
import { expect, test } from 'vitest';
import * as z from 'zod';

import { openTarget, parseConfig, type TargetModules } from '../../src/lib/config/index.ts';
import { refusalOf } from './refusal.ts';
import { tempFolder } from './temp-folder.ts';

interface Opened {
  readonly options: unknown;
  readonly context: OpenContext;
}

/** A kind of target that remembers how it was opened, or fails with `failure`. */
function recorder(opened: Opened[], failure?: Error): TargetDefinition {
  return defineTarget<unknown>({
    type: 'recorder',
    optionsSchema: z.strictObject({
      url: z.string(),
      token: z.string().startsWith('t').optional(),
      retries: z.number().default(3),
      login: z.strictObject({ user: z.string(), password: z.string() }).optional(),
    }),
    secretOptions: ['token', 'password'],
    open: (options, context) => {
      opened.push({ options, context });
      return failure === undefined ? Promise.resolve(FAKE) : Promise.reject(failure);
    },
  });
}

const never = (): never => {
  throw new Error('what is opened is only handed on');
};
const FAKE: StorageTarget = {
  apiVersion: 1,
  type: 'fake',
  displayName: 'fake',
  capabilities: { putIfAbsent: false, putIfMatch: false },
  put: never,
  get: never,
  stat: never,
  list: never,
  delete: never,
  close: never,
  [Symbol.asyncDispose]: never,
};

function configIn(folder: string, target: Readonly<Record<string, unknown>>): ReturnType<typeof parseConfig> {
  return parseConfig(JSON.stringify({ targets: { t: target } }), { path: join(folder, 'q.yaml'), env: {} });
}

const builtin = (definition: unknown): TargetModules => ({
  recorder: () => Promise.resolve({ target: definition }),
});

test('a built-in target is opened with checked options, relative to the configuration', async () => {
  const opened: Opened[] = [];
  const { signal } = new AbortController();
  const config = configIn('/cfg', { type: 'recorder', url: 'u' });
  expect(await openTarget('t', config, builtin(recorder(opened)), { env: {}, signal })).toEqual({
    name: 't',
    target: FAKE,
    access: 'full',
    encryptedOnly: false,
  });
  expect(opened).toEqual([
    { options: { url: 'u', retries: 3 }, context: { baseDir: config.baseDir, signal } },
  ]);
});

test('secrets come from the environment and from files, at any depth', async () => {
  const opened: Opened[] = [];
  const folder = await tempFolder({ 'keys/password': 'p\nq\n' });
  const config = configIn(folder, {
    type: 'recorder',
    url: 'u',
    token: { env: 'TOKEN' },
    login: { user: 'me', password: { file: 'keys/password' } },
  });
  await openTarget('t', config, builtin(recorder(opened)), { env: { TOKEN: 't0ken' } });
  expect(opened[0]?.options).toMatchObject({ token: 't0ken', login: { user: 'me', password: 'p\nq' } });
});

test('secrets that are not there are all told, with their places', async () => {
  const config = configIn('/cfg', {
    type: 'recorder',
    url: 'u',
    token: { env: 'TOKEN' },
    login: { user: 'me', password: { file: 'none' } },
  });
  const error = await refusalOf(() => openTarget('t', config, builtin(recorder([])), { env: {} }));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message).toContain(`${config.path}:1:54: "token": the environment variable TOKEN is not set`);
  expect(error.message).toMatch(/"login\.password": the file .*none cannot be read: ENOENT/);
});

test('a reference in an option that is no secret is refused with a way out', async () => {
  const config = configIn('/cfg', { type: 'recorder', url: { env: 'URL' } });
  const error = await refusalOf(() => openTarget('t', config, builtin(recorder([])), { env: { URL: 'u' } }));
  expect(error.message).toBe(
    `${config.path}:1:42: "url": expected string, received object ({ env } and { file } are only for token, password); write "\${NAME}" to take it from the environment`,
  );
});

test('every wrong option is told with its place', async () => {
  const config = configIn('/cfg', { type: 'recorder', ulr: 'u', retries: 'x' });
  const error = await refusalOf(() => openTarget('t', config, builtin(recorder([])), { env: {} }));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message.split('\n')).toEqual([
    'the target "t" has 3 problems',
    `  ${config.path}:1:17: "url" is missing`,
    `  ${config.path}:1:56: "retries": expected number, received string`,
    `  ${config.path}:1:36: unknown option "ulr"`,
  ]);
});

test('no message repeats a secret, not even one that a validator or a backend repeats', async () => {
  const talkative = {
    ...recorder([]),
    optionsSchema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (options: object) => ({ issues: [{ message: `no: ${JSON.stringify(options)}` }] }),
      },
    },
  };
  const config = configIn('/cfg', {
    type: 'recorder',
    url: 'u',
    token: 'wrong-secret',
    login: { password: { env: 'P' } },
  });
  const env = { P: 'pass-phrase' };
  const invalid = await refusalOf(() => openTarget('t', config, builtin(talkative), { env }));
  expect(invalid.message).toContain('"token":"***"');
  expect(invalid.message).toContain('"password":"***"');

  const fine = configIn('/cfg', { type: 'recorder', url: 'u', token: 'top-secret' });
  const failing = recorder([], new Error('401 for top-secret'));
  const failed = await refusalOf(() => openTarget('t', fine, builtin(failing), { env: {} }));
  expect([failed.code, failed.message]).toEqual([
    'TARGET_FAILED',
    'the target "t" cannot be opened: 401 for ***',
  ]);
});

test('options that contradict each other are a matter of the configuration', async () => {
  const config = configIn('/cfg', { type: 'recorder', url: 'u' });
  const failing = recorder(
    [],
    new TargetError('INVALID_OPTIONS', 'url and host exclude each other', { hint: 'choose' }),
  );
  const error = await refusalOf(() => openTarget('t', config, builtin(failing), { env: {} }));
  expect([error.code, error.message, error.hint]).toEqual([
    'CONFIG_INVALID',
    `${config.path}:1:17: url and host exclude each other`,
    'choose',
  ]);
});

test('an abort while opening passes as it is', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  controller.abort(reason);
  const config = configIn('/cfg', { type: 'recorder', url: 'u' });
  await expect(
    openTarget('t', config, builtin(recorder([], reason)), { env: {}, signal: controller.signal }),
  ).rejects.toBe(reason);
});

test('a target that the configuration does not have is refused, with those that it has', async () => {
  const config = configIn('/cfg', { type: 'recorder', url: 'u' });
  const error = await refusalOf(() => openTarget('tt', config, {}, { env: {} }));
  expect([error.code, error.hint]).toEqual(['CONFIG_INVALID', 'use one of: t']);
});

test('a package that is not installed is named with the command that installs it', async () => {
  const folder = await tempFolder();
  const config = configIn(folder, { type: 'quackup-target-nowhere' });
  const error = await refusalOf(() => openTarget('t', config, {}, { env: {} }));
  expect([error.code, error.hint]).toEqual([
    'TARGET_NOT_INSTALLED',
    `run \`npm install quackup-target-nowhere\` in ${folder}`,
  ]);
});

test('a misspelt built-in type is recognised', async () => {
  const config = configIn(await tempFolder(), { type: 'recoder' });
  const error = await refusalOf(() => openTarget('t', config, builtin(recorder([])), { env: {} }));
  expect(error.message).toContain('(did you mean "recorder"?)');
  // What somebody may have put there under a name that is often misspelt.
  expect(error.hint).toMatch(/^correct it to `type: recorder`/);
  expect(error.hint).not.toContain('npm install');
});

test.for(['fs', 'node:path', './none.mjs', 'broken', './throws.mjs', './no-target.mjs', 'toString'])(
  'the type %s is refused: it is no target that can be loaded',
  async (type) => {
    const folder = await tempFolder({
      'node_modules/broken/package.json': '{"name":"broken","exports":{"browser":"./x.js"}}',
      'throws.mjs': 'throw new Error("on load");',
      'no-target.mjs': 'export const target = { apiVersion: 1 };',
    });
    const error = await refusalOf(() =>
      openTarget('t', configIn(folder, { type }), builtin({}), { env: {} }),
    );
    expect(error.code).toBe(type === 'toString' ? 'TARGET_NOT_INSTALLED' : 'TARGET_INVALID');
    expect(error.message).toContain(type);
    expect(error.hint).toBeTruthy();
    expect(error.message.includes('a module of Node')).toBe(type === 'fs' || type === 'node:path');
  },
);

const API = JSON.stringify(pathToFileURL(import.meta.dirname + '/../../../target-api/src/index.ts').href);
const MODULE = `import { defineTarget } from ${API};
export const target = defineTarget({
  type: 'acme',
  secretOptions: [],
  optionsSchema: { '~standard': { version: 1, vendor: 'test', validate: (value) => ({ value }) } },
  open: async (options) => ({ type: 'acme', displayName: options.where, put() {} }),
});`;

test.for<[string, string]>([
  ['./mine/target.mjs', 'mine/target.mjs'],
  ['acme-target', 'node_modules/acme-target/index.mjs'],
])(
  '%s is found from the folder of the configuration, not from the working directory',
  async ([type, file]) => {
    const folder = await tempFolder({
      [file]: MODULE,
      'node_modules/acme-target/package.json': '{"name":"acme-target","exports":{"default":"./index.mjs"}}',
    });
    const opened = await openTarget('t', configIn(folder, { type, where: 'there' }), {}, { env: {} });
    expect(opened.target.displayName).toBe('there');
    expect(process.cwd()).not.toBe(folder);
  },
);

test.for<[number, string]>([
  [2, 'update quackup'],
  [0, 'update "recorder"'],
])('a target made for version %d of the contract is refused', async ([apiVersion, hint]) => {
  const config = configIn('/cfg', { type: 'recorder', url: 'u' });
  const other = builtin({ ...recorder([]), apiVersion });
  const error = await refusalOf(() => openTarget('t', config, other, { env: {} }));
  expect([error.code, error.message, error.hint]).toEqual([
    'TARGET_INVALID',
    `${config.path}:1:25: "recorder" is made for version ${apiVersion} of the target contract, this program has version 1`,
    hint,
  ]);
});

test('a module of a package that is not installed is named by its package', async () => {
  const folder = await tempFolder();
  for (const [type, name] of [
    ['@acme/targets/sftp', '@acme/targets'],
    ['acme-targets/sftp.mjs', 'acme-targets'],
  ] as const) {
    const error = await refusalOf(() => openTarget('t', configIn(folder, { type }), {}, { env: {} }));
    expect([error.code, error.hint]).toEqual([
      'TARGET_NOT_INSTALLED',
      `run \`npm install ${name}\` in ${folder}`,
    ]);
  }
});

test('a package that is there but not built is not said to be missing', async () => {
  const folder = await tempFolder({
    'node_modules/acme-target/package.json': '{"name":"acme-target","exports":{"default":"./dist/index.js"}}',
    'node_modules/old-target/package.json': '{"name":"old-target","main":"./dist/index.js"}',
  });
  for (const type of ['acme-target', 'old-target']) {
    const config = configIn(folder, { type });
    const error = await refusalOf(() => openTarget('t', config, {}, { env: {} }));
    expect([error.code, error.message, error.hint]).toEqual([
      'TARGET_INVALID',
      `${config.path}:1:25: the package "${type}" has no module for "${type}"`,
      'check that the package is built, and what its package.json names',
    ]);
  }
});

test('a package whose own dependency is missing is told with it', async () => {
  const folder = await tempFolder({ 'target.mjs': 'import "not-there-either";' });
  const error = await refusalOf(() =>
    openTarget('t', configIn(folder, { type: './target.mjs' }), {}, { env: {} }),
  );
  expect(error.code).toBe('TARGET_INVALID');
  expect(error.message).toContain("Cannot find package 'not-there-either'");
  expect(error.hint).toContain('run `npm install` where it belongs');
});

test.for<[string, string]>([
  ['export const other = 1;', 'exports no target'],
  ['export const target = "acme";', 'exports no target'],
  [
    'export const target = { apiVersion: 1, type: "acme", open() {} };',
    'exports a `target` that is none: it has no optionsSchema, no secretOptions',
  ],
  [
    'export const target = { apiVersion: 1, type: "acme", open() {}, secretOptions: [], optionsSchema: {} };',
    'exports a `target` that is none: its members are not what they should be',
  ],
])('a module with `%s` is refused: it %s', async ([source, reason]) => {
  const folder = await tempFolder({ 'target.mjs': source });
  const config = configIn(folder, { type: './target.mjs' });
  const error = await refusalOf(() => openTarget('t', config, {}, { env: {} }));
  expect([error.code, error.message]).toEqual([
    'TARGET_INVALID',
    `${config.path}:1:25: "./target.mjs" ${reason}`,
  ]);
  expect(error.hint).toContain('export `target = defineTarget({...})`');
});

test('a schema that fails, and an open that opens nothing, are faults of the target', async () => {
  const config = configIn('/cfg', { type: 'recorder', url: 'u', token: 't0ken' });
  const failing = {
    ...recorder([]),
    optionsSchema: {
      '~standard': {
        version: 1,
        vendor: 'test',
        validate: (options: object) => {
          throw new Error(`cannot read ${JSON.stringify(options)}`);
        },
      },
    },
  };
  const schema = await refusalOf(() => openTarget('t', config, builtin(failing), { env: {} }));
  expect([schema.code, schema.message]).toEqual([
    'TARGET_INVALID',
    'the schema of the target "t" fails: cannot read {"url":"u","token":"***"}',
  ]);
  const nothing = { ...recorder([]), open: () => Promise.resolve({}) };
  const opened = await refusalOf(() => openTarget('t', config, builtin(nothing), { env: {} }));
  expect([opened.code, opened.message]).toEqual([
    'TARGET_INVALID',
    `${config.path}:1:25: what "recorder" opens is no target`,
  ]);
});

test("a third party's wrong options are told with line and column of the YAML", async () => {
  const folder = await tempFolder({
    'target.mjs': `import { defineTarget } from ${API};
      import * as z from ${JSON.stringify(import.meta.resolve('zod'))};
      export const target = defineTarget({
        type: 'acme',
        optionsSchema: z.strictObject({ host: z.string(), port: z.int().max(65535), keys: z.array(z.string()) }),
        secretOptions: [],
        open: async () => { throw new Error('not reached'); },
      });`,
  });
  const yaml = `databases: []
targets:
  offsite:
    type: ./target.mjs
    port: 70000
    keys: [a, 7]
    hots: nas
`;
  const config = parseConfig(yaml, { path: join(folder, 'quackup.yaml'), env: {} });
  const error = await refusalOf(() => openTarget('offsite', config, {}, { env: {} }));
  expect(error.code).toBe('CONFIG_INVALID');
  expect(error.message.split('\n')).toEqual([
    'the target "offsite" has 4 problems',
    `  ${config.path}:4:5: "host" is missing`,
    `  ${config.path}:5:11: "port": Too big: expected number to be <=65535`,
    `  ${config.path}:6:15: "keys[1]": expected string, received number`,
    `  ${config.path}:7:5: unknown option "hots"`,
  ]);
});
