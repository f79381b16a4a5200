import type { Channel } from './channel.ts';

const SECRET_OPTIONS = ['password', 'url', 'token', 'ca'];

/**
 * The options of a channel that may be given as `{ env: NAME }` or `{ file: PATH }`, at any depth: for `resolveSecrets` of
 * `@quackup/core`. Every header is one.
 *
 * @param channel As the configuration has it, not checked yet.
 */
export function secretOptionsOf(channel: unknown): readonly string[] {
  const headers: unknown =
    typeof channel === 'object' && channel !== null && 'headers' in channel ? channel.headers : undefined;
  return typeof headers === 'object' && headers !== null
    ? [...SECRET_OPTIONS, ...Object.keys(headers)]
    : SECRET_OPTIONS;
}

/** Replaces what must not be shown by `***`. */
export type Redact = (text: string) => string;

/**
 * Hides the secrets of a channel, however they are written: as they are, encoded for a URL, in Base64 as SMTP sends them. Of
 * a URL everything behind the host is secret, also each part of its path.
 */
export function redactorOf(channel: Channel): Redact {
  const secrets = channel.type === 'email' ? emailSecrets(channel) : httpSecrets(channel);
  // What is so short would be found inside ordinary words; nothing is protected by it anyway.
  const worthHiding = [...new Set(secrets.flatMap(spellings))].filter((secret) => secret.length >= 4);
  // Longest first: one secret may begin with another.
  worthHiding.sort((a, b) => b.length - a.length);
  return (text) => {
    let hidden = text;
    for (const secret of worthHiding) hidden = hidden.replaceAll(secret, '***');
    return hidden;
  };
}

function emailSecrets({
  user = '',
  password,
}: {
  user?: string | undefined;
  password?: string | undefined;
}): string[] {
  return password === undefined
    ? []
    : [password, base64(`\0${user}\0${password}`), base64(`${user}\0${user}\0${password}`)];
}

function httpSecrets(channel: Exclude<Channel, { type: 'email' }>): string[] {
  const { href, username, password, pathname, search } = new URL(channel.url);
  const own = [
    channel.url,
    href,
    username,
    password,
    pathname,
    ...pathname.split('/'),
    search,
    search.slice(1),
  ];
  const query = [...new URL(channel.url).searchParams.values()];
  if (channel.type === 'healthcheck') return [...own, ...query];
  const values = Object.values(channel.headers);
  // `Bearer abc`, `Basic abc`: the scheme is none.
  return [
    ...own,
    ...query,
    channel.token ?? '',
    ...values,
    ...values.map((value) => value.replace(/^\S+ +/, '')),
  ];
}

function spellings(secret: string): string[] {
  return [
    secret,
    encodeURIComponent(secret.toWellFormed()),
    decoded(secret),
    base64(secret),
    JSON.stringify(secret).slice(1, -1),
  ];
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    // A stray "%": it has no decoded spelling.
    return text;
  }
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64');
}
