import { randomUUID } from 'node:crypto';
import { rootCertificates } from 'node:tls';

import type SMTPConnection from 'nodemailer/lib/smtp-connection';

import type { EmailChannel } from './channel.ts';
import { clip, oneLine } from './clip.ts';
import { type MailAddress, parseMailAddress } from './mail-address.ts';
import type { EventTexts } from './report-text.ts';
import { codeOf, messageOf, SendFailure } from './send-failure.ts';
import { renderTemplate } from './template.ts';

const MAX_BODY_BYTES = 100_000;
const MAX_SUBJECT_BYTES = 400;

/** How long a server that has taken the message may take to say goodbye, milliseconds. */
const GOODBYE_MS = 500;

/**
 * Sends a mail. Every attempt sends the same bytes, Message-ID included: if a server took one and the connection broke
 * before it could say so, the second copy can be recognised.
 *
 * @returns What went wrong although the mail was taken: recipients that were refused.
 */
export function emailSender(
  channel: EmailChannel,
  texts: EventTexts,
): (signal: AbortSignal) => Promise<string | undefined> {
  const from = addressOf(channel.from);
  const to = channel.to.map(addressOf);
  let message: Promise<Buffer> | undefined;
  return async (signal) => {
    message ??= composeMail(channel, { from, to }, texts);
    const bytes = await message;
    signal.throwIfAborted();
    return deliver(channel, { from: from.address, to: to.map(({ address }) => address) }, bytes, signal);
  };
}

function addressOf(text: string): MailAddress {
  const address = parseMailAddress(text);
  // The schema has seen to it.
  if (address === undefined) throw new SendFailure('an address is none', { retryable: false });
  return address;
}

async function composeMail(
  channel: EmailChannel,
  { from, to }: { from: MailAddress; to: readonly MailAddress[] },
  texts: EventTexts,
): Promise<Buffer> {
  const { default: MailComposer } = await import('nodemailer/lib/mail-composer');
  const domain = from.address.slice(from.address.lastIndexOf('@') + 1);
  return new MailComposer({
    from,
    to: [...to],
    subject: clip(oneLine(renderTemplate(channel.subject, texts)), MAX_SUBJECT_BYTES).replaceAll('\n', ' '),
    text: clip(renderTemplate(channel.body, texts), MAX_BODY_BYTES),
    messageId: `<${randomUUID()}@${domain}>`,
    // RFC 3834: holiday notices do not answer.
    headers: { 'Auto-Submitted': 'auto-generated' },
    disableFileAccess: true,
    disableUrlAccess: true,
  })
    .compile()
    .build();
}

interface Envelope {
  readonly from: string;
  readonly to: string[];
}

async function deliver(
  channel: EmailChannel,
  envelope: Envelope,
  message: Buffer,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { default: Connection } = await import('nodemailer/lib/smtp-connection');
  const connection: SMTPConnection = new Connection({
    host: channel.host,
    ...(channel.port !== undefined && { port: channel.port }),
    secure: channel.tls === 'implicit',
    requireTLS: channel.tls === 'starttls',
    ignoreTLS: channel.tls === 'none',
    logger: false,
    // A connection that is closed is closed now, whatever the server does.
    socketCloseTimeout: 0,
    ...(channel.ca !== undefined && { tls: { ca: [...rootCertificates, channel.ca] } }),
  });
  const { promise, resolve, reject } = Promise.withResolvers<string | undefined>();
  const fail = (error: unknown): void => reject(toFailure(error));
  const abort = (): void => {
    connection.close();
    reject(signal.reason);
  };
  // It stays when all is over: what comes then changes nothing, and must not end the process.
  connection.on('error', fail);
  connection.on('end', () => fail(new SendFailure('the server closed the connection', { retryable: true })));
  signal.addEventListener('abort', abort, { once: true });

  const send = (): void =>
    connection.send(envelope, message, (error, info) => {
      if (error !== null) return fail(error);
      const refused = info?.rejected ?? [];
      return resolve(refused.length === 0 ? undefined : `the server refused ${refused.join(', ')}`);
    });
  const { user, password } = channel;
  connection.connect((error) => {
    if (error) fail(error);
    else if (user === undefined || password === undefined) send();
    else connection.login({ user, pass: password }, (failed) => (failed === null ? send() : fail(failed)));
  });

  try {
    const refused = await promise;
    connection.quit();
    setTimeout(() => connection.close(), GOODBYE_MS).unref();
    return refused;
  } catch (error) {
    connection.close();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function toFailure(error: unknown): SendFailure {
  if (error instanceof SendFailure) return error;
  const status =
    error instanceof Error && 'responseCode' in error && typeof error.responseCode === 'number'
      ? error.responseCode
      : undefined;
  const retryable =
    status === undefined
      ? /^(ECONNECTION|ETIMEDOUT|ESOCKET|EDNS|ECONN\w*)$/.test(codeOf(error) ?? '')
      : // RFC 5321, 4.2.1: 4yz is for now, 5yz for good.
        status >= 400 && status < 500;
  return new SendFailure(messageOf(error), { retryable, cause: error });
}
