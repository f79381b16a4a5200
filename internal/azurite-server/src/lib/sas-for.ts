import {
  ContainerSASPermissions,
  generateBlobSASQueryParameters,
  StorageSharedKeyCredential,
} from '@azure/storage-blob';

import { ACCOUNT, ACCOUNT_KEY } from './start-azurite.ts';

/** A shared access signature for a container, good for the two hours before `endsAt`. @param permissions One letter each: `racwdl`. */
export function sasFor(containerName: string, permissions: string, endsAt: Date): string {
  return generateBlobSASQueryParameters(
    {
      containerName,
      permissions: ContainerSASPermissions.parse(permissions),
      startsOn: new Date(endsAt.getTime() - 7_200_000),
      expiresOn: endsAt,
    },
    new StorageSharedKeyCredential(ACCOUNT, ACCOUNT_KEY),
  ).toString();
}
