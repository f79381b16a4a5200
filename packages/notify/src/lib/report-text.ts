import type { EventKind, EventPart, LastGood, NotificationEvent, Problem } from './event.ts';
import { formatBytes, formatDuration } from './format-quantities.ts';

const LABELS: Readonly<Record<EventKind, string>> = {
  failure: 'FAILED',
  warning: 'WARNING',
  recovery: 'RECOVERED',
  success: 'OK',
  start: 'STARTED',
};

/** A thousand databases may fail for one reason; nobody reads a thousand lines. */
const MAX_PROBLEMS = 30;

/** What a template can say, ready as text. Each name is a placeholder; the README says what it holds. */
export interface EventTexts {
  readonly kind: EventKind;
  readonly label: string;
  readonly title: string;
  readonly host: string;
  readonly runId: string;
  readonly startedAt: string;
  readonly duration: string;
  readonly problems: string;
  readonly over: string;
  readonly lastGood: string;
  readonly databases: string;
  readonly targets: string;
  readonly read: string;
  readonly stored: string;
  readonly report: string;
}

/** @param kind What the message is about, for the one who gets it. */
export function eventTexts(event: NotificationEvent, kind: EventKind): EventTexts {
  const facts = {
    kind,
    label: LABELS[kind],
    title: event.title,
    host: event.host,
    runId: event.runId,
    startedAt: event.startedAt,
    duration: event.durationMs === undefined ? '' : formatDuration(event.durationMs),
    problems: problemLines(event.problems),
    over: problemLines((event.over ?? []).map(({ code, subject, message }) => ({ code, subject, message }))),
    lastGood: lastGoodText(event.lastGood),
    databases: partNames(event.databases),
    targets: partNames(event.targets),
    read: event.readBytes === undefined ? '' : formatBytes(event.readBytes),
    stored: event.storedBytes === undefined ? '' : formatBytes(event.storedBytes),
  };
  return { ...facts, report: reportText(facts) };
}

function reportText(facts: Omit<EventTexts, 'report'>): string {
  const took = facts.duration === '' ? '' : `, took ${facts.duration}`;
  const sections = [
    `${facts.label}: ${facts.title}\nhost ${facts.host}, started ${facts.startedAt}${took}`,
    facts.problems && `What is wrong:\n${facts.problems}`,
    facts.over && `What is over:\n${facts.over}`,
    facts.lastGood && `What is still good:\n${facts.lastGood}`,
    [
      facts.databases && `databases: ${facts.databases}`,
      facts.targets && `targets: ${facts.targets}`,
      facts.read && `read: ${facts.read}`,
      facts.stored && `stored: ${facts.stored}`,
      `run: ${facts.runId}`,
    ]
      .filter((line) => line !== '')
      .join('\n'),
  ];
  return sections.filter((section) => section !== '').join('\n\n');
}

function problemLines(problems: readonly Problem[]): string {
  const lines = problems.slice(0, MAX_PROBLEMS).map(({ code, subject, message, hint }) => {
    const about = subject === undefined ? '' : ` (${subject})`;
    return `- ${code}${about}: ${message}${hint === undefined ? '' : `\n  try: ${hint}`}`;
  });
  if (problems.length > MAX_PROBLEMS) lines.push(`- and ${problems.length - MAX_PROBLEMS} more`);
  return lines.join('\n');
}

function lastGoodText(lastGood: NotificationEvent['lastGood']): string {
  if (lastGood === undefined) return '';
  if (lastGood.every(({ backup }) => backup === null)) return 'There is no good backup.';
  return lastGood.map(goodLine).join('\n');
}

function goodLine({ target, backup, ageMs, asLastSeen }: LastGood): string {
  const place = target === undefined ? '' : ` on ${target}`;
  if (backup === null) return `none${place}`;
  const age = ageMs === undefined ? '' : `, ${formatDuration(ageMs)} old`;
  return `${backup}${place}${age}${asLastSeen === true ? ' (as last seen)' : ''}`;
}

function partNames(parts: readonly EventPart[]): string {
  return parts.map(({ name, status }) => (status === 'ok' ? name : `${name} (failed)`)).join(', ');
}
