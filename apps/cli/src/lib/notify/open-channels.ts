import { checkOptions, type Config, hideSecrets, resolveSecrets } from '@quackup/core';
import { type ChannelResult, type Channels, channelSchema, secretOptionsOf } from '@quackup/notify';

export interface OpenedChannels {
  readonly channels: Channels;
  /** Those that cannot be used now, since a secret of theirs is not there or is none: failed already. */
  readonly unusable: readonly ChannelResult[];
}

/**
 * Gets the secrets of the channels and checks what the configuration says of them. A missing secret is no reason not to back
 * up: that channel is out of order, like one whose server is.
 *
 * @throws CONFIG_INVALID if the configuration itself says something impossible, with the place.
 */
export async function openChannels(
  config: Pick<Config, 'notifications' | 'baseDir' | 'placeOf'>,
  env: NodeJS.ProcessEnv,
): Promise<OpenedChannels> {
  const channels: Record<string, Channels[string]> = {};
  const unusable: ChannelResult[] = [];
  for (const [name, written] of config.notifications) {
    const type = typeOf(written['type']);
    const secretOptions = secretOptionsOf(written);
    const resolved = await resolveSecrets(written, secretOptions, { env, baseDir: config.baseDir });
    const missing = resolved.problems.map(({ text }) => text);
    const parsed = channelSchema.safeParse(resolved.options);
    if (missing.length === 0 && parsed.success) {
      channels[name] = parsed.data;
      continue;
    }
    const issues = (parsed.error?.issues ?? []).filter(({ path }) => !isReference(written, path));
    if (missing.length === 0 && issues.length > 0) {
      await checkOptions(
        { section: 'notifications', name, schema: channelSchema, secretOptions },
        resolved,
        config,
      );
    }
    const wrong = (parsed.error?.issues ?? []).map(
      ({ path, message }) => `"${path.join('.')}": ${hideSecrets(message, resolved.secrets)}`,
    );
    const error = (missing.length > 0 ? missing : wrong).join('; ');
    unusable.push({ channel: name, type, ok: false, ms: 0, error });
  }
  return { channels, unusable };
}

/** The schema of the configuration lets no other through. */
function typeOf(type: unknown): ChannelResult['type'] {
  return type === 'email' || type === 'webhook' ? type : 'healthcheck';
}

/** Whether what is at a path is, as written, `{ env }` or `{ file }`: what that refers to may be wrong today. */
function isReference(written: unknown, path: readonly PropertyKey[]): boolean {
  let value: unknown = written;
  for (const key of path) {
    value = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  }
  return typeof value === 'object' && value !== null && ('env' in value || 'file' in value);
}
