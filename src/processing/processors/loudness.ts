import { type DecodeTap, noOutput } from './decode-pass.ts'
import type { Loudness } from './processed-track.ts'

/** What ffmpeg prints for silence, and for what is too short to gate. */
const silenceLufs = -70

/** EBU R128 over what is played; mono counts as heard, from both sides. */
export function loudnessTap (): DecodeTap<Loudness> {
  let isSummary = false
  let integratedLufs: number | null = null
  let truePeakDbtp: number | null = null
  return {
    // Its lines for each 100 ms go to a level we don't listen to.
    branches: [{ feed: 'playable', filter: 'ebur128=peak=true:dualmono=true:framelog=verbose', output: noOutput }],
    onStderrLine (line) {
      if (/^\[Parsed_ebur128_\d+ @ \w+\] Summary:/.test(line)) isSummary = true
      if (!isSummary) return
      const measured = /^ {4}(I|Peak): +(-?[\d.]+|-?inf) (?:LUFS|dBFS)/.exec(line)
      if (measured?.[1] === 'I') integratedLufs = loudnessOf(Number(measured[2]))
      if (measured?.[1] === 'Peak') truePeakDbtp = finite(Number(measured[2]))
    },
    async finish () {
      if (!isSummary) throw new Error('ffmpeg printed no loudness')
      return { integratedLufs, truePeakDbtp }
    }
  }
}

function loudnessOf (lufs: number): number | null {
  return Number.isFinite(lufs) && lufs > silenceLufs ? lufs : null
}

function finite (value: number): number | null {
  return Number.isFinite(value) ? value : null
}
