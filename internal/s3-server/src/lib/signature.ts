// AWS Signature Version 4 in the Authorization header, as described in "Authenticating Requests: Using the Authorization
// Header (AWS Signature Version 4)" of the Amazon S3 API reference.
import { createHash, createHmac } from 'node:crypto';
import type { IncomingMessage } from 'node:http';

import { S3Error } from './s3-error.ts';

// S3 takes requests whose time differs from its own by no more than this.
const MAX_SKEW_MS = 15 * 60_000;

export interface SignatureCheck {
  readonly credentials: Readonly<Record<string, string>>;
  readonly expiredTokens: readonly string[];
  readonly now: Date;
}

/** @throws S3Error as S3 answers: `AccessDenied`, `InvalidAccessKeyId`, `ExpiredToken`, `RequestTimeTooSkewed`, `SignatureDoesNotMatch`. */
export function checkSignature(request: IncomingMessage, check: SignatureCheck): void {
  const authorization = request.headers.authorization ?? '';
  const fields =
    /^AWS4-HMAC-SHA256 Credential=([^/]+)\/(\d{8})\/([^/]+)\/s3\/aws4_request, ?SignedHeaders=([^,]+), ?Signature=([0-9a-f]{64})$/.exec(
      authorization,
    );
  if (fields === null) throw new S3Error(403, 'AccessDenied', 'Access Denied');
  const [, accessKey = '', day = '', region = '', signedHeaders = '', signature = ''] = fields;
  const secret = Object.hasOwn(check.credentials, accessKey) ? check.credentials[accessKey] : undefined;
  if (secret === undefined) {
    throw new S3Error(
      403,
      'InvalidAccessKeyId',
      'The AWS Access Key Id you provided does not exist in our records.',
      {
        AWSAccessKeyId: accessKey,
      },
    );
  }
  const token = headerOf(request, 'x-amz-security-token');
  if (check.expiredTokens.includes(token)) {
    throw new S3Error(400, 'ExpiredToken', 'The provided token has expired.', { 'Token-0': token });
  }
  const time = headerOf(request, 'x-amz-date');
  checkTime(time, check.now);
  const canonical = canonicalRequest(request, signedHeaders);
  const scope = `${day}/${region}/s3/aws4_request`;
  const text = ['AWS4-HMAC-SHA256', time, scope, createHash('sha256').update(canonical).digest('hex')].join(
    '\n',
  );
  const key = [day, region, 's3', 'aws4_request'].reduce<Buffer>(
    (previous, part) => createHmac('sha256', previous).update(part).digest(),
    Buffer.from(`AWS4${secret}`),
  );
  if (createHmac('sha256', key).update(text).digest('hex') === signature) return;
  throw new S3Error(
    403,
    'SignatureDoesNotMatch',
    'The request signature we calculated does not match the signature you provided. Check your key and signing method.',
    // S3 repeats all of this, the session token included: clients must not print it.
    {
      AWSAccessKeyId: accessKey,
      StringToSign: text,
      SignatureProvided: signature,
      CanonicalRequest: canonical,
    },
  );
}

function checkTime(time: string, now: Date): void {
  const [, year, month, day, hour, minute, second] =
    /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(time) ?? [];
  const sent = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  if (Math.abs(sent - now.getTime()) <= MAX_SKEW_MS) return;
  throw new S3Error(
    403,
    'RequestTimeTooSkewed',
    'The difference between the request time and the current time is too large.',
    {
      RequestTime: time,
      ServerTime: now.toISOString(),
      MaxAllowedSkewMilliseconds: String(MAX_SKEW_MS),
    },
  );
}

function canonicalRequest(request: IncomingMessage, signedHeaders: string): string {
  const [path = '', search = ''] = (request.url ?? '').split('?', 2);
  const uri = path
    .split('/')
    .map((segment) => encode(decodeURIComponent(segment)))
    .join('/');
  const query = [...new URLSearchParams(search)]
    .map(([name, value]) => `${encode(name)}=${encode(value)}`)
    .sort()
    .join('&');
  const headers = signedHeaders
    .split(';')
    .map((name) => `${name}:${headerOf(request, name).trim().replace(/ +/g, ' ')}\n`)
    .join('');
  return [request.method, uri, query, headers, signedHeaders, headerOf(request, 'x-amz-content-sha256')].join(
    '\n',
  );
}

/** RFC 3986: everything but the unreserved characters. */
function encode(text: string): string {
  return encodeURIComponent(text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}

function headerOf(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(',') : value) ?? '';
}
