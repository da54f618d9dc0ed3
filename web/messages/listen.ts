import { en } from './en.ts'
import { listen } from './en/listen.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...listen })
