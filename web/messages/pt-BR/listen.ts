import type { listen as english } from '../en/listen.ts'
import type { Translation } from '../translation.ts'

export const listen: Translation<'pt-BR', typeof english> = {
  'home.all': 'Ver tudo',
  'home.all-new': 'Todos os álbuns novos',
  'home.all-playlists': 'Todas as playlists',
  'home.favourites': 'Favoritas',
  'home.recently-played': 'Ouvidas há pouco',
  'home.most-played': 'Mais tocadas neste mês',
  'home.no-favourites': 'Toque no coração de uma faixa e ela espera por você aqui.',
  'home.nothing-played': 'O que você ouve aparece aqui.'
}
