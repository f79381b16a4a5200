import { z } from 'zod';

/** `type: quackup-target-sftp` in the configuration. */
export interface SftpOptions {
  readonly host: string;
  /** Default: 22. */
  readonly port?: number | undefined;
  readonly username: string;
  /** The folder on the server: absolute, or relative to where the login leads. It is made at the first put, its parent is not. */
  readonly path: string;
  /**
   * Fingerprints of the server's keys, as `ssh-keygen -l` prints them: `SHA256:...`. Whoever has another key is not the
   * server, and gets neither password nor data.
   */
  readonly hostKey: string | readonly string[];
  /** A private key in the OpenSSH or PEM format. */
  readonly privateKey?: string | undefined;
  /** Of the private key. */
  readonly passphrase?: string | undefined;
  readonly password?: string | undefined;
  /** Path of an agent's socket (`$SSH_AUTH_SOCK`), which has the key. */
  readonly agent?: string | undefined;
}

const fingerprint = z
  .string()
  .regex(/^SHA256:[A-Za-z0-9+/]{43}=?$/, 'expected a fingerprint as ssh-keygen -l prints it: SHA256:...');

export const optionsSchema: z.ZodType<SftpOptions> = z.strictObject({
  host: z.string().min(1),
  port: z.int().min(1).max(65_535).optional(),
  username: z.string().min(1),
  path: z.string().min(1),
  hostKey: z.union([fingerprint, z.array(fingerprint).min(1)]),
  privateKey: z.string().min(1).optional(),
  passphrase: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  agent: z.string().min(1).optional(),
});

/** Names of the options that hold secrets. */
export const secretOptions: readonly string[] = ['privateKey', 'passphrase', 'password'];
