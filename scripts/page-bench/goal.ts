/** Prints a figure beside its goal and remembers a miss in the exit code. */
export function report (name: string, value: number, { goal, unit, atLeast = false }: { readonly goal: number, readonly unit: string, readonly atLeast?: boolean }): void {
  const met = atLeast ? value >= goal : value <= goal
  console.log(`${name.padEnd(44)}${String(Math.round(value)).padStart(6)} ${unit}  (goal ${atLeast ? '≥' : '≤'} ${goal})${met ? '' : '  MISSED'}`)
  if (!met) process.exitCode = 1
}
