import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import {
  type ChannelResult,
  type NotifyState,
  NO_NOTIFY_STATE,
  parseNotifyState,
  planNotifications,
  type PlanOptions,
  type Problem,
  type RunOutcome,
  wasDelivered,
} from '../src/index.ts';

const DAY = 86_400_000;
const A: Problem = { code: 'TARGET_FAILED', subject: 'nas', message: 'down' };
const B: Problem = { code: 'DATABASE_NOT_FOUND', subject: 'x.duckdb', message: 'gone' };

function day(number: number, ms = 0): Date {
  return new Date(Date.UTC(2026, 0, 1, 2) + number * DAY + ms);
}

/** Runs on one day after the other; what was sent, and over, each time. */
function runs(
  outcomes: readonly (Omit<RunOutcome, 'at'> & { readonly at?: Date; readonly undelivered?: boolean })[],
  options?: PlanOptions,
): { sent: string[]; state: NotifyState } {
  let state = NO_NOTIFY_STATE;
  const sent = outcomes.map((outcome, index) => {
    const plan = planNotifications(state, { at: day(index), ...outcome }, options);
    // As it is between two runs: a file.
    state = parseNotifyState(
      JSON.stringify(outcome.undelivered === true ? plan.stateIfUndelivered : plan.state),
    );
    return [...plan.send, ...plan.over.map(({ subject }) => `over:${subject}`)].join(' ');
  });
  return { sent, state };
}

const GOOD = { kind: 'success', problems: [] } as const;
const failed = (...problems: Problem[]): Omit<RunOutcome, 'at'> => ({
  kind: 'failure',
  problems,
  complete: true,
});

const tried = (subject: string): Omit<RunOutcome, 'at'> => ({
  kind: 'failure',
  problems: [],
  complete: (before) => before.subject === subject,
});

const failedAt = (at: Date): RunOutcome => ({ kind: 'failure', problems: [A], complete: true, at });

describe('planNotifications', () => {
  test('tells of a failure once until it is over, and then of that once', () => {
    const { sent, state } = runs([
      GOOD,
      failed(A),
      failed({ ...A, message: 'down for 2 days' }),
      failed(A),
      GOOD,
      GOOD,
    ]);
    expect(sent).toEqual(['success', 'failure', '', '', 'recovery success over:nas', 'success']);
    expect(state).toEqual(NO_NOTIFY_STATE);
  });

  test('tells of another failure meanwhile, and of each that is over', () => {
    const { sent } = runs([failed(A), failed(A, B), failed(B), GOOD]);
    expect(sent).toEqual(['failure', 'failure', 'recovery over:nas', 'recovery success over:x.duckdb']);
  });

  test('tells of a failure that comes back', () => {
    expect(runs([failed(A), GOOD, failed(A)]).sent).toEqual([
      'failure',
      'recovery success over:nas',
      'failure',
    ]);
  });

  test('does not take for over what a run that ended early did not try', () => {
    const early = { kind: 'failure', problems: [B], complete: false } as const;
    const { sent } = runs([failed(A), early, failed(A), GOOD]);
    expect(sent).toEqual(['failure', 'failure', 'recovery over:x.duckdb', 'recovery success over:nas']);
  });

  test('takes a failed run for incomplete unless it says otherwise', () => {
    expect(runs([failed(A), { kind: 'failure', problems: [B] }]).sent).toEqual(['failure', 'failure']);
  });

  test('tells again when a warning becomes a failure, and not the other way', () => {
    const warning = { kind: 'warning', problems: [A] } as const;
    expect(runs([warning, warning, failed(A), warning]).sent).toEqual(['warning', '', 'failure', '']);
  });

  test('tells again after the time that is asked for, although runs are not a day apart to the second', () => {
    const outcomes = [0, 1, 2, 3, 4, 5, 6, 7].map((number) =>
      failedAt(day(number, number % 2 === 0 ? 9000 : 0)),
    );
    expect(runs(outcomes, { repeatEveryMs: 2 * DAY }).sent).toEqual([
      'failure',
      '',
      'failure',
      '',
      'failure',
      '',
      'failure',
      '',
    ]);
    expect(runs(outcomes, { repeatEveryMs: DAY }).sent).toEqual(Array.from({ length: 8 }, () => 'failure'));
  });

  test('is not silenced for longer by a clock that is set back', () => {
    const outcomes = [365, 0, 1, 2].map((number) => failedAt(day(number)));
    expect(runs(outcomes, { repeatEveryMs: 2 * DAY }).sent).toEqual(['failure', '', '', 'failure']);
  });

  test('tells again what reached nobody, a recovery too', () => {
    const { sent } = runs([
      { ...failed(A), undelivered: true },
      failed(A),
      failed(A),
      { ...GOOD, undelivered: true },
      GOOD,
      GOOD,
    ]);
    expect(sent).toEqual([
      'failure',
      'failure',
      '',
      'recovery success over:nas',
      'recovery success over:nas',
      'success',
    ]);
  });

  test('does not tell that something is over of which nobody heard', () => {
    expect(runs([{ ...failed(A), undelivered: true }, GOOD]).sent).toEqual(['failure', 'success']);
  });

  test('tells again of a warning that became a failure when nobody was reached', () => {
    const warning = { kind: 'warning', problems: [A] } as const;
    expect(runs([warning, { ...failed(A), undelivered: true }, failed(A), failed(A)]).sent).toEqual([
      'warning',
      'failure',
      'failure',
      '',
    ]);
  });

  test('takes for over only what was tried, where that is known', () => {
    expect(
      runs([failed(A, B), { ...tried('nas'), problems: [{ code: 'X', message: 'x' }] }, GOOD]).sent,
    ).toEqual(['failure', 'failure recovery over:nas', 'recovery success over:undefined over:x.duckdb']);
  });

  test('tells once what has happened, and never that it is over', () => {
    const lost = { code: 'ROWS_LOST', subject: 't', message: 'half of it', momentary: true } as const;
    const warned = { kind: 'warning', problems: [lost] } as const;
    const { sent, state } = runs([warned, GOOD, warned, { ...warned, undelivered: true }, GOOD, GOOD]);
    // The fourth reached nobody: the fifth run tells it.
    expect(sent).toEqual(['warning', 'success', 'warning', 'warning', 'warning success', 'success']);
    expect(state).toEqual(NO_NOTIFY_STATE);
    const { stateIfUndelivered } = planNotifications(NO_NOTIFY_STATE, { ...warned, at: day(0) });
    expect(planNotifications(stateIfUndelivered, { ...GOOD, at: day(1) }).problems).toMatchObject([lost]);
  });

  test('takes a failure that names no problem for one', () => {
    expect(runs([failed(), failed(), GOOD]).sent).toEqual(['failure', '', 'recovery success over:undefined']);
  });

  test('tells of every problem exactly once and of its end exactly once, whatever comes', () => {
    const subject = fc.constantFrom<string[]>('a', 'b', 'c');
    const run = fc.record({ bad: fc.uniqueArray(subject), undelivered: fc.boolean() });
    fc.assert(
      fc.property(fc.array(run, { maxLength: 40 }), (history) => {
        let state = NO_NOTIFY_STATE;
        // What somebody who gets the messages believes.
        const believed = new Set<string>();
        for (const [index, { bad, undelivered }] of history.entries()) {
          const problems = bad.map((name) => ({ code: 'X', subject: name, message: '' }));
          const outcome = { ...(bad.length > 0 ? failed(...problems) : GOOD), at: day(index) };
          const plan = planNotifications(state, outcome);
          const fresh = bad.filter((name) => !believed.has(name));
          const over = [...believed].filter((name) => !bad.includes(name));
          expect(plan.send.includes('failure')).toBe(fresh.length > 0);
          expect(new Set(plan.over.map(({ subject: name }) => name))).toEqual(new Set(over));
          expect(plan.over).toHaveLength(over.length);
          state = parseNotifyState(JSON.stringify(undelivered ? plan.stateIfUndelivered : plan.state));
          if (undelivered) continue;
          for (const name of fresh) believed.add(name);
          for (const name of over) believed.delete(name);
        }
      }),
    );
  });
});

describe('the state', () => {
  test('that is missing, cut off, newer or nonsense is an empty one', () => {
    for (const text of [
      undefined,
      '',
      '{"version":1,"op',
      '{"version":2,"open":[]}',
      '[]',
      'null',
      '{"version":1,"open":{}}',
    ])
      expect(parseNotifyState(text)).toEqual(NO_NOTIFY_STATE);
  });

  test('keeps the entries that can be used, and drops what it does not know', () => {
    const good = { code: 'X', message: 'm', severity: 'failure', since: day(0).toISOString(), toldAt: null };
    const text = JSON.stringify({ version: 1, open: [{ ...good, new: 1 }, { code: 7 }, null], more: true });
    expect(parseNotifyState(text)).toEqual({ version: 1, open: [good] });
  });

  test('stays small when messages are long', () => {
    const { state } = runs([failed({ ...A, message: 'x'.repeat(1e6), hint: 'y'.repeat(1e6) })]);
    expect(JSON.stringify(state).length).toBeLessThan(2000);
  });
});

function result(type: 'email' | 'healthcheck', ok: boolean): ChannelResult {
  return { channel: 'c', type, ok, ms: 1 };
}

test('a message counts as delivered if some people were reached, or nobody wanted it', () => {
  expect(wasDelivered([])).toBe(true);
  expect(wasDelivered([result('healthcheck', false)])).toBe(true);
  expect(wasDelivered([result('email', false), result('healthcheck', true)])).toBe(false);
  expect(wasDelivered([result('email', false), result('email', true)])).toBe(true);
});
