import type { Stream } from '../../app/api-types.ts'

export type Index = NonNullable<Stream['index']>

/** A fragment in bytes of the file and in ticks of its own time. */
export interface Fragment { readonly offset: number, readonly sizeBytes: number, readonly atTicks: number, readonly ticks: number }

/** The fragments of a rendition, in order. */
export function fragmentsOf ({ fragments }: Index): Fragment[] {
  let atTicks = 0
  return fragments.map(([offset = 0, sizeBytes = 0, ticks = 0]) => {
    atTicks += ticks
    return { offset, sizeBytes, atTicks: atTicks - ticks, ticks }
  })
}

/** Index of the fragment that holds this tick; the last one's for all that lies behind. */
export function fragmentAt (fragments: readonly Fragment[], tick: number): number {
  const found = fragments.findIndex(({ atTicks, ticks }) => tick < atTicks + ticks)
  return found === -1 ? fragments.length - 1 : found
}

/**
 * Whether two renditions share their time, so that one may go on where the other stops: the same rate and delay, and
 * borders at the same ticks.
 */
export function shareTimeline (a: Index, b: Index): boolean {
  return a.timescale === b.timescale && a.encoderDelay === b.encoderDelay && a.fragments.length === b.fragments.length &&
    a.fragments.every(([, , ticks], i) => i === a.fragments.length - 1 || ticks === b.fragments[i]?.[2])
}
