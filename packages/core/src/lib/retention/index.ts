export { DEFAULT_POLICY } from './default-policy.ts';
export {
  planRetention,
  type RetentionCandidate,
  type RetentionDecision,
  type RetentionPlan,
} from './plan-retention.ts';
export { isComplete, retentionCandidate } from './retention-candidate.ts';
