/** What a message is about, in the order in which one stands for several: the first that applies names the message. */
export const EVENT_KINDS = ['failure', 'warning', 'recovery', 'success', 'start'] as const;

export type EventKind = (typeof EVENT_KINDS)[number];

/** Something that is wrong, or was. */
export interface Problem {
  /** A stable code, such as those of `@quackup/core`. */
  readonly code: string;
  readonly message: string;
  /** What to try. */
  readonly hint?: string | undefined;
  /** The database or target that it is about. With the code it is what makes two problems the same one. */
  readonly subject?: string | undefined;
  /** Default: that of the run. */
  readonly severity?: 'warning' | 'failure' | undefined;
  /** Something that happened, not a state that lasts: told once, and never over. */
  readonly momentary?: boolean | undefined;
}

/** The newest backup of a target that is good. */
export interface LastGood {
  readonly target?: string | undefined;
  /** `null`: there is none. */
  readonly backup: string | null;
  readonly ageMs?: number | undefined;
  /** The target could not be read now; this is what was known of it before. */
  readonly asLastSeen?: boolean | undefined;
}

/** A database or a target, and how it fared. Reports of `@quackup/core` fit. */
export interface EventPart {
  readonly name: string;
  readonly status: 'ok' | 'failed';
}

/** A run that begins or has ended. */
export interface NotificationEvent {
  /** How the run went. Healthchecks hear this, every time. */
  readonly kind: EventKind;
  /**
   * What people should hear of it: `send` of {@link planNotifications}. An empty list is silence. Default: the kind.
   */
  readonly news?: readonly EventKind[] | undefined;
  /** What ran: `nightly backup`. */
  readonly title: string;
  readonly host: string;
  readonly runId: string;
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs?: number | undefined;
  readonly databases: readonly EventPart[];
  readonly targets: readonly EventPart[];
  /** Everything that is wrong now. */
  readonly problems: readonly Problem[];
  /** What was wrong before and is no more. */
  readonly over?: readonly Problem[] | undefined;
  /** The newest backup that is good, for each target. Empty: there is none. Absent: not known. */
  readonly lastGood?: readonly LastGood[] | undefined;
  readonly readBytes?: number | undefined;
  readonly storedBytes?: number | undefined;
}
