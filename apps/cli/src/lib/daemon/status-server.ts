import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

import { QuackupError } from '@quackup/core';

import type { ListenAddress } from './listen-address.ts';

export interface StatusPage {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** By path: `/healthz`. */
export type StatusPages = Readonly<Record<string, () => StatusPage | Promise<StatusPage>>>;

/** Nobody who asks for a page needs longer, milliseconds. */
const REQUEST_TIMEOUT_MS = 10_000;

/**
 * Answers GET and HEAD for a few pages until it is disposed of.
 *
 * @throws LISTEN_FAILED
 */
export async function serveStatus(
  { host, port }: ListenAddress,
  pages: StatusPages,
): Promise<AsyncDisposable & { readonly address: string }> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, keepAlive: false },
    (request, response) => {
      void answer(request, response, pages);
    },
  );
  server.listen(port, host);
  try {
    await once(server, 'listening');
  } catch (error) {
    throw new QuackupError(
      'LISTEN_FAILED',
      `${host}:${port} cannot be listened on: ${(error as Error).message}; nothing was begun`,
      { cause: error, hint: 'name another place with --listen HOST:PORT, or do without: --listen off' },
    );
  }
  const bound = server.address() as AddressInfo;
  const shown = bound.family === 'IPv6' ? `[${bound.address}]` : bound.address;
  return {
    address: `${shown}:${bound.port}`,
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(request: IncomingMessage, response: ServerResponse, pages: StatusPages): Promise<void> {
  const { status, contentType, body } = await pageFor(request, pages);
  const bytes = Buffer.from(body);
  response.writeHead(status, {
    'content-type': contentType,
    'content-length': bytes.length,
    'cache-control': 'no-store',
    connection: 'close',
  });
  response.end(request.method === 'HEAD' ? undefined : bytes);
}

async function pageFor({ method, url = '' }: IncomingMessage, pages: StatusPages): Promise<StatusPage> {
  const [path = ''] = url.split('?');
  const page = Object.hasOwn(pages, path) ? pages[path] : undefined;
  if (page === undefined) return plain(404, `there are ${Object.keys(pages).join(', ')}`);
  if (method !== 'GET' && method !== 'HEAD') return plain(405, 'only GET and HEAD');
  try {
    return await page();
  } catch (error) {
    return plain(500, (error as Error).message);
  }
}

function plain(status: number, text: string): StatusPage {
  return { status, contentType: 'text/plain; charset=utf-8', body: `${text}\n` };
}
