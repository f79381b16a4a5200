import type { EventKind } from './event.ts';

interface ChannelBase {
  /** Which kinds it gets. */
  readonly on: readonly EventKind[];
  /** Certificates that are trusted besides those of Node, PEM. */
  readonly ca?: string | undefined;
}

/** `type: email` */
export interface EmailChannel extends ChannelBase {
  readonly type: 'email';
  readonly host: string;
  /** Default: 587, with `tls: implicit` 465. */
  readonly port?: number | undefined;
  /** `starttls`: the connection becomes encrypted or is given up. `implicit`: it is from the start. */
  readonly tls: 'starttls' | 'implicit' | 'none';
  readonly user?: string | undefined;
  readonly password?: string | undefined;
  /** `name@example.com`, or `Name <name@example.com>`. */
  readonly from: string;
  readonly to: readonly string[];
  readonly subject: string;
  readonly body: string;
}

export type WebhookPreset = 'generic' | 'slack' | 'teams' | 'discord' | 'ntfy';

/** `type: webhook` */
export interface WebhookChannel extends ChannelBase {
  readonly type: 'webhook';
  readonly preset: WebhookPreset;
  /** All of it is secret: whoever knows it may post. */
  readonly url: string;
  /** Sent as `Authorization: Bearer ...`. */
  readonly token?: string | undefined;
  readonly headers: Readonly<Record<string, string>>;
  readonly title: string;
  readonly body: string;
  /** With `generic`: what is posted, instead of the event. Every text in it is a template. */
  readonly payload?: unknown;
}

/** `type: healthcheck` */
export interface HealthcheckChannel extends ChannelBase {
  readonly type: 'healthcheck';
  /** All of it is secret. `/start` and `/fail` are added. */
  readonly url: string;
  /** What a run with warnings tells it. */
  readonly warningAs: 'success' | 'fail';
  readonly body: string;
}

export type Channel = EmailChannel | WebhookChannel | HealthcheckChannel;

/** Channels by name. */
export type Channels = Readonly<Record<string, Channel>>;
