/** Order matters: most browsers also claim to be the ones after them. */
const browsers: ReadonlyArray<readonly [RegExp, string]> = [[/Edg\//, 'Edge'], [/OPR\//, 'Opera'], [/Firefox\//, 'Firefox'], [/Chrom(e|ium)\//, 'Chrome'], [/Safari\//, 'Safari']]
const systems: ReadonlyArray<readonly [RegExp, string]> = [[/iPhone|iPad/, 'iOS'], [/Android/, 'Android'], [/Windows/, 'Windows'], [/Mac OS/, 'macOS'], [/Linux/, 'Linux']]

/** A browser as people call it, such as "Firefox, Linux", or null where it can't be told. */
export function browserName (userAgent: string | null): string | null {
  if (userAgent === null) return null
  const names = [browsers, systems].map((known) => known.find(([pattern]) => pattern.test(userAgent))?.[1]).filter((name) => name !== undefined)
  return names.length === 0 ? null : names.join(', ')
}
