import type { AddressInfo } from 'node:net';

import { SMTPServer, type SMTPServerOptions } from 'smtp-server';

import { CERTIFICATE, PRIVATE_KEY } from './certificate.ts';

export interface ReceivedMail {
  readonly from: string;
  readonly to: readonly string[];
  /** The connection was encrypted when it came. */
  readonly secure: boolean;
  readonly user: string | undefined;
  /** As it came, headers and all. */
  readonly raw: string;
}

export interface TestSmtpServer extends AsyncDisposable {
  readonly port: number;
  readonly mails: readonly ReceivedMail[];
}

/** An SMTP server on the loopback that keeps what it gets; users are `quack` with the password `s3cret pass`. */
export async function smtpServer(options: SMTPServerOptions = {}): Promise<TestSmtpServer> {
  const mails: ReceivedMail[] = [];
  const server = new SMTPServer({
    cert: CERTIFICATE,
    key: PRIVATE_KEY,
    authOptional: true,
    logger: false,
    closeTimeout: 1,
    disableReverseLookup: true,
    onAuth({ username, password }, _session, done) {
      if (username === 'quack' && password === 's3cret pass') done(null, { user: username });
      else done(new Error(`no user ${username} with the password ${password}`));
    },
    onData(stream, session, done) {
      const chunks: Uint8Array[] = [];
      stream.on('data', (chunk: Uint8Array) => chunks.push(chunk));
      stream.on('end', () => {
        const { mailFrom, rcptTo } = session.envelope;
        mails.push({
          from: mailFrom === false ? '' : (mailFrom?.address ?? ''),
          to: rcptTo.map(({ address }) => address),
          secure: session.secure,
          user: session.user === undefined ? undefined : String(session.user),
          raw: Buffer.concat(chunks).toString(),
        });
        done();
      });
    },
    ...options,
  });
  // A client that hangs up is part of some tests.
  server.on('error', () => {});
  const listening = Promise.withResolvers<void>();
  const net = server.listen(0, '127.0.0.1', () => listening.resolve());
  await listening.promise;
  return {
    port: (net.address() as AddressInfo).port,
    mails,
    async [Symbol.asyncDispose]() {
      const closed = Promise.withResolvers<void>();
      server.close(() => closed.resolve());
      await closed.promise;
    },
  };
}
