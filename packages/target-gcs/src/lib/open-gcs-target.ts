import type { Readable } from 'node:stream';

import type { GcsOptions } from './gcs-options.ts';
import type { GcsTarget } from './gcs-target.ts';

/** A request as Google's library takes it. */
export interface GcsHttpRequest {
  readonly url: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  readonly headers: Record<string, string>;
  /** Its length is in the headers. */
  readonly data?: Readable;
  readonly responseType: 'stream';
  readonly signal: AbortSignal;
  readonly retry: false;
  readonly redirect: 'manual';
  readonly validateStatus: () => true;
}

/** An answer as Google's library gives it. */
export interface GcsHttpAnswer {
  readonly status: number;
  readonly headers: Headers;
  /** A stream of the body; nothing that can be read where there is none. */
  readonly data: unknown;
}

/** What makes requests in somebody's name: any client of `google-auth-library`. */
export interface GcsAuthClient {
  request(request: GcsHttpRequest): Promise<GcsHttpAnswer>;
}

/** What a target takes from around it. */
export interface GcsEnvironment {
  readonly signal?: AbortSignal;
  /** Takes the place of the credentials that are found by the options. */
  readonly authClient?: GcsAuthClient;
  /** Tells whether the service's clock and this one differ. Default: the system's clock. */
  readonly now?: () => Date;
  /** Pause before a request of a put is repeated for the first time, in milliseconds. Default: 250. */
  readonly retryMs?: number;
}

/** Opens a bucket. Loads Google's library (about 80 ms); looks for credentials and makes requests only when it is used. */
export async function openGcsTarget(
  options: GcsOptions,
  environment: GcsEnvironment = {},
): Promise<GcsTarget> {
  environment.signal?.throwIfAborted();
  const { GcsTarget: Target } = await import('./gcs-target.ts');
  return new Target(options, environment);
}
