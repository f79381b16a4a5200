/**
 * An OpenSSH server for tests: a real one, on loopback, with keys of its own.
 *
 * @module
 */
export { type Sshd, type SshdOptions, startSshd } from './lib/start-sshd.ts';
export { whyNoSshd } from './lib/why-no-sshd.ts';
