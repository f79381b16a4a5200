import { validateHeaderName, validateHeaderValue } from 'node:http';

import * as z from 'zod';

import type { Channel, Channels } from './channel.ts';
import { EVENT_KINDS } from './event.ts';
import { parseMailAddress } from './mail-address.ts';
import { PLACEHOLDERS, unknownPlaceholders } from './template.ts';

const template = z.string().superRefine((text, context) => {
  for (const name of unknownPlaceholders(text))
    context.addIssue(`there is no {{${name}}}; there are ${PLACEHOLDERS.join(', ')}`);
});

const kinds = z
  .array(z.enum(EVENT_KINDS))
  .min(1)
  .describe('What it gets: start, success, warning, failure, recovery.');

const FOR_PEOPLE = ['warning', 'failure', 'recovery'] as const;

const mailAddress = z
  .string()
  .refine(
    (text) => parseMailAddress(text) !== undefined,
    'is no address: name@example.com, or Name <name@example.com>',
  );

// Not zod's own check, whose message might repeat the URL, which is a secret.
const url = z.string().refine((text) => {
  const protocol = URL.canParse(text) ? new URL(text).protocol : '';
  return protocol === 'https:' || protocol === 'http:';
}, 'is no http or https URL');

const LOOPBACK = /^(localhost|127\.\d+\.\d+\.\d+|::1)$/;

const email = z
  .strictObject({
    type: z.literal('email'),
    on: kinds.default([...FOR_PEOPLE]),
    host: z.string().regex(/^[A-Za-z0-9._:-]+$/, 'is no name of a host'),
    port: z.number().int().min(1).max(65_535).optional(),
    tls: z.enum(['starttls', 'implicit', 'none']).optional(),
    user: z.string().min(1).optional(),
    password: z.string().min(1).optional(),
    ca: z.string().min(1).optional(),
    from: mailAddress,
    to: z.array(mailAddress).min(1),
    subject: template.default('[Quackup] {{label}}: {{title}} on {{host}}'),
    body: template.default('{{report}}'),
  })
  .transform((channel) => ({
    ...channel,
    tls: channel.tls ?? (channel.port === 465 ? 'implicit' : 'starttls'),
  }))
  .superRefine(({ user, password, tls, host }, context) => {
    if ((user === undefined) !== (password === undefined))
      context.addIssue('"user" and "password" belong together');
    if (password !== undefined && tls === 'none' && !LOOPBACK.test(host))
      context.addIssue('a password is not sent without TLS; use tls: starttls or implicit');
  });

/** They say where a message ends and whom it is for, which is not the configuration's to say. */
const OUR_HEADERS = new Set([
  'content-length',
  'content-type',
  'transfer-encoding',
  'connection',
  'host',
  'expect',
]);

const headers = z.record(z.string(), z.string()).superRefine((record, context) => {
  for (const [name, value] of Object.entries(record)) {
    if (OUR_HEADERS.has(name.toLowerCase())) context.addIssue(`the header "${name}" cannot be set`);
    else if (!isHeader(name, value)) context.addIssue(`"${name}" is no header that can be sent`);
  }
});

function isHeader(name: string, value: string): boolean {
  try {
    validateHeaderName(name);
    validateHeaderValue(name, value);
    return true;
  } catch {
    // Node's message repeats the value, which may be a secret.
    return false;
  }
}

const webhook = z
  .strictObject({
    type: z.literal('webhook'),
    on: kinds.default([...FOR_PEOPLE]),
    preset: z.enum(['generic', 'slack', 'teams', 'discord', 'ntfy']).default('generic'),
    url,
    token: z
      .string()
      .regex(/^[\x21-\x7e]+$/, 'is no token')
      .optional(),
    headers: headers.default({}),
    ca: z.string().min(1).optional(),
    title: template.default('{{label}}: {{title}} on {{host}}'),
    body: template.default('{{report}}'),
    payload: z.json().optional(),
  })
  .superRefine(({ preset, url: text, payload, token, headers: record }, context) => {
    if (payload !== undefined) {
      if (preset !== 'generic') context.addIssue('"payload" is only for the preset "generic"');
      for (const each of textsIn(payload)) {
        for (const name of unknownPlaceholders(each)) context.addIssue(`"payload": there is no {{${name}}}`);
      }
    }
    if (token !== undefined && Object.keys(record).some((name) => name.toLowerCase() === 'authorization'))
      context.addIssue('"token" and the header "Authorization" are the same thing; give one of them');
    if (preset === 'ntfy' && URL.canParse(text) && !/[^/]\/*$/.test(new URL(text).pathname))
      context.addIssue('"url" must end with the topic: https://ntfy.sh/my-topic');
  });

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}

const healthcheck = z.strictObject({
  type: z.literal('healthcheck'),
  on: kinds.default([...EVENT_KINDS]),
  url,
  warningAs: z.enum(['success', 'fail']).default('success'),
  ca: z.string().min(1).optional(),
  body: template.default('{{report}}'),
});

/** One channel, with its secrets in place: `{ env }` and `{ file }` have been replaced before. Nothing may be unknown. */
export const channelSchema: z.ZodType<Channel> = z.discriminatedUnion('type', [email, webhook, healthcheck]);

const CHANNEL_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/;

/** Channels by name. */
export const channelsSchema: z.ZodType<Channels> = z.record(
  z.string().regex(CHANNEL_NAME, 'a name is letters, digits, ".", "_" and "-", 64 at most'),
  channelSchema,
);
