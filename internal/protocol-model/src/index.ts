export { type Counterexample, explore, type Exploration } from './lib/explore.ts';
export { ALL_RULES, type Engine, ENGINE_14, ENGINE_15, type Rules } from './lib/options.ts';
