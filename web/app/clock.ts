/** As a clock: 3:34, 1:02:09. */
export function clock (ms: number): string {
  const seconds = Math.max(0, Math.floor(ms / 1000))
  const rest = String(seconds % 60).padStart(2, '0')
  const minutes = Math.floor(seconds / 60)
  if (minutes < 60) return `${minutes}:${rest}`
  return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}:${rest}`
}
