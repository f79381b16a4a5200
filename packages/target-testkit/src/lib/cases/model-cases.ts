import { bodyOf, pattern } from '../bodies.ts';
import { checkBytes, checkEqual, checkRejects } from '../check.ts';
import type { ConformanceCase, ConformanceContext } from '../conformance-case.ts';
import { generator } from '../model/random.ts';
import { listAll, readObject } from '../reading.ts';

// No name is the beginning of another followed by `/`: a folder could not hold both.
const NAMES = ['a', 'b', 'b-', 'b.c', 'd/e', 'd/f', 'd/g/h', 'd0', 'dd/e'] as const;
const OPERATIONS = 100;

/** Random operations compared with a `Map`. */
export const modelCases: readonly ConformanceCase[] = [1, 2, 3].map((seed) => ({
  id: `model.seed-${seed}`,
  sentence: 'StorageTarget: after any sequence of operations it holds what a map would hold',
  safe: true,
  slow: 4,
  run: (context) => compareWithMap(context, seed),
}));

async function compareWithMap({ target, key, prefix }: ConformanceContext, seed: number): Promise<void> {
  const model = new Map<string, Uint8Array>();
  const random = generator(seed);
  const pick = (count: number): number => Math.floor(random() * count);
  for (let step = 0; step < OPERATIONS; step += 1) {
    const name = NAMES[pick(NAMES.length)] ?? 'a';
    const what = `step ${step} of seed ${seed}, ${name}`;
    const there = model.get(name);
    switch (pick(6)) {
      case 0:
      case 1: {
        const bytes = pattern(pick(3000), step);
        await target.put(key(name), bodyOf(bytes, 1 + pick(1000)));
        model.set(name, bytes);
        break;
      }
      case 2: {
        if (!target.capabilities.putIfAbsent) break;
        const bytes = pattern(pick(3000), step);
        const put = target.put(key(name), bodyOf(bytes), {
          condition: { type: 'if-absent' },
          size: bytes.length,
        });
        if (there !== undefined) await checkRejects(put, 'PRECONDITION_FAILED', `${what}: put if absent`);
        else model.set(name, (await put, bytes));
        break;
      }
      case 3:
        await target.delete(key(name));
        model.delete(name);
        break;
      case 4: {
        const start = pick(1500);
        const range = { start, end: start + pick(1000) };
        if (there === undefined)
          await checkRejects(target.get(key(name), { range }), 'NOT_FOUND', `${what}: get`);
        else
          checkBytes(
            await readObject(target, key(name), range),
            there.subarray(start, range.end),
            `${what}: get`,
          );
        break;
      }
      default:
        checkEqual((await target.stat(key(name)))?.size, there?.length, `${what}: size of stat`);
    }
    if (step % 10 !== 9) continue;
    const listed = (await listAll(target, { prefix })).map((info) => [
      info.key.slice(prefix.length),
      info.size,
    ]);
    const expected = [...model].map(([each, bytes]) => [each, bytes.length] as const);
    checkEqual(
      listed,
      expected.toSorted(([left], [right]) => (left < right ? -1 : 1)),
      `${what}: list`,
    );
  }
  for (const [name, bytes] of model)
    checkBytes(await readObject(target, key(name)), bytes, `${name} at the end`);
}
