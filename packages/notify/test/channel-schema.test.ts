import { describe, expect, test } from 'vitest';

import { channelSchema, channelsSchema, secretOptionsOf } from '../src/index.ts';

const EMAIL = { type: 'email', host: 'smtp.example.com', from: 'a@example.com', to: ['b@example.com'] };
const WEBHOOK = { type: 'webhook', url: 'https://example.com/hook' };

function problemsOf(channel: unknown): string {
  const parsed = channelSchema.safeParse(channel);
  return parsed.success ? '' : parsed.error.issues.map(({ message }) => message).join('; ');
}

describe('the schema of channels', () => {
  test('fills in what is left out', () => {
    expect(channelSchema.parse(EMAIL)).toMatchObject({
      tls: 'starttls',
      on: ['warning', 'failure', 'recovery'],
    });
    expect(channelSchema.parse({ ...EMAIL, port: 465 })).toMatchObject({ tls: 'implicit' });
    expect(channelSchema.parse(WEBHOOK)).toMatchObject({ preset: 'generic', headers: {} });
    expect(channelSchema.parse({ ...WEBHOOK, type: 'healthcheck' })).toMatchObject({ warningAs: 'success' });
  });

  test.each([
    ['an unknown option', { ...EMAIL, subjekt: 'x' }, /Unrecognized key/],
    ['an unknown kind', { ...EMAIL, on: ['failed'] }, /Invalid/],
    ['an unknown placeholder', { ...EMAIL, body: '{{nope}}' }, /no \{\{nope\}\}/],
    [
      'an unknown placeholder deep in a payload',
      { ...WEBHOOK, payload: { a: ['{{nope}}'] } },
      /no \{\{nope\}\}/,
    ],
    ['a payload for a preset', { ...WEBHOOK, preset: 'slack', payload: {} }, /only for the preset/],
    ['a password without a user', { ...EMAIL, password: 'x' }, /belong together/],
    ['a password without TLS', { ...EMAIL, tls: 'none', user: 'u', password: 'p' }, /without TLS/],
    ['no recipient', { ...EMAIL, to: [] }, /Too small/],
    [
      'a recipient with a line break',
      { ...EMAIL, to: ['a@example.com\r\nRCPT TO:<c@example.com>'] },
      /no address/,
    ],
    ['a sender with a header in the name', { ...EMAIL, from: 'A\nBcc: x <a@example.com>' }, /no address/],
    ['a header with a line break', { ...WEBHOOK, headers: { a: 'x\r\nb: y' } }, /no header/],
    ['a header that is ours', { ...WEBHOOK, headers: { 'Content-Length': '1' } }, /cannot be set/],
    ['two authorizations', { ...WEBHOOK, token: 'x', headers: { Authorization: 'y' } }, /same thing/],
    ['an ntfy URL without a topic', { ...WEBHOOK, url: 'https://ntfy.sh/', preset: 'ntfy' }, /topic/],
    ['another protocol', { ...WEBHOOK, url: 'ftp://secret.example/x' }, /^is no http or https URL$/],
    ['no URL', { ...WEBHOOK, url: 'secret' }, /^is no http or https URL$/],
  ])('refuses %s', (_name, channel, problem) => {
    expect(problemsOf(channel)).toMatch(problem);
  });

  test('lets a password go unencrypted to this very machine', () => {
    expect(problemsOf({ ...EMAIL, host: '127.0.0.1', tls: 'none', user: 'u', password: 'p' })).toBe('');
  });

  test('refuses names of channels that are none', () => {
    expect(channelsSchema.safeParse({ 'a b': WEBHOOK }).success).toBe(false);
    expect(channelsSchema.safeParse({ 'ops-1': WEBHOOK }).success).toBe(true);
  });

  test('says which options may be secrets, headers among them', () => {
    expect(secretOptionsOf({ headers: { 'X-Key': { env: 'KEY' } } })).toEqual([
      'password',
      'url',
      'token',
      'ca',
      'X-Key',
    ]);
    expect(secretOptionsOf('nonsense')).toEqual(['password', 'url', 'token', 'ca']);
  });
});
