import { en } from './en.ts'
import { requests } from './en/requests.ts'
import { translator } from './translator.ts'

export const t = translator({ ...en, ...requests })
