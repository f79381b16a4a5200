import { QuackupError } from '@quackup/core';

export interface ListenAddress {
  readonly host: string;
  /** 0: any that is free. */
  readonly port: number;
}

/**
 * Reads `HOST:PORT`, `[IPV6]:PORT`, or `off`.
 *
 * @returns undefined for `off`.
 * @throws USAGE
 */
export function parseListenAddress(text: string): ListenAddress | undefined {
  if (text === 'off') return undefined;
  const [, ipv6, name, portText] = /^(?:\[([0-9A-Fa-f:.]+)\]|([^:[\]\s]+)):(\d{1,5})$/.exec(text) ?? [];
  const host = ipv6 ?? name;
  const port = Number(portText);
  if (host !== undefined && port <= 65_535) return { host, port };
  throw new QuackupError('USAGE', `--listen: "${text}" is no address`, {
    hint: 'write it as 127.0.0.1:9797 or [::1]:9797; off for none',
  });
}
