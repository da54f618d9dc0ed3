/** Names what else an effect or derived value depends on: reading it as an argument is enough. */
export function dependOn (..._values: readonly unknown[]): void {}
