import type { StorageTarget } from '@quackup/target-api';

import type { ConformanceCase, Feature } from './conformance-case.ts';
import type { ConformanceSetup } from './conformance-setup.ts';

// A limit up to this size is exceeded for real; a larger one only by the declared size.
const SMALL_LIMIT = 16 * 1024 * 1024;

const SETUP_FEATURES: Readonly<Partial<Record<Feature, string>>> = {
  large: 'only in large runs',
  secrets: 'the setup names no secrets',
  foreign: 'the setup has no way to leave foreign names',
  definition: 'the setup has no definition',
};

/** Why a case is not run on this target with this setup; undefined if it is. */
export function whyNotApplicable(
  { requires, unless }: ConformanceCase,
  target: StorageTarget,
  setup: ConformanceSetup,
): string | undefined {
  if (requires !== undefined && !hasFeature(requires, target, setup))
    return SETUP_FEATURES[requires] ?? `the target has no ${requires}`;
  if (unless !== undefined && hasFeature(unless, target, setup)) return `the target has ${unless}`;
  return undefined;
}

/** The setup's secrets, else the values of its definition's secret options. */
export function secretsOf({ secrets, definition }: ConformanceSetup): readonly string[] {
  if (secrets !== undefined || definition === undefined) return secrets ?? [];
  const { target, options } = definition();
  return target.secretOptions
    .map((name) => options[name])
    .filter((value): value is string => typeof value === 'string' && value !== '');
}

function hasFeature(feature: Feature, target: StorageTarget, setup: ConformanceSetup): boolean {
  const { putIfAbsent, putIfMatch, maxObjectSize } = target.capabilities;
  const features: Readonly<Record<Feature, boolean>> = {
    putIfAbsent,
    putIfMatch,
    maxObjectSize: maxObjectSize !== undefined,
    'small-limit': maxObjectSize !== undefined && maxObjectSize <= SMALL_LIMIT,
    deleteMany: target.deleteMany !== undefined,
    unfinishedUploads: target.unfinishedUploads !== undefined,
    large: setup.large ?? false,
    secrets: secretsOf(setup).length > 0,
    foreign: setup.foreign !== undefined,
    definition: setup.definition !== undefined,
  };
  return features[feature];
}
