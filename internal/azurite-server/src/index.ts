/**
 * Azurite, Microsoft's emulator of Azure Storage, as a process of its own, for tests.
 *
 * @module
 */
export { sasFor } from './lib/sas-for.ts';
export {
  ACCOUNT,
  ACCOUNT_KEY,
  type Azurite,
  connectionStringFor,
  startAzurite,
} from './lib/start-azurite.ts';
