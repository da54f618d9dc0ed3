import type { queue as english } from '../en/queue.ts'
import type { Translation } from '../translation.ts'

export const queue: Translation<'pt-BR', typeof english> = {
  'queue.undo': 'Desfazer',
  'queue.undone': 'Desfeito',
  'queue.removed': '{title} saiu da fila',
  'queue.removed-many': { one: '{count} faixa saiu da fila', many: '{count} de faixas saíram da fila', other: '{count} faixas saíram da fila' },
  'queue.replaced': 'Uma nova fila está tocando',
  'queue.full': 'Cabem 10.000 faixas na fila. Tire algumas primeiro.',
  'queue.refused': 'O servidor não aceitou a última mudança da fila, e ela foi desfeita.',
  'queue.waiting': 'Sem conexão: o que você mudar aqui chega aos outros aparelhos quando a conexão voltar.',
  'queue.gone': 'Não está mais no acervo',
  'queue.awaited': 'Buscando a faixa…',
  'queue.tab-next': 'Fila',
  'queue.tab-heard': 'Ouvidas',
  'queue.heard-nothing': 'O que você ouvir aparece aqui.',
  'queue.from': 'De {name}',
  'queue.devices': 'Toca em',
  'queue.plays-on': 'Toca em {name}',
  'queue.this-browser': 'Este navegador',
  'queue.some-browser': 'Um navegador',
  'queue.plays-there': 'tocando',
  'queue.play-here': 'Tocar aqui',
  'queue.pause-there': 'Pausar em {name}',
  'queue.next-there': 'Próxima faixa em {name}',
  'queue.no-other': 'Entre em outro aparelho, e a música pode ir para lá.',
  'queue.devices-failed': 'Não dá para listar seus aparelhos agora.',
  'queue.taken': 'A música agora toca em outro aparelho.'
}
