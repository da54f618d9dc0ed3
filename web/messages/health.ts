import { en } from './en.ts'
import { health } from './en/health.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...health })
