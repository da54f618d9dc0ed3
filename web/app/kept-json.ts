/** What this browser keeps under the key. What can’t be read, as after a full disk, counts as never kept: the next write replaces it. */
export function keptJson (key: string): unknown {
  const text = localStorage.getItem(key)
  if (text === null) return null
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/** Of a list that is kept what has the right shape. */
export function keptList<T> (key: string, fits: (item: unknown) => item is T): T[] {
  const kept = keptJson(key)
  return Array.isArray(kept) ? kept.filter(fits) : []
}

/** Whether it is an object with such texts in it. */
export function hasTexts<Name extends string> (value: unknown, ...names: readonly Name[]): value is Readonly<Record<Name, string>> {
  return typeof value === 'object' && value !== null && names.every((name) => name in value && typeof (value as Readonly<Record<string, unknown>>)[name] === 'string')
}
