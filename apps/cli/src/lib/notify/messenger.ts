import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import type { ChannelResult, EventKind, NotificationEvent, Problem } from '@quackup/notify';
import { notify, parseNotifyState, planNotifications, type RunOutcome, wasDelivered } from '@quackup/notify';

import { writeAtomically } from '../state/write-atomically.ts';
import type { OpenedChannels } from './open-channels.ts';

/** A monitor that does not answer when a run begins delays its end by this much at most, milliseconds. */
const START_TIMEOUT_MS = 5_000;

/** One channel that did not take what it should have. */
export interface NotifierResult {
  readonly channel: string;
  readonly type: ChannelResult['type'];
  readonly ok: boolean;
  /** One line, without secrets. */
  readonly error?: string;
  readonly warning?: string;
}

export interface TellOptions {
  /** Absent if there is none: then everything is news. */
  readonly stateFolder: string | undefined;
  readonly complete: (before: Problem) => boolean;
  readonly now: Date;
  readonly timeoutMs?: number;
}

/** Told once that a run begins, and once how it ended. Nothing that a channel does reaches the run. */
export class Messenger {
  readonly #opened: OpenedChannels;
  #begun: Promise<readonly ChannelResult[]> = Promise.resolve([]);

  constructor(opened: OpenedChannels) {
    this.#opened = opened;
  }

  /** Does not wait. */
  begin(event: NotificationEvent): void {
    this.#begun = notify(this.#opened.channels, event, { timeoutMs: START_TIMEOUT_MS });
  }

  /**
   * Tells people what is news, and monitors how the run ended; remembers what people have heard.
   *
   * @returns one result for each message, and why what people heard could not be remembered.
   */
  async end(
    event: NotificationEvent,
    { stateFolder, complete, now, timeoutMs = 15_000 }: TellOptions,
  ): Promise<{ readonly results: readonly NotifierResult[]; readonly problem?: string }> {
    const file = stateFolder === undefined ? undefined : join(stateFolder, 'notify.json');
    const before = parseNotifyState(file === undefined ? undefined : await textOf(file));
    const outcome: RunOutcome = { kind: outcomeOf(event.kind), at: now, problems: event.problems, complete };
    const plan = planNotifications(before, outcome);
    const begun = await this.#begun;
    const sent = await notify(
      this.#opened.channels,
      { ...event, problems: plan.problems, news: plan.send, over: plan.over },
      { timeoutMs },
    );
    const missed = this.#missed(plan.send);
    const state = wasDelivered([...sent, ...missed]) ? plan.state : plan.stateIfUndelivered;
    const results = [...begun, ...sent, ...missed].map(toResult);
    if (file === undefined) return { results };
    try {
      await writeAtomically(file, `${JSON.stringify(state)}\n`);
      return { results };
    } catch (error) {
      return {
        results,
        problem: `what people were told cannot be kept in ${file}: ${(error as Error).message}`,
      };
    }
  }

  /** Channels that are out of order and should have got something. */
  #missed(news: readonly EventKind[]): readonly ChannelResult[] {
    return this.#opened.unusable.filter(
      ({ type }) => type === 'healthcheck' || news.some((kind) => kind !== 'success'),
    );
  }
}

function toResult({ channel, type, ok, error, warning }: ChannelResult): NotifierResult {
  return {
    channel,
    type,
    ok,
    ...(error !== undefined && { error }),
    ...(warning !== undefined && { warning }),
  };
}

function outcomeOf(kind: EventKind): RunOutcome['kind'] {
  return kind === 'failure' || kind === 'warning' ? kind : 'success';
}

async function textOf(file: string): Promise<string | undefined> {
  try {
    return await readFile(file, 'utf8');
  } catch {
    // None yet, or none that can be read: people hear something once more.
    return undefined;
  }
}
