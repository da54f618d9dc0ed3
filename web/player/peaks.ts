/** The peaks of a track, one byte each. @throws where the address has ended or the line is down */
export async function fetchPeaks (url: string, signal: AbortSignal): Promise<Uint8Array> {
  const response = await fetch(url, { signal })
  if (!response.ok) throw new Error(`the waveform answered ${response.status}`)
  return new Uint8Array(await response.arrayBuffer())
}
