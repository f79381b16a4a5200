import { execFileSync } from 'node:child_process';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inspect } from 'node:util';

import { describe, expect, it } from 'vitest';

import { target } from '../src/index.ts';
import { errorOf, noSshd, open, optionsFor, sharedSshd } from './support.ts';

const OTHER = `SHA256:${'A'.repeat(43)}`;

async function strangersKey(...passphrase: readonly string[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'quackup-key-'));
  const file = join(folder, 'key');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', passphrase[0] ?? '', '-f', file]);
  const key = await readFile(file, 'utf8');
  await rm(folder, { recursive: true });
  return key;
}

describe.skipIf(noSshd !== undefined)('logging in', () => {
  const sshd = sharedSshd();

  it('takes any of the fingerprints, with or without padding', async () => {
    await using target = await open(sshd(), 'a', { hostKey: [OTHER, `${sshd().hostKey}=`] });
    expect(target.displayName).toBe(`sftp://${sshd().username}@127.0.0.1:${sshd().port}${sshd().folder}/a`);
  });

  it('is refused to a server with another key, which is told, and not tried again', async () => {
    const error = await errorOf(open(sshd(), 'a', { hostKey: OTHER }));
    expect(error).toMatchObject({ code: 'UNAVAILABLE', retryable: false });
    expect(error.message).toContain(`shows the key ${sshd().hostKey}, which is not among hostKey`);
  });

  it('with a key that the server does not know, or a password where there are none, is UNAUTHENTICATED', async () => {
    const privateKey = await strangersKey();
    for (const login of [{ privateKey }, { privateKey: undefined, password: 'hunter2' }]) {
      const error = await errorOf(open(sshd(), 'a', login));
      expect(error).toMatchObject({ code: 'UNAUTHENTICATED', retryable: false });
      expect(error.hint).toContain('what the server allows');
      expect(inspect(error, { depth: 9 })).not.toContain('hunter2');
    }
  });

  it.each([
    ['a key that is none', { privateKey: 'my secret' }],
    ['an encrypted key without its passphrase', { encrypted: true }],
    ['nothing to log in with', { privateKey: undefined }],
    ['a passphrase without a key', { privateKey: undefined, password: 'x', passphrase: 'y' }],
  ])('with %s is INVALID_OPTIONS', async (_, options) => {
    const login = 'encrypted' in options ? { privateKey: await strangersKey('sesame') } : options;
    const error = await errorOf(open(sshd(), 'a', login));
    expect(error).toMatchObject({ code: 'INVALID_OPTIONS', retryable: false });
    expect(inspect(error, { depth: 9 })).not.toContain('my secret');
  });

  it('opens an encrypted key with its passphrase, and then is refused by the server', async () => {
    const login = { privateKey: await strangersKey('sesame'), passphrase: 'sesame' };
    expect(await errorOf(open(sshd(), 'a', login))).toMatchObject({ code: 'UNAUTHENTICATED' });
  });

  it('where nothing answers, or nobody knows the name, or no SSH is spoken, says so', async () => {
    const server = createServer((socket) => socket.resume().end('HTTP/1.1 400 Bad Request\r\n\r\n'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const other = await errorOf(open(sshd(), 'a', { port }));
    server.close();
    await once(server, 'close');
    expect(other).toMatchObject({ code: 'UNAVAILABLE', hint: expect.stringContaining('an SSH server') });
    expect(await errorOf(open(sshd(), 'a', { port }))).toMatchObject({
      code: 'UNAVAILABLE',
      retryable: true,
      hint: expect.stringContaining('nothing answers there'),
    });
    expect(await errorOf(open(sshd(), 'a', { host: 'no-such-host.invalid' }))).toMatchObject({
      code: 'UNAVAILABLE',
    });
  });

  it('ends with the reason of an abort', async () => {
    const silent = createServer(() => {}).listen(0, '127.0.0.1');
    await once(silent, 'listening');
    const { port } = silent.address() as AddressInfo;
    const controller = new AbortController();
    const reason = new Error('enough');
    const opening = target.open(optionsFor(sshd(), 'a', { port }), {
      baseDir: '/',
      signal: controller.signal,
    });
    await once(silent, 'connection');
    controller.abort(reason);
    await expect(opening).rejects.toBe(reason);
    silent.close();
  });
});

const check = (options: object): unknown => target.optionsSchema['~standard'].validate(options);

describe('the options', () => {
  const good = { host: 'h', username: 'me', path: '/srv', hostKey: OTHER, password: 'x' };

  it('are taken if they are complete', () => expect(check(good)).toEqual({ value: good }));

  it.each([
    ['a server whose key is not told', { ...good, hostKey: undefined }],
    ['no fingerprint at all', { ...good, hostKey: [] }],
    ['an MD5 fingerprint', { ...good, hostKey: 'MD5:00:11' }],
    ['an option that is misspelt', { ...good, hostKeys: OTHER }],
    ['a port that is none', { ...good, port: 70_000 }],
  ])('are refused with %s', (_, options) => expect(check(options)).toHaveProperty('issues'));
});
