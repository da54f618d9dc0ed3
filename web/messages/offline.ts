import { en } from './en.ts'
import { offline } from './en/offline.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...offline })
