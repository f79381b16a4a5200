import { type Answer, objectsOf, type OperationContext } from '../answer.ts';

export async function createBucket({ state, target }: OperationContext): Promise<Answer> {
  if (!state.buckets.has(target.bucket)) state.buckets.set(target.bucket, new Map());
  return { status: 200, headers: { location: `/${target.bucket}` } };
}

export async function headBucket(context: OperationContext): Promise<Answer> {
  objectsOf(context);
  return { status: 200 };
}
