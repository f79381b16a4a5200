import type { S3Options } from './s3-options.ts';
import type { S3Target } from './s3-target.ts';

/** What a target takes from around it. */
export interface S3Environment {
  readonly signal?: AbortSignal;
  /** Tells which unfinished uploads are old, and until when objects are locked. Default: the system's clock. */
  readonly now?: () => Date;
  /** Pause before a request of a put is repeated for the first time, in milliseconds. Default: 250. */
  readonly retryMs?: number;
}

/**
 * Opens a bucket. Loads the SDK (about 90 ms), and with `conditionalPuts: auto` asks services other than Amazon's with
 * five small requests which conditions they know; see the README.
 *
 * @throws TargetError as for any request, if one is made.
 */
export async function openS3Target(options: S3Options, environment: S3Environment = {}): Promise<S3Target> {
  environment.signal?.throwIfAborted();
  const { S3Target: Target } = await import('./s3-target.ts');
  return Target.open(options, environment);
}
