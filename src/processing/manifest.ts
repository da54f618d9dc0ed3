/**
 * What is made of every track, and by which version of the recipe. Artefacts of an older version are made again
 * (a backfill); so a change to what a processor writes comes with a higher number here.
 */
export const manifest = {
  probe: { version: 1 },
  tags: { version: 1 },
  artwork: { version: 1 },
  loudness: { version: 1 },
  renditions: { version: 1 },
  waveform: { version: 2 }
} as const
