/**
 * Loudness of an album: the mean of its tracks' energies, weighted by their length.
 * Without the relative gate across tracks, so an album with very quiet tracks reads a little lower than by EBU R128.
 * @returns LUFS, null when no track has a loudness
 */
export function albumLoudness (tracks: ReadonlyArray<{ readonly integratedLufs: number | null, readonly durationMs: number }>): number | null {
  let energy = 0
  let totalMs = 0
  for (const { integratedLufs, durationMs } of tracks) {
    if (integratedLufs === null) continue
    energy += 10 ** (integratedLufs / 10) * durationMs
    totalMs += durationMs
  }
  return totalMs === 0 ? null : Math.round(100 * 10 * Math.log10(energy / totalMs)) / 100
}
