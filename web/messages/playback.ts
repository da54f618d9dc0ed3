import { en } from './en.ts'
import { playback } from './en/playback.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...playback })
