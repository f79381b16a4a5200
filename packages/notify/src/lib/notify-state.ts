import * as z from 'zod';

/** A problem that people were told of, or should have been. */
export interface OpenProblem {
  readonly code: string;
  readonly subject?: string | undefined;
  readonly message: string;
  readonly hint?: string | undefined;
  readonly severity: 'warning' | 'failure';
  /** It stays only until somebody was told. */
  readonly momentary?: boolean | undefined;
  /** ISO 8601, UTC: when it was first seen. */
  readonly since: string;
  /** ISO 8601, UTC: when people were last told. `null`: nobody was reached yet. */
  readonly toldAt: string | null;
}

/** What must be remembered between runs. Small JSON; write it to a file as it is. */
export interface NotifyState {
  readonly version: 1;
  readonly open: readonly OpenProblem[];
}

export const NO_NOTIFY_STATE: NotifyState = { version: 1, open: [] };

const time = z.iso.datetime();

const openProblem: z.ZodType<OpenProblem> = z.object({
  code: z.string(),
  subject: z.string().optional(),
  message: z.string(),
  hint: z.string().optional(),
  severity: z.enum(['warning', 'failure']),
  momentary: z.boolean().optional(),
  since: time,
  toldAt: time.nullable(),
});

const state = z.object({ version: z.literal(1), open: z.array(z.unknown()) });

/**
 * Reads a state. A missing, damaged or newer one is an empty one: the worst that follows is one message too many. Entries that
 * cannot be used are left out, the others stay.
 */
export function parseNotifyState(text: string | undefined): NotifyState {
  const parsed = state.safeParse(text === undefined ? undefined : parseJson(text));
  if (!parsed.success) return NO_NOTIFY_STATE;
  const open = parsed.data.open.flatMap((each) => {
    const problem = openProblem.safeParse(each);
    return problem.success ? [problem.data] : [];
  });
  return { version: 1, open };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    // Cut off in the middle of a write, for one.
    return undefined;
  }
}
