import type { TargetModules } from '@quackup/core';

/** The targets that come with the program, loaded only when they are used. */
export const BUILTIN_TARGETS: TargetModules = {
  local: () => import('@quackup/target-local'),
  s3: () => import('@quackup/target-s3'),
  azure: () => import('@quackup/target-azure'),
  gcs: () => import('@quackup/target-gcs'),
};
