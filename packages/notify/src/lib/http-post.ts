import { type IncomingMessage, request as httpRequest } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { rootCertificates } from 'node:tls';

import { codeOf, messageOf, SendFailure } from './send-failure.ts';

export interface HttpPost {
  readonly url: URL;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  readonly ca?: string | undefined;
}

/** Of an answer no more is read: it is only for the message of an error. */
const MAX_ANSWER_BYTES = 1024;
/** Nor is it waited for longer: the status has been said already. */
const MAX_ANSWER_MS = 1000;

const RETRYABLE_STATUS = new Set([408, 425, 429, 500, 502, 503, 504]);

/**
 * Posts, and is content with a status 2xx.
 *
 * Redirects are not followed: a POST may become a GET on the way, and the headers would go to a host that nobody named.
 *
 * @throws SendFailure if it is not taken; the reason of `signal` if it is aborted.
 */
export async function httpPost({ url, headers, body, ca }: HttpPost, signal: AbortSignal): Promise<void> {
  const response = await respond(url, { headers, body, ca }, signal);
  const answer = await beginningOf(response);
  const status = response.statusCode ?? 0;
  if (status >= 200 && status < 300) return;
  if (status >= 300 && status < 400) {
    throw new SendFailure(
      `the server answers ${status}: it is elsewhere; configure the URL that it redirects to`,
      {
        retryable: false,
      },
    );
  }
  throw new SendFailure(`the server answers ${status}${answer === '' ? '' : `: ${answer}`}`, {
    retryable: RETRYABLE_STATUS.has(status),
    retryAfterMs: retryAfterMs(response.headers['retry-after']),
  });
}

function respond(url: URL, post: Omit<HttpPost, 'url'>, signal: AbortSignal): Promise<IncomingMessage> {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>();
  const request = url.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = request(
    url,
    {
      method: 'POST',
      // A connection of its own, which ends with the answer: nothing of it outlives the call.
      agent: false,
      headers: {
        'user-agent': 'Quackup',
        ...post.headers,
        'content-length': String(Buffer.byteLength(post.body)),
        connection: 'close',
      },
      signal,
      ...(post.ca !== undefined && { ca: [...rootCertificates, post.ca] }),
    },
    resolve,
  );
  // Stays after the answer: what the connection does then changes nothing, and must not end the process.
  outgoing.on('error', (error) => {
    reject(
      signal.aborted
        ? signal.reason
        : new SendFailure(messageOf(error), { retryable: isPassing(codeOf(error)), cause: error }),
    );
  });
  outgoing.end(post.body);
  return promise;
}

/** Certificates do not become valid within a second; connections do come up. */
function isPassing(code: string | undefined): boolean {
  return code === undefined || /^(ECONN|EPIPE|ETIMEDOUT|EAI_AGAIN|ENOTFOUND|ENET|EHOST|HPE_)/.test(code);
}

/** The first bytes of the body, or what came of them in time. */
async function beginningOf(response: IncomingMessage): Promise<string> {
  const timer = setTimeout(() => response.destroy(), MAX_ANSWER_MS);
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    for await (const chunk of response as AsyncIterable<Uint8Array>) {
      chunks.push(chunk);
      length += chunk.length;
      if (length >= MAX_ANSWER_BYTES) break;
    }
  } catch {
    // Cut off: what came has to do. The status is known.
  } finally {
    clearTimeout(timer);
    response.destroy();
  }
  return Buffer.concat(chunks).toString('utf8', 0, MAX_ANSWER_BYTES);
}

/** Seconds only; dates depend on two clocks. */
function retryAfterMs(header: string | undefined): number | undefined {
  return header !== undefined && /^\d{1,6}$/.test(header) ? Number(header) * 1000 : undefined;
}
