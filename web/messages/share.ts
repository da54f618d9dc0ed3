import { en } from './en.ts'
import { share } from './en/share.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...share })
