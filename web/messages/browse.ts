import { en } from './en.ts'
import { browse } from './en/browse.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...browse })
