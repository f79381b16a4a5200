import type { ObjectKey, StorageTarget } from '@quackup/target-api';

import { bodyOf, pattern, ProbeBody } from '../bodies.ts';
import { check, checkBytes, checkEqual, checkRejects, checkRejectsWith } from '../check.ts';
import { listAll, readObject } from '../reading.ts';
import type { Content, Step } from './step.ts';

/** What a sequence runs on. */
export interface Place {
  /** Two connections to it. */
  readonly targets: readonly [StorageTarget, StorageTarget];
  /** Begins every key of the sequence; ends with `/`. */
  readonly prefix: string;
  readonly key: (name: string) => ObjectKey;
}

interface Known {
  readonly bytes: Uint8Array;
  readonly etag: string | undefined;
}

/** What the place must hold. */
class Model {
  readonly objects = new Map<string, Known>();
  /** The etag of each name's version before the present one. */
  readonly staleEtags = new Map<string, string>();

  set(name: string, known: Known): void {
    this.remove(name);
    this.objects.set(name, known);
  }

  remove(name: string): void {
    const etag = this.objects.get(name)?.etag;
    if (etag !== undefined) this.staleEtags.set(name, etag);
    this.objects.delete(name);
  }
}

const bytesOf = ({ seed, size }: Content): Uint8Array => pattern(size, seed);

/** Runs a sequence in a place where nothing is. @throws ConformanceFailure if the place is not what a map would be. */
export async function runSteps(place: Place, steps: readonly Step[]): Promise<void> {
  const model = new Model();
  for (const step of steps) await runStep(place, model, step);
  const [, other] = place.targets;
  for (const [name, { bytes }] of model.objects)
    checkBytes(await readObject(other, place.key(name)), bytes, `${name} at the end`);
  await checkList(other, place.prefix, model, { prefix: '', startAfter: '' });
}

async function runStep({ targets, key, prefix }: Place, model: Model, step: Step): Promise<void> {
  const target = targets[step.connection];
  switch (step.type) {
    case 'put': {
      const size = step.declared ? { size: step.content.size } : {};
      const { etag } = await target.put(key(step.name), bodyIn(step.content), size);
      model.set(step.name, { bytes: bytesOf(step.content), etag });
      return;
    }
    case 'put if-absent': {
      const put = target.put(key(step.name), bodyIn(step.content), { condition: { type: 'if-absent' } });
      if (model.objects.has(step.name)) await checkRejects(put, 'PRECONDITION_FAILED', 'put if absent');
      else model.set(step.name, { bytes: bytesOf(step.content), etag: (await put).etag });
      return;
    }
    case 'put if-match':
      await putIfMatch(target, key(step.name), model, step);
      return;
    case 'put that fails':
      await failingPut(target, key(step.name), step.how);
      return;
    case 'get':
      await checkGet(target, key(step.name), model.objects.get(step.name)?.bytes, step);
      return;
    case 'stat': {
      const info = await target.stat(key(step.name));
      const known = model.objects.get(step.name);
      checkEqual([info?.size, info?.etag], [known?.bytes.length, known?.etag], 'size and etag of stat');
      return;
    }
    case 'list':
      await checkList(target, prefix, model, step);
      return;
    case 'delete':
      await target.delete(key(step.name));
      model.remove(step.name);
      return;
    case 'deleteMany':
      await target.deleteMany?.(step.names.map(key));
      for (const name of step.names) model.remove(name);
  }
}

const bodyIn = (content: Content): AsyncIterable<Uint8Array> => bodyOf(bytesOf(content), content.chunkSize);

async function putIfMatch(
  target: StorageTarget,
  key: ObjectKey,
  model: Model,
  { name, content, stale }: Extract<Step, { type: 'put if-match' }>,
): Promise<void> {
  const last = model.objects.get(name)?.etag;
  const etag = stale ? model.staleEtags.get(name) : (last ?? model.staleEtags.get(name));
  if (etag === undefined) return;
  const put = target.put(key, bodyIn(content), { condition: { type: 'if-match', etag } });
  if (etag !== last) await checkRejects(put, 'PRECONDITION_FAILED', 'put if match, another etag');
  else model.set(name, { bytes: bytesOf(content), etag: (await put).etag });
}

async function failingPut(
  target: StorageTarget,
  key: ObjectKey,
  how: 'body' | 'size' | 'abort',
): Promise<void> {
  const reason = { why: 'enough' };
  const controller = new AbortController();
  const fail = async (): Promise<never> => {
    if (how === 'abort') controller.abort(reason);
    throw reason;
  };
  const bytes = pattern(500, 1);
  const body = new ProbeBody(how === 'size' ? [bytes] : [bytes, fail]);
  const options = how === 'size' ? { size: 501 } : { signal: controller.signal };
  const put = target.put(key, body, options);
  if (how === 'size') await checkRejects(put, 'SIZE_MISMATCH', 'put of a short body');
  else await checkRejectsWith(put, reason, 'put that fails');
}

async function checkGet(
  target: StorageTarget,
  key: ObjectKey,
  bytes: Uint8Array | undefined,
  { start, end }: { readonly start: number; readonly end: number | undefined },
): Promise<void> {
  const range = end === undefined ? { start } : { start, end };
  if (bytes === undefined) await checkRejects(target.get(key, { range }), 'NOT_FOUND', 'get of nothing');
  else checkBytes(await readObject(target, key, range), bytes.subarray(start, end), 'range');
}

async function checkList(
  target: StorageTarget,
  place: string,
  { objects }: Model,
  { prefix, startAfter }: { readonly prefix: string; readonly startAfter: string },
): Promise<void> {
  const infos = await listAll(target, { prefix: place + prefix, startAfter: place + startAfter });
  const expected = [...objects]
    .filter(([name]) => name.startsWith(prefix) && name > startAfter)
    .toSorted(([one], [other]) => (one < other ? -1 : 1));
  checkEqual(
    infos.map(({ key, size }) => [key.slice(place.length), size]),
    expected.map(([name, { bytes }]) => [name, bytes.length]),
    'names and sizes of the list',
  );
  check(
    infos.every(({ modifiedAt }) => Number.isFinite(modifiedAt.getTime())),
    'expected dates in the list',
  );
}
