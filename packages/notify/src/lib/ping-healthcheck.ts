import type { HealthcheckChannel } from './channel.ts';
import { clip } from './clip.ts';
import type { EventKind } from './event.ts';
import { httpPost } from './http-post.ts';
import type { EventTexts } from './report-text.ts';
import { renderTemplate } from './template.ts';

/** healthchecks.io keeps 100 kB of a body. */
const MAX_BODY_BYTES = 90_000;

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

/** Pings `URL/start`, `URL` or `URL/fail`: https://healthchecks.io/docs/http_api/. A run id that is a UUID goes along. */
export function healthcheckSender(
  channel: HealthcheckChannel,
  outcome: EventKind,
  texts: EventTexts,
): (signal: AbortSignal) => Promise<void> {
  const url = pingUrl(channel, outcome, texts.runId);
  const body = clip(renderTemplate(channel.body, texts), MAX_BODY_BYTES);
  const headers = { 'content-type': 'text/plain; charset=utf-8' };
  return (signal) => httpPost({ url, headers, body, ca: channel.ca }, signal);
}

function pingUrl({ url: text, warningAs }: HealthcheckChannel, outcome: EventKind, runId: string): URL {
  const url = new URL(text);
  const failed = outcome === 'failure' || (outcome === 'warning' && warningAs === 'fail');
  const suffix = outcome === 'start' ? '/start' : failed ? '/fail' : '';
  url.pathname = `${url.pathname.replace(/\/+$/, '')}${suffix}`;
  if (UUID.test(runId)) url.searchParams.set('rid', runId);
  return url;
}
