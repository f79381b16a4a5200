/**
 * Tells people and monitors how a run went: e-mail, webhooks, healthcheck pings. A channel that fails or hangs never fails or
 * delays anything else.
 *
 * @module
 */
export type {
  Channel,
  Channels,
  EmailChannel,
  HealthcheckChannel,
  WebhookChannel,
  WebhookPreset,
} from './lib/channel.ts';
export { channelSchema, channelsSchema } from './lib/channel-schema.ts';
export { secretOptionsOf } from './lib/channel-secrets.ts';
export {
  EVENT_KINDS,
  type EventKind,
  type EventPart,
  type LastGood,
  type NotificationEvent,
  type Problem,
} from './lib/event.ts';
export { type ChannelResult, notify, type NotifyOptions } from './lib/notify.ts';
export { NO_NOTIFY_STATE, type NotifyState, type OpenProblem, parseNotifyState } from './lib/notify-state.ts';
export {
  type NotificationPlan,
  planNotifications,
  type PlanOptions,
  type RunOutcome,
  wasDelivered,
} from './lib/plan-notifications.ts';
export { PLACEHOLDERS } from './lib/template.ts';
