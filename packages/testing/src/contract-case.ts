/** What not every device can do; a case that needs it is skipped by name. */
export type Capability = 'mixedPhases' | 'rollback' | 'fork';

/**
 * One promise of a contract, checked. For any test runner:
 *
 *     for (const { name, run } of backendContract({ backend })) test(name, run);
 */
export interface ContractCase {
  name: string;
  /** Capabilities without which the case means nothing. */
  needs?: readonly Capability[];
  /** Rejects with an Error that says what is wrong. */
  run(): Promise<void>;
}
