import { afterEach } from "vitest";

afterEach(() => {
  // Placeholder replaced by the leak checks of test/support/leaks.ts once the first resource exists.
});
