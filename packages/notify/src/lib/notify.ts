import type { Channel, Channels } from './channel.ts';
import { type Redact, redactorOf } from './channel-secrets.ts';
import { oneLine } from './clip.ts';
import { EVENT_KINDS, type EventKind, type NotificationEvent } from './event.ts';
import { healthcheckSender } from './ping-healthcheck.ts';
import { eventTexts } from './report-text.ts';
import { emailSender } from './send-email.ts';
import { messageOf } from './send-failure.ts';
import { sendRepeatedly } from './send-repeatedly.ts';
import { webhookSender } from './send-webhook.ts';

export interface NotifyOptions {
  readonly signal?: AbortSignal;
  /** The longest that any channel may take, all attempts included, milliseconds. Default: 15,000. */
  readonly timeoutMs?: number;
  /** Pause before the second attempt, milliseconds. Default: 500. */
  readonly retryMs?: number;
  /** Told of every channel that failed. Texts hold no secret of the channel. */
  readonly log?: (level: 'warning', text: string) => void;
}

/** How one channel fared. Plain data, and free of the channel's secrets. */
export interface ChannelResult {
  readonly channel: string;
  readonly type: Channel['type'];
  readonly ok: boolean;
  readonly ms: number;
  /** Why it failed. One line. */
  readonly error?: string;
  /** What went wrong although it worked: recipients that were refused. */
  readonly warning?: string;
}

const MAX_ERROR_LENGTH = 300;

/**
 * Tells every channel that wants it, all at once. Never rejects, and is over after `timeoutMs` or when `signal` aborts, whatever the
 * other sides do; nothing goes on afterwards.
 *
 * People's channels (e-mail, webhooks) get it if they want one of `event.news`; healthchecks if they want `event.kind`.
 *
 * @returns one result for each channel that wanted it, in the order of the channels.
 */
export async function notify(
  channels: Channels,
  event: NotificationEvent,
  options: NotifyOptions = {},
): Promise<readonly ChannelResult[]> {
  const sends = Object.entries(channels).flatMap(([name, channel]) => {
    const kind = kindFor(channel, event);
    return kind === undefined ? [] : [sendTo(name, channel, { event, kind }, options)];
  });
  return Promise.all(sends);
}

/** What the event is for a channel: the gravest of what it wants to hear. */
function kindFor({ type, on }: Channel, event: NotificationEvent): EventKind | undefined {
  const news = type === 'healthcheck' ? [event.kind] : (event.news ?? [event.kind]);
  return EVENT_KINDS.find((kind) => news.includes(kind) && on.includes(kind));
}

async function sendTo(
  name: string,
  channel: Channel,
  { event, kind }: { event: NotificationEvent; kind: EventKind },
  { signal, timeoutMs = 15_000, retryMs = 500, log }: NotifyOptions,
): Promise<ChannelResult> {
  const began = performance.now();
  const done = (outcome: Pick<ChannelResult, 'ok' | 'error' | 'warning'>): ChannelResult => {
    const told = outcome.error ?? outcome.warning;
    if (told !== undefined)
      tell(log, `the channel "${name}" ${outcome.ok ? 'is in trouble' : 'failed'}: ${told}`);
    return { channel: name, type: channel.type, ms: Math.round(performance.now() - began), ...outcome };
  };
  const redact = redactorOf(channel);
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
  const interrupt = (): void => limit.abort(new Error('interrupted'));
  signal?.addEventListener('abort', interrupt, { once: true });
  if (signal?.aborted === true) interrupt();
  try {
    const send = senderOf(channel, event, kind);
    const warning = await sendOrGiveUp(send, { retryMs, endsAt: began + timeoutMs, signal: limit.signal });
    return done({ ok: true, ...(warning !== undefined && { warning: presentable(warning, redact) }) });
  } catch (error) {
    return done({ ok: false, error: presentable(messageOf(error), redact) });
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', interrupt);
  }
}

function senderOf(
  channel: Channel,
  event: NotificationEvent,
  kind: EventKind,
): (signal: AbortSignal) => Promise<string | void> {
  const texts = eventTexts(event, kind);
  if (channel.type === 'email') return emailSender(channel, texts);
  if (channel.type === 'webhook') return webhookSender(channel, event, texts);
  return healthcheckSender(channel, event.kind, texts);
}

/** Ends with the limit, even if something in the attempt does not hear of it. */
async function sendOrGiveUp(
  send: (signal: AbortSignal) => Promise<string | void>,
  limits: { readonly retryMs: number; readonly endsAt: number; readonly signal: AbortSignal },
): Promise<string | undefined> {
  const { signal } = limits;
  signal.throwIfAborted();
  const { promise: givenUp, reject } = Promise.withResolvers<never>();
  signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  const sent = sendRepeatedly(() => send(signal), limits);
  return (await Promise.race([sent, givenUp])) ?? undefined;
}

/** Secrets go before it is cut: half a secret would not be found. */
function presentable(text: string, redact: Redact): string {
  const line = redact(oneLine(redact(text)));
  return line.length > MAX_ERROR_LENGTH ? `${line.slice(0, MAX_ERROR_LENGTH).toWellFormed()}…` : line;
}

/** Whoever logs may fail too, and that must not fail anybody either. */
function tell(log: NotifyOptions['log'], text: string): void {
  try {
    log?.('warning', text);
  } catch {
    // There is nobody left to tell; the result says it as well.
  }
}
