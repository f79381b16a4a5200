import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { inspect } from 'node:util';

import {
  encryptIdentities,
  formatIdentity,
  generateIdentity,
  passphraseIdentity,
  recipientOf,
} from '@quackup/age';
import { expect, test } from 'vitest';

import { type Config, parseConfig } from '../../src/lib/config/index.ts';
import { QuackupError } from '../../src/lib/errors.ts';
import type { KeyIo } from '../../src/lib/keys/read-secret.ts';
import { keySourceOf, resolveIdentities } from '../../src/lib/keys/resolve-identities.ts';
import { resolveRecipients } from '../../src/lib/keys/resolve-recipients.ts';
import { tempFolder } from '../config/temp-folder.ts';

const identity = await generateIdentity();
const other = await generateIdentity();
const recipient = await recipientOf(identity);
const text = await formatIdentity(identity, new Date(0));
const node = JSON.stringify(process.execPath);

function config(folder: string, encryption: string): Config {
  return parseConfig(`encryption: ${encryption}\n`, { path: join(folder, 'quackup.yaml'), env: {} });
}

/** An error that says where, and nothing of the keys. */
async function refusal(promise: Promise<unknown>, ...secrets: string[]): Promise<QuackupError> {
  const error: unknown = await promise.then(
    () => new Error('it was not refused'),
    (caught: unknown) => caught,
  );
  if (!(error instanceof QuackupError)) throw error;
  expect(error.message).toMatch(/quackup\.yaml:\d+:\d+: /);
  expect(error.hint).toBeTruthy();
  for (const secret of [identity.reveal(), other.reveal(), ...secrets])
    expect(inspect(error)).not.toContain(secret);
  return error;
}

/** Whether what was found opens what is for `identity`. */
async function opens(promise: ReturnType<typeof resolveIdentities>): Promise<boolean> {
  const fileKey = Buffer.alloc(16, 7);
  const stanzas = await recipient.wrapFileKey(fileKey);
  const found = await Promise.all((await promise).map((each) => each.unwrapFileKey(stanzas)));
  return found.some((each) => each !== undefined && fileKey.equals(each));
}

const none: KeyIo = { env: {} };
const asking = (answer: string, questions: string[] = []): KeyIo => ({
  env: {},
  ask: async (question) => {
    questions.push(question);
    return answer;
  },
});

test('a file, a variable, a command and a person are asked for keys', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'key.txt'), text);
  expect(await opens(resolveIdentities(config(folder, '{ identities: { file: key.txt } }'), none))).toBe(
    true,
  );
  const env = { KEY: `${other.reveal()}\n# second\n${identity.reveal()}\n` };
  expect(await opens(resolveIdentities(config(folder, '{ identities: { env: KEY } }'), { env }))).toBe(true);
  const print = `{ identities: [{ command: [${node}, -e, "process.stdout.write(require('fs').readFileSync('key.txt'))"] }] }`;
  expect(await opens(resolveIdentities(config(folder, print), none))).toBe(true);
  const questions: string[] = [];
  const asked = resolveIdentities(
    config(folder, '{ identities: prompt }'),
    asking(identity.reveal(), questions),
  );
  expect(await opens(asked)).toBe(true);
  expect(questions).toEqual(['Secret key']);
});

test('arguments of a command reach it as they are: there is no shell', async () => {
  const folder = await tempFolder();
  const odd = `$HOME; echo 'x' "y" *`;
  const encryption = `{ passphrase: { command: [${node}, -e, "console.log(process.argv[1])", ${JSON.stringify(odd)}] } }`;
  const [found] = await resolveIdentities(config(folder, encryption), none);
  const recipients = await resolveRecipients(config(folder, encryption), none);
  expect(recipients).toHaveLength(1);
  const [stanza] = (await recipients?.[0]?.wrapFileKey(Buffer.alloc(16, 7))) ?? [];
  if (stanza === undefined || found === undefined) throw new Error('there is no passphrase');
  expect(await found.unwrapFileKey([stanza])).toBeDefined();
  expect(await passphraseIdentity(odd).unwrapFileKey([stanza])).toBeDefined();
});

test('a file that is encrypted with a passphrase is opened with it', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'key.age'), await encryptIdentities(text, 'open sesame', { logN: 4 }));
  const questions: string[] = [];
  const simple = config(folder, '{ identities: [{ file: key.age }] }');
  expect(await opens(resolveIdentities(simple, asking('open sesame', questions)))).toBe(true);
  expect(questions).toEqual([`Passphrase for ${join(folder, 'key.age')}`]);
  const unattended = config(folder, '{ identities: [{ file: key.age, passphrase: { env: PASS } }] }');
  expect(await opens(resolveIdentities(unattended, { env: { PASS: 'open sesame\n' } }))).toBe(true);

  expect((await refusal(resolveIdentities(simple, asking('open barley')), 'open barley')).message).toContain(
    'another one',
  );
  expect((await refusal(resolveIdentities(simple, none))).message).toContain('nobody to ask');
});

test('nobody is asked twice, nor before a key is needed; a failure is not remembered', async () => {
  const folder = await tempFolder();
  const questions: string[] = [];
  const source = keySourceOf(config(folder, '{ identities: prompt }'), asking(identity.reveal(), questions));
  expect(questions).toHaveLength(0);
  const [one, two] = await Promise.all([source(), source()]);
  expect(one).toBe(two);
  expect(questions).toHaveLength(1);

  const env: NodeJS.ProcessEnv = {};
  const later = keySourceOf(config(folder, '{ identities: { env: KEY } }'), { env });
  await refusal(later());
  env['KEY'] = identity.reveal();
  expect(await later()).toHaveLength(1);
});

test('what cannot be had is refused with its place, and without the secret', async () => {
  const folder = await tempFolder();
  await writeFile(join(folder, 'empty'), '');
  await writeFile(join(folder, 'wrong'), `${other.reveal().slice(0, -2)}\n`);
  await writeFile(join(folder, 'huge'), Buffer.alloc(2 * 1024 * 1024, 'A'));
  const cases: [string, RegExp][] = [
    ['{ file: gone }', /gone/],
    ['{ file: empty }', /empty/],
    ['{ file: wrong }', /line 1: it is no secret key/],
    ['{ file: huge }', /more than 1048576 bytes/],
    ['{ env: NOT_SET }', /NOT_SET is not set/],
    ['{ command: [/no/such/program, sekret] }', /ENOENT/],
    [`{ command: [${node}, -e, "process.exit(7)", sekret] }`, /exit code 7/],
    [`{ command: [${node}, -e, "console.log('AGE-SECRET-KEY-1NONSENSE')", sekret] }`, /line 1/],
    [
      `{ command: [${node}, -e, "process.stdout.write('A'.repeat(2 ** 21))", sekret] }`,
      /more than 1048576 bytes/,
    ],
    [`{ command: [${node}, -e, "setTimeout(() => {}, 60000)", sekret], timeout: 300ms }`, /in 0.3 s/],
    ['prompt', /nobody to ask/],
  ];
  for (const [source, message] of cases) {
    const error = await refusal(
      resolveIdentities(config(folder, `{ identities: [${source}] }`), none),
      'sekret',
    );
    expect(error.code).toBe('KEY_UNAVAILABLE');
    expect(error.message).toMatch(message);
  }
});

test('an interruption stops a command, and its reason passes', async () => {
  const folder = await tempFolder();
  const stop = new AbortController();
  const encryption = `{ identities: { command: [${node}, -e, "setTimeout(() => {}, 60000)"] } }`;
  const reading = resolveIdentities(config(folder, encryption), { env: {}, signal: stop.signal });
  const reason = new Error('enough');
  stop.abort(reason);
  await expect(reading).rejects.toBe(reason);
});

test('recipients are read from texts and files, each of them once', async () => {
  const folder = await tempFolder();
  const second = await recipientOf(other);
  await writeFile(join(folder, 'team.txt'), `# the team\n${recipient.text}\n${second.text}\n`);
  const found = await resolveRecipients(
    config(folder, `{ recipients: [" ${recipient.text} ", { file: team.txt }] }`),
    none,
  );
  expect(found?.map((each) => each.text)).toEqual([recipient.text, second.text]);
  expect(
    await resolveRecipients(parseConfig('', { path: '/x/quackup.yaml', env: {} }), none),
  ).toBeUndefined();
  expect(await resolveIdentities(parseConfig('', { path: '/x/quackup.yaml', env: {} }), none)).toEqual([]);
});

test('recipients that are none, or cannot be together, are refused', async () => {
  const folder = await tempFolder();
  const quantum = await recipientOf(await generateIdentity({ postQuantum: true }));
  await writeFile(join(folder, 'bad.txt'), `${recipient.text}\nage1nonsense\n`);
  await writeFile(join(folder, 'secret.txt'), identity.reveal());
  const cases: [string, RegExp][] = [
    [`{ recipients: [${recipient.text?.slice(0, -1)}] }`, /mistyped or cut off/],
    ['{ recipients: [{ file: gone.txt }] }', /gone\.txt/],
    ['{ recipients: [{ file: bad.txt }] }', /bad\.txt: line 2/],
    ['{ recipients: [{ file: secret.txt }] }', /a secret key stands where a recipient should/],
    [`{ recipients: [${recipient.text}, ${quantum.text}] }`, /cannot be mixed/],
    ['{ identities: prompt }', /no recipients/],
  ];
  for (const [encryption, message] of cases) {
    const error = await refusal(resolveRecipients(config(folder, encryption), none));
    expect(error.code).toBe('CONFIG_INVALID');
    expect(error.message).toMatch(message);
  }
});

test.runIf(process.platform !== 'win32' && process.getuid?.() !== 0)(
  'a file that may not be read is named',
  async () => {
    const folder = await tempFolder();
    await writeFile(join(folder, 'key.txt'), text);
    await chmod(join(folder, 'key.txt'), 0);
    const error = await refusal(resolveIdentities(config(folder, '{ identities: { file: key.txt } }'), none));
    expect(error.message).toContain('EACCES');
  },
);
