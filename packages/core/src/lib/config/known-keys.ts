import { configJsonSchema } from './json-schema.ts';

/** The keys that a configuration may have at a place (keys and indexes from the root), in whichever form of it. */
export function knownKeys(path: readonly PropertyKey[]): string[] {
  let schemas = alternatives(configJsonSchema());
  for (const segment of path) {
    schemas = schemas.flatMap((schema) => childrenOf(schema, segment)).flatMap(alternatives);
  }
  return schemas.flatMap((schema) => (isObject(schema.properties) ? Object.keys(schema.properties) : []));
}

type JsonSchema = Record<string, unknown>;

function alternatives(schema: unknown): JsonSchema[] {
  if (!isObject(schema)) return [];
  const branches = [schema.anyOf, schema.oneOf].flatMap((each): unknown[] =>
    Array.isArray(each) ? each : [],
  );
  return [schema, ...branches.flatMap(alternatives)];
}

function childrenOf(schema: JsonSchema, segment: PropertyKey): unknown[] {
  if (typeof segment === 'number') return [schema.items];
  const properties = isObject(schema.properties) ? schema.properties : {};
  return [properties[String(segment)] ?? schema.additionalProperties];
}

function isObject(value: unknown): value is JsonSchema {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
