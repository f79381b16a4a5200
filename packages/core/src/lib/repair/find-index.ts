import type { IndexHead } from '../archive/index-file.ts';
import { parseIndexHead } from '../archive/index-file.ts';
import { CHUNKS_PER_PAGE } from '../archive/chunk-table.ts';
import type { Compression } from '../api.ts';
import type { FrameStream } from './frame-stream.ts';

/** Where an index lies in an archive, and what its head says. */
export interface FoundIndex {
  readonly offset: number;
  /** Stored bytes of the head and the pages. */
  readonly length: number;
  readonly headLength: number;
  readonly headBytes: number;
  readonly head: IndexHead;
}

const PREFIX_BYTES = 12;

/**
 * Reads the head of the index at which the stream stands.
 *
 * @throws Error if it is not the head of an index.
 */
export async function findIndex(
  stream: FrameStream,
  algorithm: Compression['algorithm'],
): Promise<FoundIndex> {
  const { offset } = stream;
  const bytes = algorithm === 'none' ? await takePlainHead(stream) : (await stream.frame(0)).bytes;
  const { head, pageLengths } = parseIndexHead(bytes);
  const headLength = stream.offset - offset;
  const length = pageLengths.reduce((sum, page) => sum + page, headLength);
  return { offset, length, headLength, headBytes: bytes.length, head };
}

/** The head of an index that is not compressed, and so not a frame of its own: it says itself how long it is. */
async function takePlainHead(stream: FrameStream): Promise<Buffer> {
  const prefix = await stream.take(PREFIX_BYTES);
  const json = await stream.take(prefix.readUInt32LE(PREFIX_BYTES - 4));
  const { files } = JSON.parse(json.toString()) as { files: { chunks: number }[] };
  const pages = files.reduce((sum, { chunks }) => sum + Math.ceil(chunks / CHUNKS_PER_PAGE), 0);
  return Buffer.concat([prefix, json, await stream.take(pages * 4)]);
}
