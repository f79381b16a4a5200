import { once } from 'node:events';
import {
  createServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a request is for. */
export type AzureOperation =
  | 'PutBlob'
  | 'PutBlock'
  | 'PutBlockList'
  | 'GetBlob'
  | 'HeadBlob'
  | 'DeleteBlob'
  | 'ListBlobs'
  | 'other';

/**
 * How a request is disturbed.
 *
 * | kind | what happens | what the client sees |
 * |---|---|---|
 * | `error` | nothing | `status` and `code` (default: 500 `InternalError`), as Azure says it |
 * | `error-after` | everything: late success | `status` and `code` |
 * | `error-page` | nothing | a proxy's page in HTML with `status` (default: 502) |
 * | `reset` | nothing | the connection is reset |
 * | `reset-after` | everything: late success | the connection is reset |
 * | `stall` | nothing | nothing, until the client gives up |
 * | `damage` | one byte of the request's body is another | what the service says |
 * | `cut` | everything | half of the answer's body, then a reset |
 * | `stall-body` | everything | half of the answer's body, then nothing |
 * | `ignore-range` | everything | the whole blob with status 200, as some proxies do |
 */
export interface AzureFault {
  readonly kind:
    | 'error'
    | 'error-after'
    | 'error-page'
    | 'reset'
    | 'reset-after'
    | 'stall'
    | 'damage'
    | 'cut'
    | 'stall-body'
    | 'ignore-range';
  /** Default: any. */
  readonly operation?: AzureOperation;
  /** How many fitting requests pass before. Default: 0. */
  readonly after?: number;
  /** How many fitting requests are disturbed. Default: 1. */
  readonly times?: number;
  readonly status?: number;
  readonly code?: string;
  readonly message?: string;
  /** Added to the answer. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Called when a request is disturbed: for tests that wait for the moment. */
  readonly onHit?: () => void;
}

interface RequestRecord {
  readonly operation: AzureOperation;
  readonly url: string;
  readonly headers: IncomingHttpHeaders;
}

/** A proxy before a blob service that disturbs what passes. */
export interface FaultProxy extends AsyncDisposable {
  /** Takes the place of the service's own. */
  readonly endpoint: string;
  readonly requests: RequestRecord[];
  /** Where several fit a request, the first added counts. */
  addFault(fault: AzureFault): void;
}

/** Starts a proxy before the service at `endpoint`. Each request is read whole before it is passed on. */
export async function startFaultProxy(endpoint: string): Promise<FaultProxy> {
  const service = new URL(endpoint);
  const requests: RequestRecord[] = [];
  const plan: { readonly fault: AzureFault; seen: number }[] = [];
  const take = (operation: AzureOperation): AzureFault | undefined => {
    let found: AzureFault | undefined;
    for (const entry of plan) {
      const { operation: only, after = 0, times = 1 } = entry.fault;
      if (only !== undefined && only !== operation) continue;
      entry.seen += 1;
      if (entry.seen > after && entry.seen <= after + times) found ??= entry.fault;
    }
    found?.onHit?.();
    return found;
  };
  const server = createServer((incoming, outgoing) => {
    // A connection that is reset on either side is part of the game.
    incoming.on('error', () => {});
    outgoing.on('error', () => {});
    const operation = operationOf(incoming);
    requests.push({ operation, url: incoming.url ?? '', headers: incoming.headers });
    pass(service, incoming, outgoing, take(operation)).catch(() => outgoing.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    endpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}${service.pathname}`,
    requests,
    addFault: (fault) => void plan.push({ fault, seen: 0 }),
    [Symbol.asyncDispose]: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

function operationOf({ method, url = '' }: IncomingMessage): AzureOperation {
  const comp = new URL(url, 'http://proxy').searchParams.get('comp');
  if (method === 'PUT')
    return comp === 'block' ? 'PutBlock' : comp === 'blocklist' ? 'PutBlockList' : 'PutBlob';
  if (method === 'GET') return comp === 'list' ? 'ListBlobs' : 'GetBlob';
  if (method === 'HEAD') return 'HeadBlob';
  return method === 'DELETE' ? 'DeleteBlob' : 'other';
}

async function pass(
  service: URL,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
  fault: AzureFault | undefined,
): Promise<void> {
  const chunks: Buffer[] = [];
  for await (const chunk of incoming as AsyncIterable<Buffer>) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  if (fault?.kind === 'stall') return;
  if (fault?.kind === 'reset') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'error' || fault?.kind === 'error-page') {
    answerError(incoming, outgoing, fault);
    return;
  }
  if (fault?.kind === 'damage') body.writeUInt8(body.readUInt8(0) ^ 1, 0);
  const headers = { ...incoming.headers };
  if (fault?.kind === 'ignore-range') {
    // It is signed, so it is asked for as it was, and then all is given.
    const [, first] = /bytes=(\d+)-/.exec(String(headers['x-ms-range'])) ?? [];
    outgoing.writeHead(200, { 'content-length': Number(first) + 10, etag: '"0x1"' });
    outgoing.end(Buffer.alloc(Number(first) + 10));
    return;
  }
  const forwarded = request({
    host: service.hostname,
    port: service.port,
    method: incoming.method,
    path: incoming.url,
    headers,
  });
  forwarded.end(body);
  const [answer] = (await once(forwarded, 'response')) as [IncomingMessage];
  const answered: Buffer[] = [];
  for await (const chunk of answer as AsyncIterable<Buffer>) answered.push(chunk);
  if (fault?.kind === 'reset-after') {
    incoming.socket.resetAndDestroy();
    return;
  }
  if (fault?.kind === 'error-after') {
    answerError(incoming, outgoing, fault);
    return;
  }
  const whole = Buffer.concat(answered);
  outgoing.writeHead(answer.statusCode ?? 500, answer.headers);
  if (fault?.kind === 'cut' || fault?.kind === 'stall-body') {
    outgoing.write(whole.subarray(0, whole.length / 2), () => {
      if (fault.kind === 'cut') outgoing.socket?.resetAndDestroy();
    });
    return;
  }
  outgoing.end(whole);
}

function answerError(incoming: IncomingMessage, outgoing: ServerResponse, fault: AzureFault): void {
  const { kind, code = 'InternalError', message = `What Azure says to ${code}.`, headers } = fault;
  if (kind === 'error-page') {
    outgoing.writeHead(fault.status ?? 502, { 'content-type': 'text/html', ...headers });
    outgoing.end('<html><body><h1>Bad Gateway</h1></body></html>');
    return;
  }
  const text = `<?xml version="1.0" encoding="utf-8"?><Error><Code>${code}</Code><Message>${message}\nRequestId:1-2-3\nTime:2026-11-24T00:00:00Z</Message></Error>`;
  outgoing.writeHead(fault.status ?? 500, {
    'content-type': 'application/xml',
    'x-ms-error-code': code,
    'x-ms-request-id': '1-2-3',
    ...headers,
  });
  outgoing.end(incoming.method === 'HEAD' ? undefined : text);
}
