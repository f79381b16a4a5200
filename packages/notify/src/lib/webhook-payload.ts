import type { WebhookChannel } from './channel.ts';
import { clip, oneLine } from './clip.ts';
import type { EventKind, NotificationEvent } from './event.ts';
import type { EventTexts } from './report-text.ts';
import { renderTemplate } from './template.ts';

/** What is posted, and where: ntfy takes JSON at its root only. */
export interface WebhookPost {
  readonly url: URL;
  readonly payload: unknown;
}

/** Every service cuts off or refuses titles that are longer than about this. */
const MAX_TITLE_BYTES = 250;

export function webhookPost(
  channel: WebhookChannel,
  event: NotificationEvent,
  texts: EventTexts,
): WebhookPost {
  const title = clip(oneLine(renderTemplate(channel.title, texts)), MAX_TITLE_BYTES);
  const body = renderTemplate(channel.body, texts);
  const url = new URL(channel.url);
  switch (channel.preset) {
    case 'generic':
      return { url, payload: genericPayload(channel, event, texts, { title, body }) };
    case 'slack':
      return { url, payload: slackPayload(title, body) };
    case 'teams':
      return { url, payload: teamsPayload(title, body) };
    case 'discord':
      return { url, payload: discordPayload(title, body, texts.kind) };
    case 'ntfy':
      return ntfyPost(url, title, body, texts.kind);
    default:
      return channel.preset satisfies never;
  }
}

/** The event as it is, with the texts. `version` changes if a field ever means something else. */
function genericPayload(
  channel: WebhookChannel,
  event: NotificationEvent,
  texts: EventTexts,
  { title, body }: { title: string; body: string },
): unknown {
  if (channel.payload !== undefined) return renderDeep(channel.payload, texts);
  return {
    version: 1,
    ...event,
    kind: texts.kind,
    outcome: event.kind,
    subject: title,
    text: clip(body, 64_000),
  };
}

function renderDeep(value: unknown, texts: EventTexts): unknown {
  if (typeof value === 'string') return clip(renderTemplate(value, texts), 64_000);
  if (Array.isArray(value)) return value.map((each) => renderDeep(each, texts));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, renderDeep(each, texts)]));
}

/**
 * Incoming webhooks of Slack: https://docs.slack.dev/messaging/formatting-message-text. `&`, `<` and `>` are escaped, so
 * that nothing in a message becomes a link or calls a channel.
 */
function slackPayload(title: string, body: string): unknown {
  return {
    text: `*${escapeSlack(title).replaceAll('*', '∗')}*\n${codeBlock(escapeSlack(clip(body, 3500)))}`,
  };
}

function escapeSlack(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/**
 * Workflows of Microsoft Teams ("when a Teams webhook request is received") take an adaptive card of at most 28 KB. Runs of
 * text in it are no Markdown.
 */
function teamsPayload(title: string, body: string): unknown {
  const lines = clip(body, 8000).split('\n');
  const shown = lines.length > 80 ? [...lines.slice(0, 80), '… (cut off)'] : lines;
  return {
    type: 'message',
    attachments: [
      {
        contentType: 'application/vnd.microsoft.card.adaptive',
        contentUrl: null,
        content: {
          $schema: 'http://adaptivecards.io/schemas/adaptive-card.json',
          type: 'AdaptiveCard',
          version: '1.4',
          body: [
            cardLine(title, { weight: 'Bolder', size: 'Medium' }),
            ...shown.map((text) => cardLine(text, { fontType: 'Monospace' })),
          ],
        },
      },
    ],
  };
}

function cardLine(text: string, style: object): unknown {
  // A run without text is refused.
  const inlines = [{ type: 'TextRun', text: text === '' ? ' ' : text, ...style }];
  return { type: 'RichTextBlock', spacing: 'None', inlines };
}

const COLOURS: Readonly<Record<EventKind, number>> = {
  failure: 0xd6_33_33,
  warning: 0xe0_a1_00,
  recovery: 0x2e_9e_4f,
  success: 0x2e_9e_4f,
  start: 0x4f_7f_bf,
};

/** Webhooks of Discord: a title has 256 characters, a description 4,096. Nobody is called by what a message holds. */
function discordPayload(title: string, body: string, kind: EventKind): unknown {
  return {
    embeds: [{ title, description: codeBlock(clip(body, 3900)), color: COLOURS[kind] }],
    allowed_mentions: { parse: [] },
  };
}

function codeBlock(text: string): string {
  return `\`\`\`\n${text.replaceAll('```', "'''")}\n\`\`\``;
}

const NTFY: Readonly<Record<EventKind, { readonly priority: number; readonly tag: string }>> = {
  failure: { priority: 4, tag: 'rotating_light' },
  warning: { priority: 3, tag: 'warning' },
  recovery: { priority: 3, tag: 'white_check_mark' },
  success: { priority: 2, tag: 'white_check_mark' },
  start: { priority: 1, tag: 'arrow_forward' },
};

/** https://docs.ntfy.sh/publish/#publish-as-json: the topic is the last part of the path; a message has 4,096 bytes. */
function ntfyPost(url: URL, title: string, body: string, kind: EventKind): WebhookPost {
  const parts = url.pathname.replace(/\/+$/, '').split('/');
  const topic = decodeURIComponent(parts.pop() ?? '');
  const root = new URL(url);
  root.pathname = `${parts.join('/')}/`;
  const { priority, tag } = NTFY[kind];
  return { url: root, payload: { topic, title, message: clip(body, 3900), priority, tags: [tag] } };
}
