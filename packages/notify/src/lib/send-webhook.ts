import type { WebhookChannel } from './channel.ts';
import type { NotificationEvent } from './event.ts';
import { httpPost } from './http-post.ts';
import type { EventTexts } from './report-text.ts';
import { webhookPost } from './webhook-payload.ts';

/** Posts the event as JSON. */
export function webhookSender(
  channel: WebhookChannel,
  event: NotificationEvent,
  texts: EventTexts,
): (signal: AbortSignal) => Promise<void> {
  const { url, payload } = webhookPost(channel, event, texts);
  const headers = {
    ...channel.headers,
    ...(channel.token !== undefined && { authorization: `Bearer ${channel.token}` }),
    'content-type': 'application/json',
  };
  return (signal) => httpPost({ url, headers, body: JSON.stringify(payload), ca: channel.ca }, signal);
}
