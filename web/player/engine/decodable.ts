import { blameBrowser } from './decoder-choice.ts'

/** The form of a track's sound. */
export type EngineCodec = 'aac' | 'flac'

const usual = { sampleRate: 44_100, numberOfChannels: 2 }
/** STREAMINFO of 44.1 kHz, 16 bits, two channels and blocks of 4,608, in the form of the FLAC format's chapter 8.2. */
const flacDescription = Uint8Array.from([...new TextEncoder().encode('fLaC'), 0x80, 0, 0, 34, 0x12, 0, 0x12, 0, 0, 0, 0, 0, 0, 0, 0x0a, 0xc4, 0x42, 0xf0, ...new Uint8Array(20)])
const configs: Readonly<Record<EngineCodec, AudioDecoderConfig>> = {
  aac: { ...usual, codec: 'mp4a.40.2', description: Uint8Array.of(0x12, 0x10) },
  flac: { ...usual, codec: 'flac', description: flacDescription }
}

/** As WebCodecs name it. */
export const webCodecOf = (codec: string): string => configs[codec === 'flac' ? 'flac' : 'aac'].codec

/** Asks the browser what it decodes. What it hasn't answered yet counts as decodable: a fault would tell. */
export function askDecodable (): (codec: string) => boolean {
  const refused = new Set<string>()
  for (const [codec, config] of Object.entries(configs)) {
    const refuse = (): void => {
      refused.add(codec)
      blameBrowser(config.codec)
    }
    AudioDecoder.isConfigSupported(config).then(({ supported }) => { if (supported !== true) refuse() }, refuse)
  }
  // FLAC is decoded by ourselves where need be; a browser that knows nothing of AAC doesn't decode its files either.
  return (codec) => codec === 'flac' || (codec in configs && !refused.has(codec))
}
