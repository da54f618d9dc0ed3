import type { playback as english } from '../en/playback.ts'
import type { Translation } from '../translation.ts'

export const playback: Translation<'pt-BR', typeof english> = {
  'playback.waiting': 'A conexão está lenta. Esperando a música…',
  'playback.press-play': 'O navegador pede um clique antes. Aperte tocar.',
  'playback.missing': 'O arquivo não está no servidor.',
  'playback.skipped': 'Não dá para tocar {title}. {reason}',
  'playback.elsewhere': 'Tocando em outra aba: {title}, de {artist}',
  'playback.take-over': 'Tocar aqui',
  'playback.slept': 'O timer encerrou a música. Boa noite.',
  'playback.options': 'Velocidade e timer para dormir',
  'playback.speed': 'Velocidade',
  'playback.speed-value': '{n} vezes',
  'playback.speed-hint': 'O tom não muda. Este navegador lembra a velocidade.',
  'playback.sleep': 'Timer para dormir',
  'playback.sleep-off': 'Desligado',
  'playback.sleep-minutes': { one: 'Em {count} minuto', many: 'Em {count} de minutos', other: 'Em {count} minutos' },
  'playback.sleep-track': 'No fim da faixa',
  'playback.sleep-queue': 'No fim da fila',
  'playback.sleep-left': { one: 'Acaba em {count} minuto', many: 'Acaba em {count} de minutos', other: 'Acaba em {count} minutos' }
}
