import { en } from './en.ts'
import { palette } from './en/palette.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...palette })
