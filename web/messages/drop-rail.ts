import { en } from './en.ts'
import { dropRail } from './en/drop-rail.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...dropRail })
