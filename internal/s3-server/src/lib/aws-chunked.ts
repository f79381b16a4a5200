// The body of a request with `x-amz-content-sha256: STREAMING-UNSIGNED-PAYLOAD-TRAILER`:
//
//   <length in hex>\r\n<bytes>\r\n      as often as needed
//   0\r\n
//   x-amz-checksum-crc32:<base64>\r\n   trailers
//   \r\n
import { S3Error } from './s3-error.ts';

/** The bytes in a body, and the trailers after them; complete when the generator has ended. */
export interface Decoded {
  readonly body: AsyncGenerator<Buffer, void>;
  readonly trailers: Map<string, string>;
}

/** Takes the framing of a body away. The generator throws `IncompleteBody` if it ends too soon. */
export function decodeAwsChunked(source: AsyncIterable<Buffer>): Decoded {
  const trailers = new Map<string, string>();
  return { body: decode(source, trailers), trailers };
}

async function* decode(
  source: AsyncIterable<Buffer>,
  trailers: Map<string, string>,
): AsyncGenerator<Buffer, void> {
  let rest = Buffer.alloc(0);
  const iterator = source[Symbol.asyncIterator]();
  const more = async (): Promise<void> => {
    const next = await iterator.next();
    if (next.done === true) throw new S3Error(400, 'IncompleteBody', 'The body ended in the middle.');
    rest = Buffer.concat([rest, next.value]);
  };
  const line = async (): Promise<string> => {
    for (;;) {
      const end = rest.indexOf('\r\n');
      if (end >= 0) {
        const text = rest.toString('latin1', 0, end);
        rest = rest.subarray(end + 2);
        return text;
      }
      await more();
    }
  };
  for (;;) {
    let left = Number.parseInt(await line(), 16);
    if (!(left >= 0)) throw new S3Error(400, 'InvalidChunkSizeError', 'The length of a chunk is no number.');
    if (left === 0) break;
    while (left > 0) {
      if (rest.length === 0) await more();
      const bytes = rest.subarray(0, left);
      rest = rest.subarray(bytes.length);
      left -= bytes.length;
      yield bytes;
    }
    await line();
  }
  for (let text = await line(); text !== ''; text = await line()) {
    const colon = text.indexOf(':');
    trailers.set(text.slice(0, colon).toLowerCase(), text.slice(colon + 1).trim());
  }
}
