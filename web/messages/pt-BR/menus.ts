import type { menus as english } from '../en/menus.ts'
import type { Translation } from '../translation.ts'

export const menus: Translation<'pt-BR', typeof english> = {
  'selection.begin': 'Selecionar',
  'selection.select': 'Selecionar {title}',
  'selection.count': { one: '{count} selecionada', many: '{count} selecionadas', other: '{count} selecionadas' },
  'selection.count-loaded': { one: '{count} selecionada, e a lista continua', many: '{count} selecionadas, e a lista continua', other: '{count} selecionadas, e a lista continua' },
  'selection.whole': 'Selecionar a lista inteira',
  'selection.most': { one: 'A primeira faixa está selecionada: não cabem mais na fila.', many: 'As primeiras {count} faixas estão selecionadas: não cabem mais na fila.', other: 'As primeiras {count} faixas estão selecionadas: não cabem mais na fila.' },
  'selection.more': 'Mais para a seleção',
  'selection.end': 'Encerrar a seleção',
  'favourite.all': 'Favoritar todas',
  'favourite.all-added': { one: '{count} faixa é favorita', many: '{count} de faixas são favoritas', other: '{count} faixas são favoritas' },
  'rating.open': 'Avaliar…',
  'rating.title': 'Avaliar {title}',
  'rating.value': { one: '{count} estrela', many: '{count} de estrelas', other: '{count} estrelas' },
  'rating.set': { one: 'Avaliada com {count} estrela', many: 'Avaliada com {count} de estrelas', other: 'Avaliada com {count} estrelas' },
  'rating.removed': 'A avaliação foi removida',
  'rating.remove': 'Remover a avaliação',
  'rating.done': 'Pronto',
  'menu.shuffle': 'Aleatório',
  'menu.open-album': 'Abrir o álbum',
  'menu.open-artist': 'Abrir o artista',
  'menu.open-playlist': 'Abrir a playlist',
  'menu.empty': 'Não há nada para tocar aqui.',
  'menu.edit-tags': 'Editar as tags'
}
