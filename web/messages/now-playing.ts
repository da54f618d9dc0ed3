import { en } from './en.ts'
import { nowPlaying } from './en/now-playing.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...nowPlaying })
