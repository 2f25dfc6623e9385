import { expect } from "vitest";

/** Asks again and again until the expectation holds; machines that run the suite are busy. */
export const eventually = <T>(value: () => T | Promise<T>) => expect.poll(value, { timeout: 10_000, interval: 10 });
