import type { keys as english } from '../en/keys.ts'
import type { Translation } from '../translation.ts'

export const keys: Translation<'pt-BR', typeof english> = {
  'keys.title': 'Teclas',
  'keys.enabled': 'Teclas avulsas controlam o player',
  'keys.enabled-hint': 'Não enquanto você digita. Desligue se as teclas atrapalharem suas próprias ferramentas.',
  'keys.toggle': 'Tocar ou pausar',
  'keys.previous-next': 'Faixa anterior, próxima faixa',
  'keys.seek': 'Voltar, avançar 5 segundos',
  'keys.skip': 'Faixa anterior, próxima faixa',
  'keys.tenths': 'Ir para um décimo da faixa',
  'keys.mute': 'Desligar ou ligar o som',
  'keys.like': 'Favoritar a faixa que está tocando',
  'keys.shuffle': 'Aleatório',
  'keys.repeat': 'Repetir',
  'keys.queue': 'Mostrar ou esconder a fila',
  'keys.search': 'Busca',
  'keys.help': 'Esta lista',
  'keys.move': 'Mover uma linha da fila ou de uma playlist'
}
