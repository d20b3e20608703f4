// The little of node that the tests use; its own types would be one more dependency.
declare module "node:test" {
  interface Timers {
    enable(options: { apis: ("setTimeout" | "setInterval" | "Date")[]; now?: number }): void;
    tick(ms: number): void;
    reset(): void;
  }
  export const mock: { timers: Timers };
  export function test(name: string, run: () => void | Promise<void>): void;
  export function beforeEach(run: () => void): void;
  export function afterEach(run: () => void): void;
}

declare module "node:assert/strict" {
  const assert: {
    (value: unknown, message?: string): asserts value;
    equal(actual: unknown, expected: unknown, message?: string): void;
    deepEqual(actual: unknown, expected: unknown, message?: string): void;
    throws(run: () => unknown, expected?: RegExp): void;
  };
  export default assert;
}
