// Blocks that are sent and not yet committed belong to the blob's name, not to one upload: whoever commits that name first
// discards all others. So a block's id begins with an id of its put, and no two puts can mix:
//
//   base64( 16 random bytes of the put | number of the block, 4 bytes, big-endian )       28 characters, always
//
// All ids of one name must have one length, also those that an earlier put left there: Azure refuses the block otherwise.
import { createHash, randomBytes } from 'node:crypto';

import {
  type BodyPart,
  commitSignal,
  type ObjectInfo,
  type ObjectKey,
  type PutCondition,
  TargetError,
} from '@quackup/target-api';

import { azureCodeOf } from './azure-failure.ts';
import { blocksInFlight } from './block-plan.ts';
import {
  alreadyThere,
  conditionsOf,
  headIfPresent,
  newPutId,
  PUT_ID,
  type PutContext,
  withCondition,
} from './put-context.ts';
import { infoOf } from './read-object.ts';
import { repeatRequest } from './repeat-request.ts';

// Azure may take minutes to join thousands of blocks before it answers.
const COMMIT_MS = 5 * 60_000;

/** A put that goes on in blocks. */
export interface BlockPut {
  readonly key: ObjectKey;
  readonly condition: PutCondition | undefined;
  /** Aborted by the caller, or by `fail`. */
  readonly signal: AbortSignal;
  /** Ends the reading of the body and the sending of all blocks. */
  readonly fail: (error: unknown) => void;
}

/**
 * Stores a blob in blocks (Put Block), of which nothing is visible before they are committed (Put Block List). If anything
 * fails the blocks stay invisible; Azure removes them after a week, and has no request that does it sooner.
 */
export async function putBlocks(
  context: PutContext,
  put: BlockPut,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<ObjectInfo> {
  const { connection } = context;
  const { key, condition, signal } = put;
  // Spares sending everything if the answer is known already; what counts is asked at the end.
  if (condition?.type === 'if-absent' && (await headIfPresent(connection, key, signal)) !== undefined)
    throw alreadyThere(key);
  const idOf = blockIds();
  const { count, size } = await sendBlocks(context, put, idOf, first, rest);
  const ids = Array.from({ length: count }, (_, index) => idOf(index + 1));
  return commit(context, put, ids, size);
}

/** The ids of one put's blocks by their numbers. */
function blockIds(): (number: number) => string {
  const put = randomBytes(16);
  return (number) => {
    const id = Buffer.alloc(20);
    put.copy(id);
    id.writeUInt32BE(number, 16);
    return id.toString('base64');
  };
}

/** Sends the blocks, several at a time; reads on only while few enough are on their way. */
async function sendBlocks(
  context: PutContext,
  put: BlockPut,
  idOf: (number: number) => string,
  first: BodyPart,
  rest: AsyncIterable<BodyPart>,
): Promise<{ readonly count: number; readonly size: number }> {
  const { signal } = put;
  const { parallelBlocks = 4 } = context.options;
  const underWay = new Set<Promise<void>>();
  let [count, size] = [0, 0];
  const begin = async (block: BodyPart): Promise<void> => {
    while (underWay.size >= blocksInFlight(block.bytes.length, parallelBlocks)) await Promise.race(underWay);
    signal.throwIfAborted();
    count = block.number;
    size += block.bytes.length;
    const sending = sendBlock(context, put, idOf(block.number), block)
      .catch(put.fail)
      .finally(() => underWay.delete(sending));
    underWay.add(sending);
  };
  try {
    await begin(first);
    for await (const block of rest) await begin(block);
  } catch (error) {
    put.fail(error);
    throw error;
  } finally {
    await Promise.all(underWay);
  }
  signal.throwIfAborted();
  return { count, size };
}

/** Sends one block. It may be sent again: the later one takes the place of the earlier. */
async function sendBlock(
  { connection, retryMs }: PutContext,
  { key, signal }: BlockPut,
  id: string,
  { number, bytes, release }: BodyPart,
): Promise<void> {
  const request = { what: `put of "${key}": block ${number}`, signal, bodySize: bytes.length };
  const transactionalContentMD5 = createHash('md5').update(bytes).digest();
  let repeated = false;
  const send = (again: boolean): Promise<unknown> => {
    repeated = again;
    return connection.call(request, (container, abortSignal) =>
      container
        .getBlockBlobClient(connection.nameOf(key))
        .stageBlock(id, bytes, bytes.length, { abortSignal, transactionalContentMD5 }),
    );
  };
  await repeatRequest(send, { retryMs, signal });
  // The service has read all of it. Of a try that failed, nobody knows what is still being sent.
  if (!repeated) release();
}

/** Makes the blob visible. */
async function commit(
  { connection, options, retryMs }: PutContext,
  { key, condition, signal }: BlockPut,
  ids: readonly string[],
  size: number,
): Promise<ObjectInfo> {
  const putId = newPutId();
  const { accessTier } = options;
  const what = { what: `put of "${key}": join ${ids.length} blocks`, patienceMs: COMMIT_MS };
  const send = async (): Promise<ObjectInfo> => {
    const request = { ...what, signal: commitSignal(signal) };
    try {
      const { etag, lastModified } = await connection.call(request, (container, abortSignal) =>
        container.getBlockBlobClient(connection.nameOf(key)).commitBlockList([...ids], {
          abortSignal,
          conditions: conditionsOf(condition),
          metadata: { [PUT_ID]: putId },
          ...(accessTier === undefined ? {} : { tier: accessTier }),
        }),
      );
      return infoOf(key, size, etag, lastModified);
    } catch (error) {
      if (azureCodeOf(error) !== 'InvalidBlockList') throw withCondition(error, key, condition);
      const there = condition === undefined ? undefined : await headIfPresent(connection, key, signal);
      throw there === undefined ? blocksGone(key, error) : conditionLost(key, condition, error);
    }
  };
  let found: ObjectInfo | undefined;
  const wasDone = async (): Promise<boolean> => {
    const there = await headIfPresent(connection, key, signal);
    found = there?.info;
    return there?.putId === putId;
  };
  return (await repeatRequest(send, { retryMs, signal, wasDone })) ?? found ?? infoOf(key, size);
}

/** Somebody else wrote the blob, so that neither condition can hold any more. */
function conditionLost(key: ObjectKey, condition: PutCondition | undefined, cause: unknown): TargetError {
  if (condition?.type === 'if-absent') return alreadyThere(key, cause);
  return new TargetError('PRECONDITION_FAILED', `put of "${key}": it was replaced meanwhile`, { cause });
}

function blocksGone(key: ObjectKey, cause: unknown): TargetError {
  const text = `put of "${key}": Azure discarded its blocks, as it does when the same blob is written by somebody else`;
  return new TargetError('UNAVAILABLE', text, {
    cause,
    retryable: false,
    hint: 'run the command again, and let only one process write to this container and prefix at a time',
  });
}
