/**
 * A Quackup target that keeps objects on an SFTP server.
 *
 * @module
 */
export type { SftpOptions } from './options.ts';
export { type SftpEnvironment, SftpTarget } from './sftp-target.ts';
export { target } from './target.ts';
