import type { EventKind, Problem } from './event.ts';
import type { ChannelResult } from './notify.ts';
import type { NotifyState, OpenProblem } from './notify-state.ts';

/** How a run went. */
export interface RunOutcome {
  readonly kind: 'success' | 'warning' | 'failure';
  readonly at: Date;
  readonly problems: readonly Problem[];
  /**
   * Whether everything was tried, so that what is not among the problems is over; or, for each problem of before, whether that
   * was tried. A run that ended early knows nothing of the rest. Default: true unless it failed.
   */
  readonly complete?: boolean | ((before: Problem) => boolean);
}

export interface PlanOptions {
  /** Tell again of what is still wrong after so long, milliseconds. Default: never. */
  readonly repeatEveryMs?: number;
}

export interface NotificationPlan {
  /** What people should hear: `news` of the event. Empty: nothing. */
  readonly send: readonly EventKind[];
  /** All that the event should say: the problems of the run, and what happened before and reached nobody. */
  readonly problems: readonly Problem[];
  /** What is over, for the event. */
  readonly over: readonly Problem[];
  /** To be kept if it was delivered, or nothing was to be sent. */
  readonly state: NotifyState;
  /** To be kept if nobody was reached: the next run tries again. */
  readonly stateIfUndelivered: NotifyState;
}

/** Daily runs are not a day apart to the second. */
const REPEAT_TOLERANCE = 0.05;

/** Messages of vendors can be long, and the state is read on every run. */
const MAX_TEXT = 500;

/**
 * What to tell, so that every problem is told once until it is over, and then that it is over.
 *
 * Two problems are the same if code and subject are. One that was a warning and becomes a failure is told again. That a
 * problem is over is told only if the problem was.
 */
export function planNotifications(
  state: NotifyState,
  outcome: RunOutcome,
  { repeatEveryMs = Infinity }: PlanOptions = {},
): NotificationPlan {
  const at = outcome.at.toISOString();
  const before = new Map(state.open.map((problem) => [keyOf(problem), problem]));
  const late = state.open.filter(({ momentary }) => momentary === true);
  const now = currentProblems(outcome, late);
  const complete = outcome.complete ?? outcome.kind !== 'failure';
  const wasTried = typeof complete === 'boolean' ? () => complete : complete;

  const kept: { readonly told: OpenProblem; readonly untold: OpenProblem; readonly isNews: boolean }[] = [];
  for (const [key, problem] of now) {
    const old = before.get(key);
    const entry = toOpen(problem, outcome, old?.since ?? at);
    // A clock that was set back would otherwise silence the repetition for as long.
    const toldAt = old?.toldAt != null && old.toldAt > at ? at : (old?.toldAt ?? null);
    const isNews =
      toldAt === null ||
      (old?.severity === 'warning' && entry.severity === 'failure') ||
      outcome.at.getTime() - Date.parse(toldAt) >= repeatEveryMs * (1 - REPEAT_TOLERANCE);
    const severityTold = isNews && toldAt !== null && old !== undefined ? old.severity : entry.severity;
    kept.push({
      told: { ...entry, toldAt: isNews ? at : toldAt },
      untold: { ...entry, severity: severityTold, toldAt },
      isNews,
    });
  }

  const gone = [...before].filter(([key]) => !now.has(key)).map(([, problem]) => problem);
  const over = gone.filter((problem) => problem.toldAt !== null && wasTried(problem));
  const unknown = gone.filter((problem) => !wasTried(problem));
  const news = new Set(kept.filter(({ isNews }) => isNews).map(({ told }) => told.severity));
  const send: EventKind[] = [
    ...(news.has('failure') ? (['failure'] as const) : []),
    ...(news.has('warning') ? (['warning'] as const) : []),
    ...(over.length > 0 ? (['recovery'] as const) : []),
    ...(outcome.kind === 'success' ? (['success'] as const) : []),
  ];
  return {
    send,
    problems: [...now.values()],
    over: over.map(toProblem),
    state: {
      version: 1,
      open: [...kept.map(({ told }) => told).filter(({ momentary }) => momentary !== true), ...unknown],
    },
    stateIfUndelivered: { version: 1, open: [...kept.map(({ untold }) => untold), ...unknown, ...over] },
  };
}

/** Whether some people's channel took it, or none wanted it: which of the plan's states is to be kept. */
export function wasDelivered(results: readonly ChannelResult[]): boolean {
  const toPeople = results.filter(({ type }) => type !== 'healthcheck');
  return toPeople.length === 0 || toPeople.some(({ ok }) => ok);
}

/** By key. A run that is not good has at least one. */
function currentProblems({ kind, problems }: RunOutcome, late: readonly OpenProblem[]): Map<string, Problem> {
  const current =
    kind !== 'success' && problems.length === 0
      ? [{ code: 'UNKNOWN', message: 'the run did not say what is wrong' }]
      : problems;
  const byKey = new Map<string, Problem>();
  for (const problem of [...current, ...late.map(toProblem)]) {
    const key = keyOf(problem);
    if (!byKey.has(key) || problem.severity === 'failure') byKey.set(key, problem);
  }
  return byKey;
}

function toProblem({ code, subject, message, hint, severity, momentary }: OpenProblem): Problem {
  return { code, subject, message, hint, severity, ...(momentary === true && { momentary }) };
}

function keyOf({ code, subject }: Pick<Problem, 'code' | 'subject'>): string {
  return JSON.stringify([code, subject ?? null]);
}

function toOpen(problem: Problem, { kind }: RunOutcome, since: string): Omit<OpenProblem, 'toldAt'> {
  const { code, subject, message, hint } = problem;
  return {
    code,
    ...(subject !== undefined && { subject }),
    message: message.slice(0, MAX_TEXT).toWellFormed(),
    ...(hint !== undefined && { hint: hint.slice(0, MAX_TEXT).toWellFormed() }),
    severity: problem.severity ?? (kind === 'failure' ? 'failure' : 'warning'),
    ...(problem.momentary === true && { momentary: true }),
    since,
  };
}
