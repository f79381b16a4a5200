/**
 * Frozen copies of several databases that are all of one moment.
 *
 * A copy is the state that its database had when its WAL was as long as what was captured of it. All WALs are looked at, and
 * then all of them once more: if none has grown or was replaced, nothing was committed to any database between the first
 * round of looks and the second, and that is the moment. Each WAL is captured up to its length then; the head must be the
 * one from before. Writers that leave no such gap, a fraction of a millisecond, can be stopped for it (`pauseWriterMs`).
 */
import { QuackupError } from '../errors.ts';
import { type FileState, isSameFileState } from './database-files.ts';
import type { DatabaseReader } from './database-reader.ts';
import { type FreezeOptions, explainNoSpace } from './freeze.ts';
import { Freezer } from './freezer.ts';
import { FrozenCopy } from './frozen-copy.ts';
import type { OpenPass } from './pass.ts';
import { pause } from './pause.ts';
import type { Snapshot } from './snapshot.ts';
import { soleHolder, WriterPause } from './writer-pause.ts';

/** Looks for a gap before writers are stopped. */
const LOOKS_BEFORE_PAUSE = 100;

/** One database of several cannot be copied; without it the others may. Never leaves core. */
export class MemberFailure extends Error {
  override readonly name = 'MemberFailure';
  readonly database: string;

  constructor(database: string, cause: unknown) {
    super(`${database} cannot be copied`, { cause });
    this.database = database;
  }
}

interface Member {
  readonly name: string;
  readonly reader: DatabaseReader;
  readonly copy: FrozenCopy;
  readonly freezer: Freezer;
}

export type TogetherOptions = Omit<FreezeOptions, 'name' | 'clone'>;

/**
 * Takes over the readers, which the snapshots close.
 *
 * @returns the snapshots, in the order of the databases, all with one `takenAt`.
 * @throws DATABASE_NOT_AT_REST if no moment was found in time, or not all copies of one could be accepted.
 * @throws MemberFailure if one of them cannot be copied.
 * @throws NO_SPACE if the copies do not fit.
 */
export async function freezeTogether(
  databases: readonly { readonly name: string; readonly reader: DatabaseReader }[],
  options: TogetherOptions,
): Promise<Snapshot[]> {
  const members: Member[] = [];
  try {
    for (const { name, reader } of databases) {
      const copy = await FrozenCopy.create(options.scratch.newPath());
      members.push({ name, reader, copy, freezer: new Freezer(reader, copy, { ...options, name }) });
    }
    const passes = await acceptedPasses(members, options);
    return await Promise.all(members.map(({ freezer }, place) => freezer.toSnapshot(at(passes, place))));
  } catch (error) {
    for (const { copy } of members) await copy[Symbol.asyncDispose]();
    for (const { reader } of databases) await reader.close();
    throw explainNoSpace(error, databases.map(({ reader }) => reader.path).join(', '));
  }
}

async function acceptedPasses(members: readonly Member[], options: TogetherOptions): Promise<OpenPass[]> {
  await using writers = new Writers(members, options.pauseWriterMs);
  for (;;) {
    const passes = await openAtOneMoment(members, writers, options);
    const outcomes = await Promise.allSettled(
      members.map(({ freezer }, place) => freezer.finish(at(passes, place))),
    );
    if (outcomes.every((outcome) => outcome.status === 'fulfilled' && outcome.value === 'accepted'))
      return passes;
    for (const pass of passes) await pass[Symbol.asyncDispose]();
    for (const [place, outcome] of outcomes.entries()) {
      if (outcome.status === 'rejected') throw new MemberFailure(at(members, place).name, outcome.reason);
    }
    for (const { freezer } of members) freezer.checkTime();
  }
}

async function openAtOneMoment(
  members: readonly Member[],
  writers: Writers,
  { signal }: TogetherOptions,
): Promise<OpenPass[]> {
  for (let look = 1; ; look += 1) {
    try {
      if (look > LOOKS_BEFORE_PAUSE) await writers.stop();
      const passes = await tryMoment(members);
      if (passes !== undefined) return passes;
    } finally {
      await writers.goOn();
    }
    if (members.some(({ freezer }) => performance.now() > freezer.deadlineMs)) {
      throw new QuackupError(
        'DATABASE_NOT_AT_REST',
        `there was no moment at which nothing was committed to any of ${members.map(({ reader }) => reader.path).join(', ')}`,
        { hint: 'give it more time with --wait, or let it stop the writers with --pause-writer' },
      );
    }
    await pause(1, signal);
  }
}

/** Two looks at all WALs that see the same; then the captures of what they saw. */
async function tryMoment(members: readonly Member[]): Promise<OpenPass[] | undefined> {
  const look = (): Promise<(FileState | undefined)[]> =>
    Promise.all(members.map(({ freezer }) => freezer.walState()));
  for (const { name, freezer } of members) {
    await freezer.look().catch((error: unknown) => {
      throw new MemberFailure(name, error);
    });
  }
  const first = await look();
  const takenAt = new Date();
  const second = await look();
  if (!first.every((wal, place) => isSameFileState(wal, second[place]))) return undefined;
  await using opened = new AsyncDisposableStack();
  const passes: OpenPass[] = [];
  for (const [place, { name, freezer }] of members.entries()) {
    const pass = await freezer.openAt(first[place]).catch((error: unknown) => {
      throw new MemberFailure(name, error);
    });
    if (pass === undefined) return undefined;
    opened.use(pass);
    passes.push({ ...pass, takenAt });
  }
  opened.move();
  return passes;
}

/** The processes that write, each one once however many of the databases it has open. Found when they are needed. */
class Writers implements AsyncDisposable {
  readonly #members: readonly Member[];
  readonly #capMs: number | undefined;
  #pauses: readonly WriterPause[] | undefined;

  constructor(members: readonly Member[], capMs: number | undefined) {
    this.#members = members;
    this.#capMs = capMs;
  }

  /** Stops those that can be stopped. */
  async stop(): Promise<void> {
    this.#pauses ??= await this.#find();
    for (const each of this.#pauses) await each.stop();
  }

  /** Lets them all go on. */
  async goOn(): Promise<void> {
    for (const each of this.#pauses ?? []) await each.goOn();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const each of this.#pauses ?? []) await each[Symbol.asyncDispose]();
  }

  async #find(): Promise<WriterPause[]> {
    if (this.#capMs === undefined) return [];
    const pids = new Set<number>();
    for (const { reader } of this.#members) {
      const pid = await soleHolder(reader.path);
      if (pid !== undefined) pids.add(pid);
    }
    const pauses: WriterPause[] = [];
    for (const pid of pids) {
      const prepared = await WriterPause.prepare(pid, this.#capMs);
      if (prepared !== undefined) pauses.push(prepared);
    }
    return pauses;
  }
}

function at<Value>(values: readonly Value[], place: number): Value {
  const value = values[place];
  if (value === undefined) throw new Error(`there is no ${place}`);
  return value;
}
