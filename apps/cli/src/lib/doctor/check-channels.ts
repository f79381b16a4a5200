import { type Config, type DoctorCheck, QuackupError } from '@quackup/core';

const NAME = 'notifications';

/**
 * Whether the channels could be used: their options are right, and their secrets are there. Nothing is sent. None is made if the
 * configuration names nobody.
 */
export async function checkChannels(config: Config, env: NodeJS.ProcessEnv): Promise<DoctorCheck[]> {
  if (config.notifications.size === 0) return [];
  const { openChannels } = await import('../notify/open-channels.ts');
  try {
    const { channels, unusable } = await openChannels(config, env);
    return [
      ...Object.entries(channels).map(([subject, { type }]): DoctorCheck => ({
        name: NAME,
        subject,
        status: 'OK',
        message: `${type}, and its secrets are there; nothing was sent`,
      })),
      ...unusable.map(({ channel: subject, error = 'it cannot be used' }): DoctorCheck => ({
        name: NAME,
        subject,
        status: 'FAILED',
        message: error,
        hint: 'give it what it needs, as the user whose scheduler runs quackup daily; then try quackup notify test',
      })),
    ];
  } catch (error) {
    if (!(error instanceof QuackupError)) throw error;
    const { message, hint = 'correct notifications: in quackup.yaml' } = error;
    return [{ name: NAME, status: 'FAILED', message, hint }];
  }
}
