import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import type { IncomingMessage } from 'node:http';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';

import { decodeAwsChunked } from './aws-chunked.ts';
import { S3Error } from './s3-error.ts';
import type { Segment, ServerState } from './server-state.ts';

/**
 * Writes a request's body to a file and checks it against everything that the request says of it: length, SHA-256,
 * MD5, CRC-32.
 *
 * @throws S3Error `IncompleteBody`, `BadDigest` or `XAmzContentSHA256Mismatch` if it differs.
 */
export async function receiveBody(state: ServerState, request: IncomingMessage): Promise<Segment> {
  state.counter += 1;
  const path = join(state.folder, String(state.counter));
  const declared = header(request, 'x-amz-content-sha256');
  const chunked = declared === 'STREAMING-UNSIGNED-PAYLOAD-TRAILER';
  if (declared.startsWith('STREAMING-') && !chunked) {
    throw new S3Error(501, 'NotImplemented', `${declared} is not implemented`);
  }
  const { body, trailers } = chunked
    ? decodeAwsChunked(request)
    : { body: request as AsyncIterable<Buffer>, trailers: new Map<string, string>() };
  const [md5, sha256] = [createHash('md5'), createHash('sha256')];
  let [size, crc] = [0, 0];
  await pipeline(
    Readable.from(body, { objectMode: false }),
    async function* (chunks: AsyncIterable<Buffer>) {
      for await (const chunk of chunks) {
        md5.update(chunk);
        sha256.update(chunk);
        crc = crc32(chunk, crc);
        size += chunk.length;
        yield chunk;
      }
    },
    createWriteStream(path),
  );
  const digest = md5.digest();
  const sha = sha256.digest();
  const length = header(request, chunked ? 'x-amz-decoded-content-length' : 'content-length');
  if (length !== '' && Number(length) !== size) {
    throw new S3Error(
      400,
      'IncompleteBody',
      'You did not provide the number of bytes specified by the Content-Length HTTP header',
    );
  }
  if (/^[0-9a-f]{64}$/.test(declared) && sha.toString('hex') !== declared) {
    throw new S3Error(
      400,
      'XAmzContentSHA256Mismatch',
      "The provided 'x-amz-content-sha256' header does not match what was computed.",
    );
  }
  const crcBytes = Buffer.alloc(4);
  crcBytes.writeUInt32BE(crc);
  const digests: Readonly<Record<string, Buffer>> = {
    'content-md5': digest,
    'x-amz-checksum-crc32': crcBytes,
    'x-amz-checksum-sha256': sha,
  };
  for (const [name, computed] of Object.entries(digests)) {
    const expected = trailers.get(name) ?? header(request, name);
    if (expected !== '' && expected !== computed.toString('base64')) {
      throw new S3Error(400, 'BadDigest', `The ${name} you specified did not match what we received.`);
    }
  }
  return { path, size, md5: digest };
}

/** A small body as text. */
export async function receiveText(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
  return Buffer.concat(chunks).toString('utf8');
}

function header(request: IncomingMessage, name: string): string {
  const value = request.headers[name];
  return (Array.isArray(value) ? value.join(',') : value) ?? '';
}
