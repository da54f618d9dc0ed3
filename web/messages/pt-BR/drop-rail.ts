import type { dropRail as english } from '../en/drop-rail.ts'
import type { Translation } from '../translation.ts'

export const dropRail: Translation<'pt-BR', typeof english> = {
  'drop.title': 'Solte {name} em',
  'drop.new': 'Outra playlist ou uma nova'
}
