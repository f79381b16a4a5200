/**
 * A target that keeps objects in a container of Azure Blob Storage. The SDK is loaded when a target is opened, not with
 * this module.
 *
 * @module
 */
export type { AzureOptions } from './lib/azure-options.ts';
export type { AzureTarget } from './lib/azure-target.ts';
export type { AzureTokenCredential } from './lib/entra-credential.ts';
export { type AzureEnvironment, openAzureTarget } from './lib/open-azure-target.ts';
export { target } from './lib/target.ts';
