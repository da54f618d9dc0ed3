/** Sound as samples, a plane a channel. `at` is the first one's place in the track, in samples of the track's rate. */
export interface Pcm { readonly at: number, readonly planes: ReadonlyArray<Float32Array<ArrayBuffer>> }

export const framesOf = ({ planes }: Pcm): number => planes[0]?.length ?? 0

/** What of it lies within [start, end) of the track; undefined where nothing does. */
export function cut (pcm: Pcm, start: number, end: number): Pcm | undefined {
  const from = Math.max(0, start - pcm.at)
  const to = Math.min(framesOf(pcm), end - pcm.at)
  if (from >= to) return undefined
  if (from === 0 && to === framesOf(pcm)) return pcm
  return { at: pcm.at + from, planes: pcm.planes.map((plane) => plane.slice(from, to)) }
}

/** Pieces one after the other, each a plane a channel. */
export function inARow (pieces: ReadonlyArray<readonly Float32Array[]>): Float32Array<ArrayBuffer>[] {
  const [first = []] = pieces
  return first.map((_, channel) => {
    const whole = new Float32Array(pieces.reduce((sum, planes) => sum + (planes[channel]?.length ?? 0), 0))
    let at = 0
    for (const { [channel]: plane = new Float32Array() } of pieces) {
      whole.set(plane, at)
      at += plane.length
    }
    return whole
  })
}
